/**
 * Calls in their two forms, for one market and for a list. A list is every market on its own, all at once: one bad market never spoils the
 * rest, and the batch tier brings the questions together again.
 */
import type * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { waitedAnswer } from "./answering.ts";
import type { Asker } from "./Asker.ts";
import type { Answer, Answers, ValueOf } from "./domain/Answer.ts";
import type { Kind, Question } from "./domain/Question.ts";
import { InvalidRequest, type MarketDataError } from "./errors/MarketDataError.ts";
import type { Ask, Markets } from "./MarketData.ts";

/** Markets one call may name. */
const maxMarkets = 1_000;

type Checked<K extends Kind> = Result.Result<Extract<Question, { readonly kind: K }>, InvalidRequest>;

/** One checked question. The asker answers a kind with that kind's value. */
export const one = <K extends Kind>(
  asker: Pick<Asker, "begin">,
  question: Checked<K>,
  markets = 1,
): Effect.Effect<Answer<ValueOf[K]>, MarketDataError> =>
  Effect.suspend(() =>
    Result.isSuccess(question)
      ? (asker.begin(question.success, markets) as Effect.Effect<Answer<ValueOf[K]>, MarketDataError>)
      : Effect.fail(question.failure),
  );

/** A call in its two forms. The cast joins them under one overloaded name; each branch is checked by itself. */
export const oneOrMany = <K extends Kind, Options>(
  asker: Pick<Asker, "begin">,
  question: (market: string, options: Options) => Checked<K>,
  defaults: Options,
): Ask<ValueOf[K], Options> =>
  ((markets: Markets, options: Options = defaults) =>
    typeof markets === "string"
      ? one(asker, question(markets, options))
      : many(asker, markets, (market) => question(market, options))) as Ask<ValueOf[K], Options>;

const many = <K extends Kind>(
  asker: Pick<Asker, "begin">,
  markets: ReadonlyArray<string>,
  question: (market: string) => Checked<K>,
): Effect.Effect<Answers<ValueOf[K]>, MarketDataError> => {
  if (markets.length === 0) return Effect.fail(new InvalidRequest({ field: "market", input: "", reason: "is missing: the list is empty" }));
  if (markets.length > maxMarkets) {
    const reason = `are too many for one call; at most ${maxMarkets}`;
    return Effect.fail(new InvalidRequest({ field: "market", input: `${markets.length} markets`, reason }));
  }
  return Effect.clockWith((clock) =>
    Effect.suspend(() => {
      const startedMs = monotonicMs(clock);
      const asked = (market: string) => {
        const checked = question(market);
        return Effect.map(Effect.result(one(asker, checked, markets.length)), (result) => ({ checked, result, atMs: monotonicMs(clock) }));
      };
      return Effect.map(Effect.forEach(markets, asked, { concurrency: "unbounded" }), (each) => {
        const endedMs = monotonicMs(clock);
        // The list comes when its slowest market has; what came before has grown older.
        const results = each.map(({ checked, result, atMs }) =>
          Result.isSuccess(result) && Result.isSuccess(checked)
            ? waitedAnswer(checked.success, result.success, { waitedMs: endedMs - atMs, callMs: endedMs - startedMs })
            : result,
        );
        return gathered(markets, results);
      });
    }),
  );
};

const gathered = <A>(markets: ReadonlyArray<string>, results: ReadonlyArray<Result.Result<Answer<A>, MarketDataError>>): Answers<A> => ({
  answers: results.flatMap((result) => (Result.isSuccess(result) ? [result.success] : [])),
  failures: results.flatMap((result, index) => (Result.isFailure(result) ? [{ market: markets[index] ?? "", error: result.failure }] : [])),
});

const monotonicMs = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe()) / 1e6;
