/**
 * Calls in their two forms, for one market and for a list. A list is every market on its own, all at once: one bad market never spoils the
 * rest, and the batch tier brings the questions together again.
 */
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import type { Asker } from "./Asker.ts";
import type { Answer, Answers, ValueOf } from "./domain/Answer.ts";
import type { Kind, Question } from "./domain/Question.ts";
import { InvalidRequest, type MarketDataError } from "./errors/MarketDataError.ts";
import type { Ask, Markets } from "./MarketData.ts";

/** Markets one call may name. */
const maxMarkets = 1_000;

type Checked<K extends Kind> = Result.Result<Extract<Question, { readonly kind: K }>, InvalidRequest>;

/** One checked question. The asker answers a kind with that kind's value. */
export const one = <K extends Kind>(asker: Asker, question: Checked<K>, markets = 1): Effect.Effect<Answer<ValueOf[K]>, MarketDataError> =>
  Effect.flatMap(
    Effect.fromResult(question),
    (checked) => asker.ask(checked, markets) as Effect.Effect<Answer<ValueOf[K]>, MarketDataError>,
  );

/** A call in its two forms. The cast joins them under one overloaded name; each branch is checked by itself. */
export const oneOrMany = <K extends Kind, Options>(
  asker: Asker,
  question: (market: string, options: Options) => Checked<K>,
  defaults: Options,
): Ask<ValueOf[K], Options> =>
  ((markets: Markets, options: Options = defaults) =>
    typeof markets === "string"
      ? one(asker, question(markets, options))
      : many(asker, markets, (market) => question(market, options))) as Ask<ValueOf[K], Options>;

const many = <K extends Kind>(
  asker: Asker,
  markets: ReadonlyArray<string>,
  question: (market: string) => Checked<K>,
): Effect.Effect<Answers<ValueOf[K]>, MarketDataError> => {
  if (markets.length === 0) return Effect.fail(new InvalidRequest({ field: "market", input: "", reason: "is missing: the list is empty" }));
  if (markets.length > maxMarkets) {
    const reason = `are too many for one call; at most ${maxMarkets}`;
    return Effect.fail(new InvalidRequest({ field: "market", input: `${markets.length} markets`, reason }));
  }
  const each = Effect.forEach(markets, (market) => Effect.result(one(asker, question(market), markets.length)), {
    concurrency: "unbounded",
  });
  return Effect.map(each, (results) => ({
    answers: results.flatMap((result) => (Result.isSuccess(result) ? [result.success] : [])),
    failures: results.flatMap((result, index) =>
      Result.isFailure(result) ? [{ market: markets[index] ?? "", error: result.failure }] : [],
    ),
  }));
};
