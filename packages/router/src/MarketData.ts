/**
 * ★ Start here. The one service an application uses: market data by name, with its origin, whatever channel it came over.
 *
 * Every call refuses bad input before it uses the network, and fails only with the union of `MarketDataError`. The functions below the
 * service (`getTicker`, …) are the same calls for people who like `yield* getTicker("KRW-BTC")`.
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import type { Alert } from "./alerts/Alert.ts";
import type { CandleColumnsOptions, CandlesOptions, OrderbookOptions, RollingOptions, TickerOptions, TradesOptions } from "./ask.ts";
import type { CoveredColumns } from "./domain/CandleColumns.ts";
import type { Answer, Answers } from "./domain/Answer.ts";
import type { Bar, BarCorrection, BarElement, BarMarkets, BarOptions } from "./domain/Bar.ts";
import type { Candle } from "./domain/Candle.ts";
import type { MarketInfo } from "./domain/Market.ts";
import type { ModeChange } from "./domain/Mode.ts";
import type { Quote } from "./domain/Quote.ts";
import type { Orderbook } from "./domain/Orderbook.ts";
import type { Kind } from "./domain/Question.ts";
import type { CandleStreamOptions, ElementOf, StreamElement, StreamOptions } from "./domain/StreamElement.ts";
import type { Ticker } from "./domain/Ticker.ts";
import type { Trade } from "./domain/Trade.ts";
import type { MarketDataError } from "./errors/MarketDataError.ts";
import type { Explanation, QuestionSpec } from "./explain.ts";
import type { Guard, GuardError, GuardOptions } from "./guard.ts";
import type { LiveMetrics } from "./health/LiveMetrics.ts";
import type { HealthReport } from "./HealthReport.ts";
import type { Delta } from "./stream/Delta.ts";

/** One market gives an `Answer`; a list gives `{ answers, failures }`, in the order asked. */
export interface Ask<A, Options> {
  (market: string, options?: Options): Effect.Effect<Answer<A>, MarketDataError>;
  (markets: ReadonlyArray<string>, options?: Options): Effect.Effect<Answers<A>, MarketDataError>;
}

/** One market or several. */
export type Markets = string | ReadonlyArray<string>;

export interface MarketsOptions {
  /** Only markets priced in this currency. */
  readonly quote?: string | undefined;
  /** Also read tick sizes and order book levels: one or more requests beyond the list itself (true). */
  readonly instruments?: boolean | undefined;
}

/** A callback subscription. */
export interface CallbackSubscription {
  readonly id: string;
  readonly status: () => CallbackStatus;
  /**
   * Waits until the exchange has spoken of every key, or confirmed it in its list of what is subscribed. Fails with what ended the subscription,
   * or at once when the link breaks meanwhile; the subscription itself goes on over reconnects.
   */
  readonly ready: Effect.Effect<void, MarketDataError>;
  /** Ends it. Idempotent. */
  readonly unsubscribe: Effect.Effect<void>;
}

export interface CallbackStatus {
  readonly state: "running" | "ended" | "failed";
  /** Elements handed over. */
  readonly delivered: number;
  /** Calls that threw. The stream went on. */
  readonly callbackErrors: number;
  readonly error: MarketDataError | null;
}

/** What a callback subscription may carry; candles need an interval and have a stream of their own. */
export type CallbackKind = Exclude<Kind, "candles">;
export type CallbackElement = {
  readonly [K in CallbackKind]: { readonly kind: K; readonly element: StreamElement<ElementOf[K]> };
}[CallbackKind];

export class MarketData extends Context.Service<
  MarketData,
  {
    /** The state of a market: last price and the day's figures. */
    readonly getTicker: Ask<Ticker, TickerOptions>;
    /** The order book, 15 levels per side unless said otherwise. */
    readonly getOrderbook: Ask<Orderbook, OrderbookOptions>;
    /** The newest trades, oldest first. */
    readonly getTrades: (market: string, options?: TradesOptions) => Effect.Effect<Answer<ReadonlyArray<Trade>>, MarketDataError>;
    /** Candles of any interval and number, oldest first. */
    readonly getCandles: (
      market: string,
      interval: string,
      options?: CandlesOptions,
    ) => Effect.Effect<Answer<ReadonlyArray<Candle>>, MarketDataError>;
    /**
     * Closed candles as typed arrays, oldest first, for research over many: no object for a candle, numbers as their nearest doubles. What is kept comes
     * from the store, the rest from the exchange; nothing within `covers` is missing, and a window without a row had no trade.
     */
    readonly getCandleColumns: (
      market: string,
      interval: string,
      options?: CandleColumnsOptions,
    ) => Effect.Effect<Answer<CoveredColumns>, MarketDataError>;
    /** Every market of the venue, with warnings and tick sizes. */
    readonly getMarkets: (options?: MarketsOptions) => Effect.Effect<ReadonlyArray<MarketInfo>, MarketDataError>;

    /** Values as they come. A hole that cannot be healed fails the stream, unless `onGap: "skip"`. */
    readonly streamTicker: (markets: Markets, options?: StreamOptions & RollingOptions) => Stream.Stream<Ticker, MarketDataError>;
    readonly streamOrderbook: (
      markets: Markets,
      options?: StreamOptions & { readonly levels?: number },
    ) => Stream.Stream<Orderbook, MarketDataError>;
    readonly streamTrades: (markets: Markets, options?: StreamOptions) => Stream.Stream<Trade, MarketDataError>;
    readonly streamCandles: (markets: Markets, interval: string, options?: CandleStreamOptions) => Stream.Stream<Candle, MarketDataError>;
    /** The same with reconnects, recoveries, gaps and drops as elements. */
    readonly streamTickerEvents: (
      markets: Markets,
      options?: StreamOptions & RollingOptions,
    ) => Stream.Stream<StreamElement<Ticker>, MarketDataError>;
    readonly streamOrderbookEvents: (
      markets: Markets,
      options?: StreamOptions & { readonly levels?: number },
    ) => Stream.Stream<StreamElement<Orderbook>, MarketDataError>;
    readonly streamTradesEvents: (markets: Markets, options?: StreamOptions) => Stream.Stream<StreamElement<Trade>, MarketDataError>;
    readonly streamCandlesEvents: (
      markets: Markets,
      interval: string,
      options?: CandleStreamOptions,
    ) => Stream.Stream<StreamElement<Candle>, MarketDataError>;
    /**
     * The bar clock: one element for each window, a moment after its end, with the closed candle of every market in it and which markets are empty
     * or unproved; corrections as they become known. Made from the markets' trades, without a request of its own. Intervals up to a day.
     */
    readonly streamBars: (
      markets: BarMarkets,
      interval: string,
      options?: BarOptions,
    ) => Stream.Stream<Bar | BarCorrection, MarketDataError>;
    /** The same with reconnects and gaps as elements. */
    readonly streamBarsEvents: (markets: BarMarkets, interval: string, options?: BarOptions) => Stream.Stream<BarElement, MarketDataError>;
    /** Tickers as changes: a market's whole value first, then only the fields that differ. `Delta.apply` puts them together again. */
    readonly streamTickerDeltas: (markets: Markets, options?: StreamOptions) => Stream.Stream<Delta<"ticker">, MarketDataError>;
    /** Books as changes: whole first, then only the levels that differ. */
    readonly streamOrderbookDeltas: (
      markets: Markets,
      options?: StreamOptions & { readonly levels?: number },
    ) => Stream.Stream<Delta<"orderbook">, MarketDataError>;
    /**
     * Calls back with every element until unsubscribed or this layer closes, in the very step in which its frame comes: nothing is quicker, and nothing
     * is dropped. While the callback runs, the socket and all other subscribers wait; one that has much to do should only note the element. A callback
     * that throws is counted; the feed goes on.
     */
    readonly subscribe: (
      markets: Markets,
      kinds: ReadonlyArray<CallbackKind>,
      callback: (element: CallbackElement) => void,
    ) => Effect.Effect<CallbackSubscription, MarketDataError>;

    /**
     * A quote fit for an order at this moment (the ticker, the best bid and ask, their provenance), or `TradeRefused` with the reason: too old,
     * crossed, one-sided, too wide, the wrong mode, made up, or not to be had.
     */
    readonly guard: Guard;

    /** How a question would be answered, and why, without asking anyone. */
    readonly explain: (question: QuestionSpec) => Effect.Effect<Explanation, MarketDataError>;
    /** Mode, link, limits and tiers as they stand. */
    readonly health: Effect.Effect<HealthReport>;
    /** What the live side counts: changes, failures, messages and lag by key, links, consumers, healing. */
    readonly liveMetrics: Effect.Effect<LiveMetrics>;
    readonly modeChanges: Stream.Stream<ModeChange>;
    /** What a person should know: each trouble when it begins and when it is over. */
    readonly alerts: Stream.Stream<Alert>;
    /** Every metric in Prometheus text form. */
    readonly metrics: Effect.Effect<string>;
  }
>()("@naru/router/MarketData") {}

/** Asks one market, or a list, for its ticker. */
export const getTicker: {
  (market: string, options?: TickerOptions): Effect.Effect<Answer<Ticker>, MarketDataError, MarketData>;
  (markets: ReadonlyArray<string>, options?: TickerOptions): Effect.Effect<Answers<Ticker>, MarketDataError, MarketData>;
} = ask((data) => data.getTicker);

/** Asks one market, or a list, for its order book. */
export const getOrderbook: {
  (market: string, options?: OrderbookOptions): Effect.Effect<Answer<Orderbook>, MarketDataError, MarketData>;
  (markets: ReadonlyArray<string>, options?: OrderbookOptions): Effect.Effect<Answers<Orderbook>, MarketDataError, MarketData>;
} = ask((data) => data.getOrderbook);

export const getTrades = (market: string, options?: TradesOptions) => MarketData.use((data) => data.getTrades(market, options));

export const getCandles = (market: string, interval: string, options?: CandlesOptions) =>
  MarketData.use((data) => data.getCandles(market, interval, options));

export const getCandleColumns = (market: string, interval: string, options?: CandleColumnsOptions) =>
  MarketData.use((data) => data.getCandleColumns(market, interval, options));

export const getMarkets = (options?: MarketsOptions) => MarketData.use((data) => data.getMarkets(options));

export const streamTicker = (markets: Markets, options?: StreamOptions & RollingOptions) =>
  stream((data) => data.streamTicker(markets, options));

export const streamOrderbook = (markets: Markets, options?: StreamOptions & { readonly levels?: number }) =>
  stream((data) => data.streamOrderbook(markets, options));

export const streamTrades = (markets: Markets, options?: StreamOptions) => stream((data) => data.streamTrades(markets, options));

export const streamCandles = (markets: Markets, interval: string, options?: CandleStreamOptions) =>
  stream((data) => data.streamCandles(markets, interval, options));

export const streamTickerEvents = (markets: Markets, options?: StreamOptions & RollingOptions) =>
  stream((data) => data.streamTickerEvents(markets, options));

export const streamOrderbookEvents = (markets: Markets, options?: StreamOptions & { readonly levels?: number }) =>
  stream((data) => data.streamOrderbookEvents(markets, options));

export const streamTradesEvents = (markets: Markets, options?: StreamOptions) =>
  stream((data) => data.streamTradesEvents(markets, options));

export const streamCandlesEvents = (markets: Markets, interval: string, options?: CandleStreamOptions) =>
  stream((data) => data.streamCandlesEvents(markets, interval, options));

export const streamBars = (markets: BarMarkets, interval: string, options?: BarOptions) =>
  stream((data) => data.streamBars(markets, interval, options));

export const streamBarsEvents = (markets: BarMarkets, interval: string, options?: BarOptions) =>
  stream((data) => data.streamBarsEvents(markets, interval, options));

export const streamTickerDeltas = (markets: Markets, options?: StreamOptions) =>
  stream((data) => data.streamTickerDeltas(markets, options));

export const streamOrderbookDeltas = (markets: Markets, options?: StreamOptions & { readonly levels?: number }) =>
  stream((data) => data.streamOrderbookDeltas(markets, options));

export const subscribe = (markets: Markets, kinds: ReadonlyArray<CallbackKind>, callback: (element: CallbackElement) => void) =>
  MarketData.use((data) => data.subscribe(markets, kinds, callback));

export const guard = (market: string, options?: GuardOptions): Effect.Effect<Quote, GuardError, MarketData> =>
  MarketData.use((data) => data.guard(market, options));

export const explain = (question: QuestionSpec) => MarketData.use((data) => data.explain(question));

export const health: Effect.Effect<HealthReport, never, MarketData> = MarketData.use((data) => data.health);

export const liveMetrics: Effect.Effect<LiveMetrics, never, MarketData> = MarketData.use((data) => data.liveMetrics);

export const modeChanges: Stream.Stream<ModeChange, never, MarketData> = stream((data) => data.modeChanges);

export const alerts: Stream.Stream<Alert, never, MarketData> = stream((data) => data.alerts);

export const metrics: Effect.Effect<string, never, MarketData> = MarketData.use((data) => data.metrics);

function stream<A, E>(f: (data: MarketData["Service"]) => Stream.Stream<A, E>): Stream.Stream<A, E, MarketData> {
  return Stream.unwrap(MarketData.useSync(f));
}

/** The two forms of a call, for one market and for a list, are the service's own; the cast only puts the service into the requirements. */
function ask<A, Options>(method: (data: MarketData["Service"]) => Ask<A, Options>) {
  const call = (markets: Markets, options?: Options) =>
    MarketData.use((data): Effect.Effect<unknown, MarketDataError> => {
      const get = method(data);
      return typeof markets === "string" ? get(markets, options) : get(markets, options);
    });
  return call as {
    (market: string, options?: Options): Effect.Effect<Answer<A>, MarketDataError, MarketData>;
    (markets: ReadonlyArray<string>, options?: Options): Effect.Effect<Answers<A>, MarketDataError, MarketData>;
  };
}
