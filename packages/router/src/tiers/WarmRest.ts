/**
 * The tier that remembers REST answers: the stored answer while it is young enough for the question, else one request that all callers of
 * the same question share. Questions about closed history are answered from it until the entry's time is up; nothing newer can exist.
 */
import * as Effect from "effect/Effect";
import { Cache, type WarmKey } from "../cache/Cache.ts";
import type { Question } from "../domain/Question.ts";
import { RouterConfig } from "../RouterConfig.ts";
import type { RestAnswer } from "./restAnswer.ts";
import type { Tier } from "./Tier.ts";

export const make = (restAnswer: RestAnswer): Effect.Effect<Tier, never, Cache> =>
  Effect.gen(function* () {
    const cache = yield* Cache;
    const config = yield* RouterConfig;
    return {
      name: "warm_cache_rest",
      ask: Effect.fn("WarmRest.ask")(function* (question, options) {
        const maxAgeMs = Math.min(config.warmTtlMs[question.kind], question.intent.maxAgeMs);
        const { entry } = yield* cache.warm(warmKeyOf(question), maxAgeMs, restAnswer(question, options));
        return entry.value;
      }),
    };
  });

/** Everything that shapes the answer, and nothing that does not: two callers with different patience share one entry. */
export const warmKeyOf = (question: Question): WarmKey => {
  const { kind, market } = question;
  switch (question.kind) {
    case "ticker":
      return { kind, market, parts: [] };
    case "orderbook":
      return { kind, market, parts: [String(question.levels)] };
    case "trades":
      return { kind, market, parts: [String(question.count), question.before ?? "newest"] };
    case "candles":
      return {
        kind,
        market,
        parts: [question.interval, String(question.count), String(question.fromMs), String(question.toMs), question.forming, question.fill],
      };
  }
};
