/**
 * The tier that remembers REST answers: the stored answer while it is young enough for the question, else one request that all callers of
 * the same question share. How long an answer lives says `warmTraits.ts`: a range of closed windows for ever, the rest by its kind.
 *
 * A question with `realtime` is never answered from the store, only from a request that is under way: what is live is the hot store's.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { Cache, type WarmKey } from "../cache/Cache.ts";
import { asksColumns, asksNewest, type Question } from "../domain/Question.ts";
import type { MarketDataError } from "../errors/MarketDataError.ts";
import { RouterConfig } from "../RouterConfig.ts";
import type { RestAnswer } from "./restAnswer.ts";
import { type Tier, TierMiss } from "./Tier.ts";
import { traitsOf } from "./warmTraits.ts";

/** The tier, and the reading of a question that nobody has asked yet. */
export interface WarmTier extends Tier {
  /** Whether a reading was begun; `Cache.refreshWarm` says when not. Waits for nothing, never fails. */
  readonly readAhead: (question: Question) => Effect.Effect<boolean>;
}

export const make = (restAnswer: RestAnswer): Effect.Effect<WarmTier, never, Cache> =>
  Effect.gen(function* () {
    const cache = yield* Cache;
    const config = yield* RouterConfig;
    const clock = yield* Clock.Clock;

    /** Nobody waits for it: it is the last in the queue, and ends when a caller would not have waited longer. A trace of its own. */
    const refresh = (question: Question) =>
      Effect.suspend(() => {
        const { intent } = question;
        const deadlineNanos = clock.monotonicTimeNanosUnsafe() + BigInt(Math.round(intent.deadlineMs * 1e6));
        return restAnswer({ ...question, intent: { ...intent, priority: "low" } }, { deadlineNanos });
      }).pipe(Effect.withSpan("WarmRest.refresh", { root: true }));
    const traits = (question: Question) => ({ ...traitsOf(question, config.warmTtlMs), refresh: refresh(question) });

    return {
      name: "warm_cache_rest",
      readAhead: (question) => cache.refreshWarm(warmKeyOf(question), traits(question)),
      ask: Effect.fnUntraced(function* (question, options) {
        // Typed arrays cannot be kept from being written to: each caller has its own.
        if (asksColumns(question)) return yield* restAnswer(question, options);
        const askedNanos = clock.monotonicTimeNanosUnsafe();
        const { maxAgeMs, realtime } = question.intent;
        let began = false;
        const load = Effect.suspend(() => {
          began = true;
          return restAnswer(question, options);
        });
        // Less than no age: not even what came this very moment, for another caller.
        const asked = cache.warm(warmKeyOf(question), realtime ? -1 : maxAgeMs, load, traits(question));
        // A request that was joined ends with the time of whoever began it. Whoever joined and still has time asks once more.
        const { entry } = yield* Effect.catchIf(
          asked,
          (error) => !began && isOutOfTime(error) && clock.monotonicTimeNanosUnsafe() < options.deadlineNanos,
          () => asked,
        );
        // The pages of a request that was joined late may be older than this caller accepts.
        const nowNanos = clock.monotonicTimeNanosUnsafe();
        const { value } = entry;
        const lastsMs = lastsMsOf(question, entry.lifeMs);
        if (value.confirmedNanos < askedNanos && Number(nowNanos - value.confirmedNanos) / 1e6 > lastsMs) {
          return yield* new TierMiss({ reason: "too_old" });
        }
        return value;
      }),
    };
  });

/**
 * How old an answer may be for a question. A range that is over by now takes any age, because it cannot change any more; but an answer from before may
 * have been given when it still could, and then has the life that it was given.
 */
export const lastsMsOf = (question: Question, lifeMs: number): number => {
  const isRange = question.kind === "candles" ? question.toMs !== null : question.kind === "trades" && !asksNewest(question);
  return isRange ? Math.min(question.intent.maxAgeMs, Math.max(lifeMs, 0)) : question.intent.maxAgeMs;
};

const isOutOfTime = (error: MarketDataError): boolean =>
  (error._tag === "TimeoutError" && error.phase === "deadline") || (error._tag === "RateLimited" && error.scope === "local");

/**
 * Everything that shapes the answer, and nothing that does not: two callers with different patience share one entry. Columns have no entry: they are the
 * same rows, and are not kept.
 */
export const warmKeyOf = (question: Question): WarmKey => {
  const { kind, market } = question;
  switch (question.kind) {
    case "ticker":
      return { kind, market, parts: [] };
    case "orderbook":
      return { kind, market, parts: [String(question.levels)] };
    case "trades":
      return { kind, market, parts: [String(question.count), question.before ?? "newest", String(question.fromMs), String(question.toMs)] };
    case "candles":
      return {
        kind,
        market,
        parts: [question.interval, String(question.count), String(question.fromMs), String(question.toMs), question.forming, question.fill],
      };
  }
};
