/**
 * The tier that answers from the live socket. For a key that already speaks it is a read of memory; for a question that asked for
 * `realtime` it subscribes and waits for the first element. A wait that runs out leaves the subscription in place, so a late element still
 * serves the next question.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type { Cache } from "../cache/Cache.ts";
import { TimeoutError } from "../errors/MarketDataError.ts";
import { RouterConfig } from "../RouterConfig.ts";
import { Subscriptions } from "../stream/Subscriptions.ts";
import { hotLookup } from "./HotCache.ts";
import { liveKeyOf } from "../domain/liveKey.ts";
import { type Tier, TierMiss } from "./Tier.ts";

export const make: Effect.Effect<Tier, never, Cache | Subscriptions> = Effect.gen(function* () {
  const subscriptions = yield* Subscriptions;
  const config = yield* RouterConfig;
  const clock = yield* Clock.Clock;
  const lookup = yield* hotLookup;
  return {
    name: "live_subscription",
    ask: Effect.fn("LiveSubscription.ask")(function* (question, { deadlineNanos }) {
      const key = liveKeyOf(question);
      if (key === undefined) return yield* new TierMiss({ reason: "not_streamable" });
      if (!subscriptions.isLive(key)) {
        if (!question.intent.realtime) return yield* new TierMiss({ reason: "not_live" });
        const leftMs = Number(deadlineNanos - clock.monotonicTimeNanosUnsafe()) / 1e6;
        // Half of what is left, so that a silent subscription still leaves REST its turn.
        const timeoutMs = Math.max(1, Math.min(config.firstElementMs, leftMs / 2));
        yield* subscriptions.wantForReads(key);
        yield* subscriptions.awaitLive(key).pipe(
          Effect.timeoutOrElse({
            duration: timeoutMs,
            orElse: () => Effect.fail(new TimeoutError({ phase: "first-frame", timeoutMs, detail: `${key.kind} ${key.market}` })),
          }),
        );
      }
      const held = lookup(question);
      if (held === undefined) return yield* new TierMiss({ reason: "absent" });
      const ageMs = Number(clock.monotonicTimeNanosUnsafe() - held.confirmedNanos) / 1e6;
      if (ageMs > question.intent.maxAgeMs) return yield* new TierMiss({ reason: "too_old" });
      return held;
    }),
  };
});
