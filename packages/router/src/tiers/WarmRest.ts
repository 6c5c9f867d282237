/**
 * The tier that remembers REST answers: the stored answer while it is young enough for the question, else one request that all callers of
 * the same question share. Questions about closed history are answered from it until the entry's time is up; nothing newer can exist.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { Cache, type WarmKey } from "../cache/Cache.ts";
import { asksColumns, type Question } from "../domain/Question.ts";
import type { MarketDataError } from "../errors/MarketDataError.ts";
import { RouterConfig } from "../RouterConfig.ts";
import type { RestAnswer } from "./restAnswer.ts";
import { type Tier, type TierAnswer, TierMiss } from "./Tier.ts";

export const make = (restAnswer: RestAnswer): Effect.Effect<Tier, never, Cache> =>
  Effect.gen(function* () {
    const cache = yield* Cache;
    const config = yield* RouterConfig;
    const clock = yield* Clock.Clock;
    return {
      name: "warm_cache_rest",
      ask: Effect.fn("WarmRest.ask")(function* (question, options) {
        // Typed arrays cannot be kept from being written to: each caller has its own.
        if (asksColumns(question)) return yield* restAnswer(question, options);
        const askedNanos = clock.monotonicTimeNanosUnsafe();
        const maxAgeMs = Math.min(config.warmTtlMs[question.kind], question.intent.maxAgeMs);
        let began = false;
        const load = Effect.suspend(() => {
          began = true;
          return restAnswer(question, options);
        });
        const asked = cache.warm(warmKeyOf(question), maxAgeMs, load, confirmedNanos);
        // A request that was joined ends with the time of whoever began it. Whoever joined and still has time asks once more.
        const { entry } = yield* Effect.catchIf(
          asked,
          (error) => !began && isOutOfTime(error) && clock.monotonicTimeNanosUnsafe() < options.deadlineNanos,
          () => asked,
        );
        // The pages of a request that was joined late may be older than this caller accepts.
        const nowNanos = clock.monotonicTimeNanosUnsafe();
        const { value } = entry;
        if (value.confirmedNanos < askedNanos && Number(nowNanos - value.confirmedNanos) / 1e6 > question.intent.maxAgeMs) {
          return yield* new TierMiss({ reason: "too_old" });
        }
        return value;
      }),
    };
  });

const confirmedNanos = (answer: TierAnswer): bigint => answer.confirmedNanos;

const isOutOfTime = (error: MarketDataError): boolean =>
  (error._tag === "TimeoutError" && error.phase === "deadline") || (error._tag === "RateLimited" && error.scope === "local");

/** Everything that shapes the answer, and nothing that does not: two callers with different patience share one entry. */
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
