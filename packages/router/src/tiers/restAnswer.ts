/**
 * A question answered over REST, in as many requests as it takes: one for a ticker or a book, pages for many candles or trades (`tradePages.ts`). Which
 * tier asks, and whether anything is remembered, is the tiers' business.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type { Candle } from "../domain/Candle.ts";
import { type Orderbook, trimOrderbook } from "../domain/Orderbook.ts";
import type { CandlesQuestion, OrderbookQuestion, Question, TickerQuestion } from "../domain/Question.ts";
import { DecodeError, type MarketDataError } from "../errors/MarketDataError.ts";
import { Rest, type RestResult } from "../transport/RestCall.ts";
import { type RestCall, Venue } from "../transport/Venue.ts";
import { answered, type Asking, pageDeadline, run, whole } from "./asking.ts";
import * as CandleHistory from "./candleHistory.ts";
import { CandleReading, maxPages, type Wanted } from "./candlePages.ts";
import { ColumnReading } from "./columnReading.ts";
import type { AskOptions, TierAnswer } from "./Tier.ts";
import * as TradeHistory from "./tradeHistory.ts";
import { trades } from "./tradePages.ts";

export type RestAnswer = (question: Question, options: AskOptions) => Effect.Effect<TierAnswer, MarketDataError>;

export const make: Effect.Effect<RestAnswer, never, Rest | Venue | Scope.Scope> = Effect.gen(function* () {
  const asking: Asking = {
    ...{ rest: yield* Rest, venue: yield* Venue, clock: yield* Clock.Clock },
    ...{ history: yield* CandleHistory.make, trades: yield* TradeHistory.make },
  };
  return Effect.fn("RestAnswer.ask")((question: Question, options: AskOptions): Effect.Effect<TierAnswer, MarketDataError> => {
    switch (question.kind) {
      case "ticker":
        return ticker(asking, question, options);
      case "orderbook":
        return orderbook(asking, question, options);
      case "trades":
        return trades(asking, question);
      case "candles":
        return candles(asking, question);
    }
  });
});

const ticker = Effect.fnUntraced(function* (asking: Asking, question: TickerQuestion, options: AskOptions) {
  const calls = asking.venue.tickers([question.market]);
  const result = yield* single(calls, (call) => run(asking, call, question, options.deadlineNanos));
  const row = yield* onlyRow(result);
  return answered(asking, result, row, row.timestampMs);
});

const orderbook = Effect.fnUntraced(function* (asking: Asking, question: OrderbookQuestion, options: AskOptions) {
  const calls = asking.venue.orderbooks([question.market], question.levels);
  const result = yield* single(calls, (call) => run(asking, call, question, options.deadlineNanos));
  const row: Orderbook = trimOrderbook(yield* onlyRow(result), question.levels);
  return answered(asking, result, row, row.timestampMs);
});

const candles = Effect.fnUntraced(function* (asking: Asking, question: CandlesQuestion) {
  const { clock, venue } = asking;
  const { reading, kept, keep } = readerOf(asking, question);
  const bound = maxPages(question, venue.paging.candles, clock.currentTimeMillisUnsafe());
  let first: RestResult<Candle> | undefined;
  let keptRows = 0;
  for (let wanted = reading.next(); wanted !== undefined && reading.asked < bound; wanted = reading.next()) {
    const taken = wanted.toMs === undefined ? undefined : yield* kept(wanted.toMs);
    if (taken !== undefined) {
      keptRows += taken;
      continue;
    }
    const result: RestResult<Candle> = yield* candlePage(asking, question, wanted);
    first = first ?? result;
    const fromMs = reading.page(result.rows) ?? (result.rows.length === 0 ? question.fromMs : null);
    // Down to its oldest row a page is all there is; an empty one says that there is nothing, as far as anybody asked.
    const complete = { fromMs: fromMs ?? Number.POSITIVE_INFINITY, toMs: wanted.toMs ?? Number.POSITIVE_INFINITY };
    // Final by both clocks: one of them that is ahead would freeze a window that is still open.
    yield* keep(result.rows, complete, Math.min(result.exchangeNowMs, result.receivedMs));
  }
  // An exchange that keeps sending short pages would make the answer short without a word.
  if (reading.next() !== undefined) {
    const detail = `${reading.asked} pages brought only ${reading.rows} candles`;
    return yield* new DecodeError({ stage: "answer", path: "", detail });
  }
  const value = reading.result(first?.exchangeNowMs ?? clock.currentTimeMillisUnsafe());
  const lastMs = "covers" in value ? value.lastTradeTimeMs.at(-1) : value.at(-1)?.lastTradeTimeMs;
  const answer = answered(asking, first, value, lastMs ?? null);
  return first !== undefined && keptRows === 0 ? answer : { ...answer, kept: { rows: keptRows, isAll: first === undefined } };
});

/** A reading of rows or of columns, and how it takes in what is kept below a moment: so many rows, or undefined where nothing is. */
interface Reader {
  readonly reading: CandleReading | ColumnReading;
  readonly kept: (toMs: number) => Effect.Effect<number | undefined>;
  readonly keep: CandleHistory.CandleHistory["keep"];
}

const readerOf = ({ venue, history }: Asking, question: CandlesQuestion): Reader => {
  const kept = history(venue.id, question);
  const { keep } = kept;
  if (question.columns === true) {
    const reading = new ColumnReading(question, venue.paging.candles);
    return { reading, keep, kept: (toMs) => taking(kept.columnsBelow(question, toMs), reading) };
  }
  const reading = new CandleReading(question, venue.paging.candles);
  return { reading, keep, kept: (toMs) => taking(kept.below(question, toMs), reading) };
};

const taking = <A extends { readonly length: number }>(
  found: Effect.Effect<CandleHistory.Stretch<A> | undefined>,
  reading: { readonly kept: (all: A, fromMs: number) => void },
): Effect.Effect<number | undefined> =>
  Effect.map(found, (stretch) => {
    if (stretch !== undefined) reading.kept(stretch.all, stretch.fromMs);
    return stretch?.all.length;
  });

const candlePage = (asking: Asking, question: CandlesQuestion, { count, toMs }: Wanted) =>
  Effect.gen(function* () {
    // A bound in the future is the present; what it means on the wire is not documented.
    const isFuture = toMs !== undefined && toMs > asking.clock.currentTimeMillisUnsafe();
    const query = { count, toMs: isFuture ? undefined : toMs };
    const call = yield* Effect.fromResult(asking.venue.candles(question.market, question.interval, query));
    return yield* Effect.flatMap(run(asking, call, question, pageDeadline(asking, question)), whole);
  });

/** A question about one market is one request; a venue that made none or several would be broken. */
const single = <A, B, E>(calls: ReadonlyArray<RestCall<A>>, run: (call: RestCall<A>) => Effect.Effect<B, E>): Effect.Effect<B, E> => {
  const [call] = calls;
  return call === undefined ? Effect.die(new Error("a venue made no request for one market")) : run(call);
};

/** The row of a question about one market: a rejected record is its error, and no record at all is one too. */
const onlyRow = <A>(result: RestResult<A>): Effect.Effect<A, DecodeError> => {
  const [row] = result.rows;
  if (row !== undefined) return Effect.succeed(row);
  return Effect.fail(result.rejected[0] ?? new DecodeError({ stage: "answer", path: "", detail: "the list of rows is empty" }));
};
