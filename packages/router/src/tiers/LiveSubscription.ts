/**
 * The tier that answers from the live socket. For a key that already speaks it is a read of memory; for a question that asked for `realtime`,
 * or allows nothing but the socket, it subscribes and waits for the first element.
 *
 * The wait is one, on one subscription, told in attempts: each that ends without an element is written down with its cause. A wait that runs
 * out leaves the subscription in place, so a late element still serves the next question.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type { Cache } from "../cache/Cache.ts";
import { liveKeyOf } from "../domain/liveKey.ts";
import type { Question } from "../domain/Question.ts";
import type { StreamKey } from "../domain/StreamKey.ts";
import { type MarketDataError, TimeoutError } from "../errors/MarketDataError.ts";
import { Health } from "../health/HealthLedger.ts";
import { RouterConfig } from "../RouterConfig.ts";
import { Subscriptions } from "../stream/Subscriptions.ts";
import { attemptsWithin, type WaitCause, waitCauseOf } from "./firstElement.ts";
import { hotLookup } from "./HotCache.ts";
import { type AskOptions, type Tier, TierMiss } from "./Tier.ts";

export const make: Effect.Effect<Tier, never, Cache | Subscriptions | Health> = Effect.gen(function* () {
  const subscriptions = yield* Subscriptions;
  const clock = yield* Clock.Clock;
  const lookup = yield* hotLookup;
  const awaitFirst = yield* makeAwaitFirst;
  const health = yield* Health;
  return {
    name: "live_subscription",
    causeOf: waitCauseOf,
    ask: Effect.fnUntraced(function* (question, options) {
      const key = liveKeyOf(question);
      if (key === undefined) return yield* new TierMiss({ reason: "not_streamable" });
      const waits = !subscriptions.isLive(key);
      if (waits) {
        if (!question.intent.realtime && question.intent.strategy !== "websocket_only") return yield* new TierMiss({ reason: "not_live" });
        yield* awaitFirst(question, key, options);
      }
      const held = lookup(question);
      if (held === undefined) return yield* new TierMiss({ reason: "absent" });
      const ageMs = Number(clock.monotonicTimeNanosUnsafe() - held.confirmedNanos) / 1e6;
      if (ageMs > question.intent.maxAgeMs) {
        if (waits) health.waited("stale" satisfies WaitCause);
        return yield* new TierMiss({ reason: waits ? "stale: too_old" : "too_old" });
      }
      if (waits) health.waited("answered");
      return held;
    }),
  };
});

/** Subscribes to `key` and waits until it is live, for as many attempts as the caller's time allows. */
const makeAwaitFirst = Effect.gen(function* () {
  const subscriptions = yield* Subscriptions;
  const health = yield* Health;
  const config = yield* RouterConfig;
  const clock = yield* Clock.Clock;

  return Effect.fnUntraced(function* (question: Question, key: StreamKey, { deadlineNanos, missed }: AskOptions) {
    const leftMs = Number(deadlineNanos - clock.monotonicTimeNanosUnsafe()) / 1e6;
    // Half of what is left where REST has its turn after a silent subscription; all of it where nobody comes after.
    const boundMs = question.intent.strategy === "auto" ? leftMs / 2 : leftMs;
    // On a long or full line the last attempt is at least as long as the line asks for, and the others grow with it.
    const longest = Math.max(1, ...config.attemptDeadlinesMs);
    const slower = Math.max(1, (subscriptions.line()?.attemptDeadlinesMs.websocket ?? 0) / longest);
    const attempts = attemptsWithin(
      config.attemptDeadlinesMs.map((ms) => ms * slower),
      Math.max(1, boundMs),
    );

    const patience = Effect.gen(function* () {
      let waitedMs = 0;
      for (const [index, attemptMs] of attempts.entries()) {
        yield* Effect.sleep(attemptMs);
        waitedMs += attemptMs;
        if (index === attempts.length - 1) break;
        const cause: WaitCause = subscriptions.connected() ? "data" : "connection";
        health.waited(cause);
        missed?.(`${cause}: no first element in ${Math.round(attemptMs)} ms`);
      }
      return yield* new TimeoutError({ phase: "first-frame", timeoutMs: waitedMs, detail: `${key.kind} ${key.market}` });
    });

    const { priority, strategy } = question.intent;
    subscriptions.wantForReads(key, priority, strategy === "websocket_only");
    yield* Effect.raceFirst(subscriptions.awaitLive(key), patience).pipe(
      Effect.tapError((error: MarketDataError) => Effect.sync(() => health.waited(waitCauseOf(error)))),
    );
  });
});
