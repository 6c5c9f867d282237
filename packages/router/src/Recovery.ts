/**
 * What the mode wants done by itself, done: probes when they are due, the steps of the way back, and the direct socket's watch over the active
 * markets while the router is out. One fiber; when to wake is the machine's word (`ModeControl.due`).
 *
 * A probe is a question for one ticker that no cache may answer, with a price above zero and an exchange time that is young, or as old as the
 * exchange itself gives it. A router that fails one while the direct client does not is the one that is broken: it is built afresh, and asked again.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import * as References from "effect/References";
import * as Result from "effect/Result";
import { ActiveMarkets } from "./direct/ActiveMarkets.ts";
import { DirectRest } from "./direct/DirectRest.ts";
import { DirectSocket } from "./direct/DirectSocket.ts";
import { type Market, parseMarket } from "./domain/Market.ts";
import { isIncident } from "./domain/Mode.ts";
import type { ResolvedIntent, TickerQuestion } from "./domain/Question.ts";
import { sameKeys, type StreamKey } from "./domain/StreamKey.ts";
import type { Ticker } from "./domain/Ticker.ts";
import type { MarketDataError } from "./errors/MarketDataError.ts";
import { ModeControl } from "./fallback/ModeControl.ts";
import { Health } from "./health/HealthLedger.ts";
import { RouterConfig } from "./RouterConfig.ts";
import { type Instance, RouterSide } from "./RouterSide.ts";
import { Signal } from "./transport/Signal.ts";
import { startWorker } from "./transport/Workers.ts";

/** A limit or a breaker that refuses a probe is waited for, so often and so long at most, in milliseconds. */
const maxWaits = 4;
const maxWaitMs = 60_000;
/** How often the watch over the active markets is compared with what is active. */
const watchEveryMs = 1_000;

/** `good`, or what was wrong; `unknown` when the exchange does not have the market. */
type Verdict = "good" | "unknown" | { readonly wrong: string; readonly retryAfterMs: number | null };

export const layer: Layer.Layer<never, never, ModeControl | RouterSide | DirectRest | DirectSocket | ActiveMarkets | Health> =
  Layer.effectDiscard(Effect.suspend(() => run));

const run = Effect.gen(function* () {
  const control = yield* ModeControl;
  const clock = yield* Clock.Clock;
  const { noSuccessMs } = yield* RouterConfig;
  const wake = new Signal();
  const watch = yield* makeWatch;
  const probe = yield* makeProbe;
  control.onChange(() => {
    watch.look();
    wake.notify();
  });
  const nowMs = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6;

  const turn = Effect.gen(function* () {
    watch.look();
    const { atMs, isProbe } = control.due();
    const left = atMs - nowMs();
    // The first call makes something due that was not, and wakes nobody: it is due no sooner than this.
    if (left > 0) return yield* wake.waitAtMost(Math.min(left, isIncident(control.mode()) ? watchEveryMs : noSuccessMs));
    if (isProbe) return yield* probe;
    yield* control.tell("due", "a step of the recovery is over without a failure");
  });
  yield* startWorker("recovery", Effect.forever(turn));
  watch.look();
});

/** The direct socket watches what is active while an incident is on, and nothing else. */
const makeWatch = Effect.gen(function* () {
  const control = yield* ModeControl;
  const socket = yield* DirectSocket;
  const active = yield* ActiveMarkets;
  let watched: ReadonlyArray<StreamKey> = [];
  const look = (): void => {
    const wanted = isIncident(control.mode()) ? active.keys() : [];
    if (sameKeys(wanted, watched)) return;
    watched = wanted;
    socket.watch(wanted);
  };
  return { look };
});

const makeProbe = Effect.gen(function* () {
  const control = yield* ModeControl;
  const side = yield* RouterSide;
  const rest = yield* DirectRest;
  const active = yield* ActiveMarkets;
  const health = yield* Health;
  const config = yield* RouterConfig;
  const clock = yield* Clock.Clock;

  const question = (market: Market): TickerQuestion => ({ kind: "ticker", market, intent: intentOf(config.probeTimeoutMs) });
  const direct = (market: Market) => {
    const deadlineNanos = clock.monotonicTimeNanosUnsafe() + BigInt(Math.round(config.probeTimeoutMs * 1e6));
    return Effect.map(rest.ask(question(market), deadlineNanos), ({ value }) => value as Ticker);
  };

  /** Old is wrong only where the exchange itself has something newer. */
  const judged = Effect.fnUntraced(function* (market: Market, ticker: Ticker) {
    if (!(ticker.price.number > 0)) return wrong(`a price of ${ticker.price.toString()}`);
    const ageMs = clock.currentTimeMillisUnsafe() - ticker.timestampMs;
    if (Math.abs(ageMs) <= config.probeMaxAgeMs) return "good";
    const newer = yield* Effect.option(direct(market));
    return Option.isSome(newer) && newer.value.timestampMs > ticker.timestampMs ? wrong(`a ticker ${Math.round(ageMs)} ms old`) : "good";
  });

  const asked = (instance: Instance, market: Market): Effect.Effect<Verdict> =>
    instance.asker.probe(question(market)).pipe(
      Effect.timeoutOption(config.probeTimeoutMs),
      Effect.exit,
      Effect.flatMap((exit): Effect.Effect<Verdict> => {
        if (Exit.isFailure(exit)) return Effect.succeed(verdictOf(Option.getOrUndefined(Exit.findErrorOption(exit))));
        const answer = Option.getOrUndefined(exit.value);
        if (answer === undefined) return Effect.succeed(wrong(`no answer within ${config.probeTimeoutMs} ms`));
        if (answer.provenance.stale) return Effect.succeed(wrong(`an old value: ${answer.provenance.staleReason ?? ""}`));
        return judged(market, answer.value as Ticker);
      }),
    );

  const named = Result.getOrUndefined(parseMarket(config.probeMarket));
  const markets = (): ReadonlyArray<Market> => [...new Set([named, active.last()].filter((market) => market !== undefined))];

  const ofRouter = Effect.fnUntraced(function* (instance: Instance) {
    let verdict: Verdict = wrong("no market to ask for");
    for (const market of markets()) {
      verdict = yield* asked(instance, market);
      // Our own limit, or a breaker that is about to look for itself, is no answer about the router.
      for (let waits = 0; waits < maxWaits && typeof verdict === "object" && verdict.retryAfterMs !== null; waits++) {
        yield* Effect.sleep(Math.min(maxWaitMs, verdict.retryAfterMs + 1));
        verdict = yield* asked(instance, market);
      }
      if (verdict !== "unknown") break;
    }
    // An exchange that says that it has no such market, or no trade in it, was reached.
    return verdict === "unknown" ? "good" : verdict;
  });

  const isExchangeGood = Effect.suspend(() => {
    const [market] = markets();
    return market === undefined
      ? Effect.succeed(false)
      : Effect.isSuccess(Effect.catchTag(Effect.asVoid(direct(market)), ["MarketUnknown", "NeverTraded"], () => Effect.void));
  });

  const probe = Effect.gen(function* () {
    const before = side.current();
    let verdict: Verdict = before === undefined ? wrong("there is no router") : yield* ofRouter(before);
    if (verdict !== "good" && (before === undefined || (isIncident(control.mode()) && (yield* isExchangeGood)))) {
      const fresh = yield* side.renew(`a probe failed: ${reasonOf(verdict)}`);
      if (fresh !== undefined) verdict = yield* ofRouter(fresh);
    }
    health.probed(verdict === "good" ? "good" : "bad");
    yield* verdict === "good"
      ? control.tell("probeGood", "a probe was answered")
      : control.tell("probeBad", `a probe failed: ${reasonOf(verdict)}`);
  });
  return Effect.suspend(() => {
    const { logLevel } = control.monitoring();
    return logLevel === null ? probe : Effect.provideService(probe, References.MinimumLogLevel, logLevel);
  });
});

const intentOf = (deadlineMs: number): ResolvedIntent => ({
  maxAgeMs: 0,
  deadlineMs,
  priority: "high",
  realtime: false,
  strategy: "rest_only",
  context: "research",
  onStale: "fail",
});

const wrong = (reason: string, retryAfterMs: number | null = null): Verdict => ({ wrong: reason, retryAfterMs });

const reasonOf = (verdict: Verdict): string => (typeof verdict === "object" ? verdict.wrong : verdict);

const verdictOf = (error: MarketDataError | undefined): Verdict => {
  if (error === undefined) return wrong("it crashed");
  if (error._tag === "MarketUnknown" || error._tag === "NeverTraded") return "unknown";
  const waits = error._tag === "CircuitOpen" || (error._tag === "RateLimited" && error.scope === "local");
  return wrong(`${error._tag}: ${error.message}`, waits ? error.retryAfterMs : null);
};
