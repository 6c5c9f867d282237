/**
 * All that the rules of one market need, as one stream: tickers, trades and candles of three lengths, live, and the candles of before, read
 * over REST. All of it stays on the one socket of the app, however many markets there are; to leave a market, end its stream.
 *
 * History is read a moment after the streams began, when REST has closed every window that had ended by then: one that ends while both are
 * starting comes twice rather than not at all, and the timeline knows it.
 */
import {
  type Candle,
  getCandles,
  type MarketData,
  type MarketDataError,
  type StreamElement,
  streamCandlesEvents,
  streamTickerEvents,
  streamTradesEvents,
  type Ticker,
  type Trade,
} from "@naru/router";
import { Effect, Stream } from "effect";
import { type CandleFeed, candleFeeds, historyCount } from "./feeds.ts";

export type Input =
  | { readonly feed: "ticker"; readonly element: StreamElement<Ticker> }
  | { readonly feed: "trades"; readonly element: StreamElement<Trade> }
  | { readonly feed: CandleFeed; readonly element: StreamElement<Candle> }
  | { readonly feed: "history"; readonly candles: ReadonlyArray<Candle> };

/** A closed window may be missing over REST for two seconds after its end. */
const historyAfter = "3 seconds";

export const inputs = (market: string): Stream.Stream<Input, MarketDataError, MarketData> =>
  Stream.mergeAll(
    [
      streamTickerEvents(market).pipe(Stream.map((element): Input => ({ feed: "ticker", element }))),
      streamTradesEvents(market).pipe(Stream.map((element): Input => ({ feed: "trades", element }))),
      ...candleFeeds.map((feed) => streamCandlesEvents(market, feed).pipe(Stream.map((element): Input => ({ feed, element })))),
      Stream.fromEffect(Effect.delay(history(market), historyAfter)),
    ],
    { concurrency: "unbounded" },
  );

const history = (market: string): Effect.Effect<Input, MarketDataError, MarketData> =>
  Effect.map(
    Effect.forEach(candleFeeds, (feed) => getCandles(market, feed, { count: historyCount[feed], forming: "exclude" })),
    (answers) => ({ feed: "history", candles: answers.flatMap(({ value }) => value) }),
  );
