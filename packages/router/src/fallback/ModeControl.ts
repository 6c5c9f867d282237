/**
 * The owner of the mode: runs the machine of `FallbackMachine.ts`, tells its changes and what follows for the watch over the client, and takes a person's word for
 * it. It is told outcomes by whoever asks; it asks nobody itself. A change happens in the very step in which its cause is told, so a hundred calls
 * that fail at once are one change.
 *
 * Where nobody stands behind the router (`layer`), a call that it does not answer is lost; where the direct clients do (`layerWithDirect`), their
 * outcome decides, and the call is told here once they have been asked.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as PubSub from "effect/PubSub";
import * as Random from "effect/Random";
import * as Stream from "effect/Stream";
import { isIncident, levelOf, type Mode, type ModeChange } from "../domain/Mode.ts";
import { Health } from "../health/HealthLedger.ts";
import { RouterConfig } from "../RouterConfig.ts";
import { dueMs, initialMachine, isInShare, isProbeDue, type MachineEvent, type Override, routedShare, step } from "./FallbackMachine.ts";
import { type Monitoring, monitoringOf } from "./Monitoring.ts";

/** Who turned the switch, and why: kept, told in the status, and logged. */
export interface OverrideEntry {
  readonly override: Override;
  readonly by: string;
  readonly why: string;
  /** Wall clock, epoch milliseconds. */
  readonly atMs: number;
}

/** For people: what `naru fallback status` and health reports show. */
export interface ModeStatus {
  readonly mode: Mode;
  readonly level: number;
  /** Since when, wall clock, epoch milliseconds; null before the first change. */
  readonly sinceMs: number | null;
  readonly reason: string | null;
  readonly override: Override;
  /** Every word of a person so far, the newest last, at most 100. */
  readonly overrides: ReadonlyArray<OverrideEntry>;
  /** Times in a row that the router did not answer. */
  readonly failures: number;
  /** Milliseconds until a probe or the next step of the recovery; null when none is due. */
  readonly nextStepInMs: number | null;
  readonly monitoring: Monitoring;
}

const overridesKept = 100;
/** Changes a slow reader may be behind. */
const changesKept = 64;

export class ModeControl extends Context.Service<
  ModeControl,
  {
    readonly mode: () => Mode;
    readonly status: () => ModeStatus;
    /** What the chain of tiers has to say of a call; a call without an answer is judged when the direct client has been asked. */
    readonly routed: (outcome: "clean" | "patched" | "unanswered", reason: string) => Effect.Effect<void>;
    /** Tells the machine what happened. The mode has changed when this returns; the effect only logs. */
    /** A clean call in the mode `normal`, which changes no mode. Synchronous: it stands in the way of what memory answers. */
    readonly routedAtOnce: () => void;
    readonly tell: (event: Exclude<MachineEvent, "forceOn" | "forceOff" | "release">, reason: string) => Effect.Effect<void>;
    /** Whether this call, one more, asks the router first. Counts it. */
    readonly asksRouter: () => boolean;
    /** When a probe or a step is due, in monotonic milliseconds, infinity for never, and which of both. */
    readonly due: () => { readonly atMs: number; readonly isProbe: boolean };
    /** `on`: the direct clients answer until told otherwise. `off`: the router does, whatever happens. `auto`: the machine decides again. */
    readonly override: (to: Override, word: { readonly by: string; readonly why: string }) => Effect.Effect<OverrideEntry>;
    /** Every change from now on. A reader that falls 64 changes behind loses the oldest. */
    readonly modeChanges: Stream.Stream<ModeChange>;
    /** How closely things should be watched now. */
    readonly monitoring: () => Monitoring;
    readonly monitoringChanges: Stream.Stream<Monitoring>;
    /** Called synchronously after every change of mode and of {@link due}'s word, by whoever acts on it. For the life of the layer. */
    readonly onChange: (listener: () => void) => void;
  }
>()("@naru/router/fallback/ModeControl") {
  /** For a router by itself. */
  static readonly layer: Layer.Layer<ModeControl, never, Health> = Layer.effect(
    ModeControl,
    Effect.suspend(() => make(false)),
  );
  /** For a router with the direct clients behind it. */
  static readonly layerWithDirect: Layer.Layer<ModeControl, never, Health> = Layer.effect(
    ModeControl,
    Effect.suspend(() => make(true)),
  );
}

const make = Effect.fnUntraced(function* (hasDirect: boolean) {
  const timing = yield* RouterConfig;
  const clock = yield* Clock.Clock;
  const random = yield* Random.Random;
  const news = yield* makeNews;
  const overrides: Array<OverrideEntry> = [];
  let machine = initialMachine;
  let nth = 0;

  const nowMs = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6;

  const advance = (event: MachineEvent): void => {
    machine = step(machine, event, { nowMs: nowMs(), random01: random.nextDoubleUnsafe(), timing });
  };
  const tell = (event: MachineEvent, reason: string): Effect.Effect<void> => {
    const { mode: from } = machine;
    advance(event);
    return machine.mode === from ? Effect.void : news.changed(from, machine.mode, reason);
  };

  const override = (to: Override, { by, why }: { readonly by: string; readonly why: string }) =>
    Effect.suspend(() => {
      const entry: OverrideEntry = { override: to, by, why, atMs: clock.currentTimeMillisUnsafe() };
      overrides.push(entry);
      if (overrides.length > overridesKept) overrides.shift();
      const told = tell(to === "on" ? "forceOn" : to === "off" ? "forceOff" : "release", `${by}: ${why}`);
      // What is due may have changed though the mode did not.
      news.wake();
      return Effect.as(Effect.andThen(Effect.logWarning("the fallback was switched by hand", entry), told), entry);
    });

  const status = (): ModeStatus => {
    const inMs = dueMs(machine, timing) - nowMs();
    const { mode, override, failures } = machine;
    return {
      ...{ mode, override, failures, level: levelOf(mode), overrides: [...overrides] },
      sinceMs: news.last()?.atMs ?? null,
      reason: news.last()?.reason ?? null,
      nextStepInMs: Number.isFinite(inMs) ? Math.max(0, Math.round(inMs)) : null,
      monitoring: news.monitoring(machine.mode),
    };
  };

  return ModeControl.of({
    mode: () => machine.mode,
    status,
    routed: (outcome, reason) => {
      if (outcome !== "unanswered") return tell(outcome, reason);
      return hasDirect ? Effect.void : tell("lost", reason);
    },
    routedAtOnce: () => advance("clean"),
    tell,
    asksRouter: () => isInShare(routedShare(machine), nth++),
    due: () => ({ atMs: dueMs(machine, timing), isProbe: isProbeDue(machine) }),
    override,
    monitoring: () => news.monitoring(machine.mode),
    ...news.streams,
  });
});

/** Everything that a change of mode is told to: streams, listeners, the ledger and the log. */
const makeNews = Effect.gen(function* () {
  const health = yield* Health;
  const config = yield* RouterConfig;
  const clock = yield* Clock.Clock;
  const changes = yield* PubSub.sliding<ModeChange>(changesKept);
  const watched = yield* PubSub.sliding<Monitoring>(changesKept);
  const listeners: Array<() => void> = [];
  let last: ModeChange | undefined;
  let incidentMs: number | undefined;

  const wake = (): void => {
    for (const listener of listeners) listener();
  };
  const monitoring = (mode: Mode) => monitoringOf(mode, incidentMs ?? null, config);

  const changed = (from: Mode, to: Mode, reason: string): Effect.Effect<void> => {
    const change: ModeChange = { from, to, level: levelOf(to), atMs: clock.currentTimeMillisUnsafe(), reason };
    const sinceMs = incidentMs ?? change.atMs;
    incidentMs = isIncident(to) ? sinceMs : undefined;
    last = change;
    health.modeChanged(change);
    const watching = monitoring(to);
    wake();
    return Effect.uninterruptible(
      Effect.gen(function* () {
        yield* PubSub.publish(changes, change);
        if (watching.raised !== isIncident(from)) yield* PubSub.publish(watched, watching);
        yield* Effect.logWarning("mode changed", change);
      }),
    );
  };

  const streams = {
    modeChanges: Stream.fromPubSub(changes),
    monitoringChanges: Stream.fromPubSub(watched),
    onChange: (listener: () => void) => void listeners.push(listener),
  };
  return { changed, wake, monitoring, last: () => last, streams };
});
