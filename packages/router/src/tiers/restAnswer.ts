/**
 * A question answered over REST, in as many requests as it takes: one for a ticker or a book, pages for many candles or trades. Which tier
 * asks, and whether anything is remembered, is the tiers' business.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import { type Orderbook, trimOrderbook } from "../domain/Orderbook.ts";
import type { CandlesQuestion, OrderbookQuestion, Question, TickerQuestion, TradesQuestion } from "../domain/Question.ts";
import type { Trade } from "../domain/Trade.ts";
import { DecodeError, type MarketDataError } from "../errors/MarketDataError.ts";
import { Rest, type RestResult } from "../transport/RestCall.ts";
import { type RestCall, Venue } from "../transport/Venue.ts";
import * as CandleReader from "./candleReader.ts";
import type { AskOptions, TierAnswer } from "./Tier.ts";

/** UTC days before today whose trades exchanges keep. */
const tradeDays = 7;

export type RestAnswer = (question: Question, options: AskOptions) => Effect.Effect<TierAnswer, MarketDataError>;

export const make: Effect.Effect<RestAnswer, never, Rest | Venue | Scope.Scope> = Effect.gen(function* () {
  const asking: Asking = { rest: yield* Rest, venue: yield* Venue, clock: yield* Clock.Clock, candles: yield* CandleReader.make };
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

interface Asking {
  readonly rest: Rest["Service"];
  readonly venue: Venue["Service"];
  readonly clock: Clock.Clock;
  readonly candles: Effect.Success<typeof CandleReader.make>;
}

/** One request of a question, about its market only. */
const run = <A extends { readonly market: string }>({ rest }: Asking, call: RestCall<A>, question: Question, deadlineNanos: bigint) =>
  rest.run(call, { priority: question.intent.priority, deadlineNanos, expects: (row) => row.market === question.market });

/** Every page has the whole deadline: a long history may take its time, a stuck page may not. */
const pageDeadline = ({ clock }: Asking, question: Question): bigint =>
  clock.monotonicTimeNanosUnsafe() + BigInt(Math.round(question.intent.deadlineMs * 1e6));

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

const trades = Effect.fnUntraced(function* (asking: Asking, question: TradesQuestion) {
  const { venue } = asking;
  const rows = new Map<string, Trade>();
  let before = question.before;
  let daysAgo: number | undefined;
  let first: RestResult<Trade> | undefined;
  const pages = Math.ceil(question.count / venue.paging.trades) + 1 + tradeDays;
  for (let page = 0; page < pages && rows.size < question.count; page++) {
    const count = Math.min(question.count - rows.size, venue.paging.trades);
    const call = yield* Effect.fromResult(venue.trades(question.market, { count, before, daysAgo }));
    const result: RestResult<Trade> = yield* Effect.flatMap(run(asking, call, question, pageDeadline(asking, question)), whole);
    first = first ?? result;
    const known = rows.size;
    for (const row of result.rows) rows.set(row.id, row);
    before = result.rows.at(-1)?.id ?? before;
    if (rows.size > known) continue;
    // Nothing older in this UTC day: the day before may hold more, as far back as the exchange keeps them.
    daysAgo = (daysAgo ?? 0) + 1;
    if (daysAgo > tradeDays) break;
  }
  const oldestFirst = [...rows.values()].reverse();
  return answered(asking, first, oldestFirst, oldestFirst.at(-1)?.tradeTimeMs ?? null);
});

const candles = Effect.fnUntraced(function* (asking: Asking, question: CandlesQuestion) {
  const { first, keptRows, rows } = yield* asking.candles(question);
  const answer = answered(asking, first, rows, rows.at(-1)?.lastTradeTimeMs ?? null);
  return first !== undefined && keptRows === 0 ? answer : { ...answer, kept: { rows: keptRows, isAll: first === undefined } };
});

/** The first page saw the market's present; later ones only reach back. */
const answered = (
  { clock }: Asking,
  result: RestResult<unknown> | undefined,
  value: unknown,
  exchangeTimeMs: number | null,
): TierAnswer => {
  const receivedNanos = result?.receivedNanos ?? clock.monotonicTimeNanosUnsafe();
  return {
    value,
    channel: "rest",
    exchangeTimeMs,
    receivedNanos,
    receivedMs: result?.receivedMs ?? clock.currentTimeMillisUnsafe(),
    confirmedNanos: receivedNanos,
    exchangeNowMs: result?.exchangeNowMs,
  };
};

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

/** A page of history must be whole: a missing row in the middle would look like a quiet window. */
const whole = <A>(result: RestResult<A>): Effect.Effect<RestResult<A>, DecodeError> => {
  const [rejected] = result.rejected;
  return rejected === undefined ? Effect.succeed(result) : Effect.fail(rejected);
};
