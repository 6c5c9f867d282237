/**
 * A question answered over REST, in as many requests as it takes: one for a ticker or a book, pages for many candles or trades (`tradePages.ts`). Which
 * tier asks, and whether anything is remembered, is the tiers' business.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { type Orderbook, trimOrderbook } from "../domain/Orderbook.ts";
import type { CandlesQuestion, OrderbookQuestion, Question, TickerQuestion } from "../domain/Question.ts";
import { DecodeError, type MarketDataError, NeverTraded } from "../errors/MarketDataError.ts";
import { Rest, type RestResult } from "../transport/RestCall.ts";
import { type RestCall, Venue } from "../transport/Venue.ts";
import { answered, type Asking, run } from "./asking.ts";
import * as CandleReader from "./candleReader.ts";
import type { AskOptions, TierAnswer } from "./Tier.ts";
import type { HistoryKeeper } from "./HistoryKeeper.ts";
import * as TradeHistory from "./tradeHistory.ts";
import { trades } from "./tradePages.ts";

export type RestAnswer = (question: Question, options: AskOptions) => Effect.Effect<TierAnswer, MarketDataError>;

export const make: Effect.Effect<RestAnswer, never, Rest | Venue | HistoryKeeper> = Effect.gen(function* () {
  const asking: Asking = {
    ...{ rest: yield* Rest, venue: yield* Venue, clock: yield* Clock.Clock },
    trades: yield* TradeHistory.make,
  };
  const readCandles = yield* CandleReader.make;
  return (question, options) => {
    switch (question.kind) {
      case "ticker":
        return ticker(asking, question, options);
      case "orderbook":
        return orderbook(asking, question, options);
      case "trades":
        return trades(asking, question);
      case "candles":
        return candles(asking, readCandles, question);
    }
  };
});

const ticker = Effect.fnUntraced(function* (asking: Asking, question: TickerQuestion, options: AskOptions) {
  const calls = asking.venue.tickers([question.market]);
  const result = yield* single(calls, (call) => run(asking, call, question, options.deadlineNanos));
  const row = yield* onlyRow(result, question);
  return answered(asking, result, row, row.timestampMs);
});

const orderbook = Effect.fnUntraced(function* (asking: Asking, question: OrderbookQuestion, options: AskOptions) {
  const calls = asking.venue.orderbooks([question.market], question.levels);
  const result = yield* single(calls, (call) => run(asking, call, question, options.deadlineNanos));
  const row: Orderbook = trimOrderbook(yield* onlyRow(result, question), question.levels);
  return answered(asking, result, row, row.timestampMs);
});

const candles = Effect.fnUntraced(function* (asking: Asking, read: CandleReader.CandleReader, question: CandlesQuestion) {
  const { first, keptRows, value } = yield* read(question);
  const lastMs = "covers" in value ? value.lastTradeTimeMs.at(-1) : value.at(-1)?.lastTradeTimeMs;
  const answer = answered(asking, first, value, lastMs ?? null);
  return first !== undefined && keptRows === 0 ? answer : { ...answer, kept: { rows: keptRows, isAll: first === undefined } };
});

/** A question about one market is one request; a venue that made none or several would be broken. */
const single = <A, B, E>(calls: ReadonlyArray<RestCall<A>>, run: (call: RestCall<A>) => Effect.Effect<B, E>): Effect.Effect<B, E> => {
  const [call] = calls;
  return call === undefined ? Effect.die(new Error("a venue made no request for one market")) : run(call);
};

/** The row of a question about one market: a rejected record is its error, and no record at all is one too. */
const onlyRow = <A>(result: RestResult<A>, { market }: Question): Effect.Effect<A, DecodeError | NeverTraded> => {
  const [row] = result.rows;
  if (row !== undefined) return Effect.succeed(row);
  if (result.untraded?.includes(market) === true) return Effect.fail(new NeverTraded({ market }));
  return Effect.fail(result.rejected[0] ?? new DecodeError({ stage: "answer", path: "", detail: "the list of rows is empty" }));
};
