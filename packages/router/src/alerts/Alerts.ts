/**
 * Watches the ledger and tells people what is worth it. In good times it does nothing at all: trouble wakes it, within the step in which it is written
 * down, and while something is open it looks again every five seconds.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as PubSub from "effect/PubSub";
import * as Queue from "effect/Queue";
import * as Stream from "effect/Stream";
import type { ErrorHealth } from "../health/ErrorLog.ts";
import { Health } from "../health/HealthLedger.ts";
import { type HostFacts, HostProbe, type HostProbeShape, nothingKnown } from "../health/HostProbe.ts";
import { labelled } from "../health/labelled.ts";
import { LiveLedger } from "../health/LiveLedger.ts";
import * as Metrics from "../health/Metrics.ts";
import { type OutcomeSummary, windowMs } from "../health/OutcomeWindow.ts";
import { isIncident } from "../domain/Mode.ts";
import { RouterConfig } from "../RouterConfig.ts";
import { Venue } from "../transport/Venue.ts";
import { startWorker, Workers } from "../transport/Workers.ts";
import type { Alert } from "./Alert.ts";
import { AlertBook, type Told } from "./AlertBook.ts";
import { AlertSinks, deliveryTo } from "./AlertSink.ts";
import { type Finding, findingsOf } from "./rules.ts";

/** Alerts kept for whoever asks later, and for a reader that falls behind. */
const kept = 100;
/** How often to look while something is open, and at most while trouble keeps coming, in milliseconds. */
const openEveryMs = 5_000;
const troubleEveryMs = 100;

export class Alerts extends Context.Service<
  Alerts,
  {
    /** Alerts from now on. A reader that falls a hundred behind loses the oldest. */
    readonly stream: Stream.Stream<Alert>;
    /** The last hundred, oldest first. */
    readonly recent: () => ReadonlyArray<Alert>;
    /** What somebody else found, in place of what the same one found before. */
    readonly report: (who: string, findings: ReadonlyArray<Finding>) => void;
  }
>()("@naru/router/alerts/Alerts") {
  static readonly layer: Layer.Layer<Alerts, never, Health | LiveLedger | Venue> = Layer.effect(
    Alerts,
    Effect.suspend(() => make),
  );
}

const make = Effect.gen(function* () {
  const clock = yield* Clock.Clock;
  const health = yield* Health;
  const { decoding } = yield* LiveLedger;
  const { id: venue, simulated } = yield* Venue;
  const { alertCoolDownMs, hostEveryMs } = yield* RouterConfig;
  const probe = yield* HostProbe;
  const workers = yield* Workers;
  const context = yield* Effect.context<never>();
  const countAlert = labelled(Metrics.alerts, context);
  const countDelivery = labelled(Metrics.alertDeliveries, context);
  const deliveries = yield* Effect.forEach(yield* AlertSinks, (sink) =>
    deliveryTo(sink, (name, outcome) => countDelivery(1, name, outcome)),
  );

  const book = new AlertBook(alertCoolDownMs);
  const recent: Array<Alert> = [];
  const told = yield* PubSub.sliding<Alert>(kept);
  const wake = yield* Queue.sliding<void>(1);
  const reported = new Map<string, ReadonlyArray<Finding>>();
  let host = nothingKnown;
  let seen: Seen = { isIncident: false, calmSinceMs: Number.NEGATIVE_INFINITY, calls: health.calls(0), errors: [] };
  /** Something was found that may end by itself, or be due to be told. What others report ends by their word. */
  let isOpen = false;

  const look = (): void => {
    const nowMs = Number(clock.monotonicTimeNanosUnsafe()) / 1e6;
    const last = health.modes().at(-1);
    const mode = last?.to ?? "normal";
    seen = seenAt(health, seen, isIncident(mode), nowMs);
    const findings = findingsOf({
      mode,
      modeReason: last?.reason ?? "",
      calls: seen.calls,
      errors: seen.errors,
      host,
      workers: workers.troubles(nowMs),
      ...{ history: health.history(), decoding: decoding.health(nowMs) },
    });
    isOpen = findings.length > 0;
    for (const one of book.found([...findings, ...[...reported.values()].flat()], nowMs)) {
      const alert: Alert = { ...alertAt(one, nowMs, clock.currentTimeMillisUnsafe()), venue, simulated };
      recent.push(alert);
      if (recent.length > kept) recent.shift();
      countAlert(1, alert.rule, alert.state);
      PubSub.publishUnsafe(told, alert);
      for (const deliver of deliveries) deliver(alert);
    }
  };

  const trouble = (): void => void Queue.offerUnsafe(wake, undefined);
  const stops = [health.watch(trouble), workers.watch(trouble), decoding.watch(trouble)];
  yield* Effect.addFinalizer(() => Effect.sync(() => stops.forEach((stop) => stop())));

  const watching = Effect.gen(function* () {
    const woken = Queue.take(wake);
    yield* isOpen ? Effect.timeoutOption(woken, openEveryMs) : woken;
    look();
    yield* Effect.sleep(troubleEveryMs);
  });
  yield* startWorker("alerts", Effect.forever(watching), { startImmediately: true });

  yield* watchHost(probe, hostEveryMs, (facts) => {
    host = facts;
    trouble();
  });

  return Alerts.of({
    stream: Stream.fromPubSub(told),
    recent: () => [...recent],
    report: (who, findings) => {
      if (findings.length === 0) reported.delete(who);
      else reported.set(who, findings);
      trouble();
    },
  });
});

const alertAt = ({ finding, state, sinceMs }: Told, nowMs: number, atMs: number) => ({
  ...finding,
  state,
  sinceMs: Math.round(atMs - (nowMs - sinceMs)),
  atMs,
});

/** Looks at the machine now and again, where there is anything to be seen. */
const watchHost = (probe: HostProbeShape, everyMs: number, saw: (facts: HostFacts) => void) =>
  probe.knows
    ? startWorker(
        "watch over the machine",
        Effect.forever(
          Effect.flatMap(probe.read, (facts) => {
            saw(facts);
            return Effect.sleep(everyMs);
          }),
        ),
        { startImmediately: true },
      )
    : Effect.void;

/** How calls and errors looked outside incidents. */
interface Seen {
  readonly isIncident: boolean;
  /** When the last incident was over, monotonic milliseconds. */
  readonly calmSinceMs: number;
  readonly calls: OutcomeSummary;
  readonly errors: ReadonlyArray<ErrorHealth>;
}

/** The ledger counts by slots of this length, in milliseconds: the one in which an incident ended is still its own. */
const slotMs = 5_000;

/**
 * An incident is told once, by its mode: that calls fail meanwhile, and failed until a moment ago, is no second trouble. What was told before it
 * stays until it is over.
 */
const seenAt = (health: Health["Service"], before: Seen, incident: boolean, nowMs: number): Seen => {
  if (incident) return { ...before, isIncident: true };
  const calmSinceMs = before.isIncident ? nowMs : before.calmSinceMs;
  const calls = health.calls(Math.min(windowMs, Math.max(0, nowMs - calmSinceMs - slotMs)));
  return { isIncident: false, calmSinceMs, calls, errors: health.errors() };
};
