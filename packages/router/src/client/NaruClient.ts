/**
 * The door for people without Effect: promises, async iterables, and errors that are thrown. It is the same service behind it; nothing is
 * easier here, only spelt differently. The types of this file name no Effect type.
 */
import type { Alert } from "../alerts/Alert.ts";
import type { CandleColumnsOptions, CandlesOptions, OrderbookOptions, RollingOptions, TickerOptions, TradesOptions } from "../ask.ts";
import type { CoveredColumns } from "../domain/CandleColumns.ts";
import type { Answer, Answers } from "../domain/Answer.ts";
import type { Bar, BarCorrection, BarElement, BarMarkets, BarOptions } from "../domain/Bar.ts";
import type { Candle } from "../domain/Candle.ts";
import type { MarketInfo } from "../domain/Market.ts";
import type { ModeChange } from "../domain/Mode.ts";
import type { Orderbook } from "../domain/Orderbook.ts";
import type { CandleStreamOptions, StreamElement, StreamOptions } from "../domain/StreamElement.ts";
import type { Ticker } from "../domain/Ticker.ts";
import type { Trade } from "../domain/Trade.ts";
import type { Quote } from "../domain/Quote.ts";
import type { Explanation, QuestionSpec } from "../explain.ts";
import type { GuardOptions } from "../guard.ts";
import type { LiveMetrics } from "../health/LiveMetrics.ts";
import type { HealthReport } from "../HealthReport.ts";
import type { Delta, DeltaKind, Held } from "../stream/Delta.ts";
import type { CallbackElement, CallbackKind, CallbackStatus, Markets, MarketsOptions } from "../MarketData.ts";

export interface AskPromise<A, Options> {
  (market: string, options?: Options): Promise<Answer<A>>;
  (markets: ReadonlyArray<string>, options?: Options): Promise<Answers<A>>;
}

export interface OrderbookStreamOptions extends StreamOptions {
  readonly levels?: number;
}

/** A callback subscription of this door. */
export interface ClientSubscription {
  readonly id: string;
  /** How it stands now. What ends it (an unknown market, a client that was closed) is told here, for the callback is only given elements. */
  readonly status: () => CallbackStatus;
  /** Resolves when the exchange has spoken of every key or confirmed it; rejects with what ended the subscription, or when the link breaks. */
  readonly ready: () => Promise<void>;
  /** Ends it. Idempotent, also after the client was closed. */
  readonly unsubscribe: () => Promise<void>;
}

/**
 * One living client: one socket and one set of limits. Rejections are the tagged errors of this library, to be told apart by `_tag`.
 * `await using` closes it; so does `close()`, which may be called twice.
 */
export interface NaruClient extends AsyncDisposable {
  readonly getTicker: AskPromise<Ticker, TickerOptions>;
  readonly getOrderbook: AskPromise<Orderbook, OrderbookOptions>;
  readonly getTrades: (market: string, options?: TradesOptions) => Promise<Answer<ReadonlyArray<Trade>>>;
  readonly getCandles: (market: string, interval: string, options?: CandlesOptions) => Promise<Answer<ReadonlyArray<Candle>>>;
  /** Closed candles as typed arrays, for research over many. */
  readonly getCandleColumns: (market: string, interval: string, options?: CandleColumnsOptions) => Promise<Answer<CoveredColumns>>;
  readonly getMarkets: (options?: MarketsOptions) => Promise<ReadonlyArray<MarketInfo>>;
  readonly streamTicker: (markets: Markets, options?: StreamOptions & RollingOptions) => AsyncIterable<Ticker>;
  readonly streamOrderbook: (markets: Markets, options?: OrderbookStreamOptions) => AsyncIterable<Orderbook>;
  readonly streamTrades: (markets: Markets, options?: StreamOptions) => AsyncIterable<Trade>;
  readonly streamCandles: (markets: Markets, interval: string, options?: CandleStreamOptions) => AsyncIterable<Candle>;
  readonly streamTickerEvents: (markets: Markets, options?: StreamOptions & RollingOptions) => AsyncIterable<StreamElement<Ticker>>;
  readonly streamOrderbookEvents: (markets: Markets, options?: OrderbookStreamOptions) => AsyncIterable<StreamElement<Orderbook>>;
  readonly streamTradesEvents: (markets: Markets, options?: StreamOptions) => AsyncIterable<StreamElement<Trade>>;
  readonly streamCandlesEvents: (markets: Markets, interval: string, options?: CandleStreamOptions) => AsyncIterable<StreamElement<Candle>>;
  /** One element for each window, a moment after its end, with every market's closed candle; corrections as they become known. */
  readonly streamBars: (markets: BarMarkets, interval: string, options?: BarOptions) => AsyncIterable<Bar | BarCorrection>;
  readonly streamBarsEvents: (markets: BarMarkets, interval: string, options?: BarOptions) => AsyncIterable<BarElement>;
  readonly streamTickerDeltas: (markets: Markets, options?: StreamOptions) => AsyncIterable<Delta<"ticker">>;
  readonly streamOrderbookDeltas: (markets: Markets, options?: OrderbookStreamOptions) => AsyncIterable<Delta<"orderbook">>;
  /** What is held of a market after a delta. Throws a `DeltaMismatch` when some in between are missing: the stream is to be started anew. */
  readonly applyDelta: <K extends DeltaKind>(held: Held<K> | undefined, delta: Delta<K>) => Held<K>;
  /**
   * Calls back with every element until unsubscribed, in the very step in which its frame comes: nothing is quicker, and nothing is dropped. While the
   * callback runs, the socket and all other subscribers wait; one that has much to do should only note the element. One that throws is counted.
   */
  readonly subscribe: (
    markets: Markets,
    kinds: ReadonlyArray<CallbackKind>,
    callback: (element: CallbackElement) => void,
  ) => Promise<ClientSubscription>;
  /** A quote fit for an order at this moment; rejects with `TradeRefused` and its `reason` otherwise. */
  readonly guard: (market: string, options?: GuardOptions) => Promise<Quote>;
  readonly explain: (question: QuestionSpec) => Promise<Explanation>;
  readonly health: () => Promise<HealthReport>;
  /** What the live side counts, as plain data. */
  readonly liveMetrics: () => Promise<LiveMetrics>;
  readonly modeChanges: () => AsyncIterable<ModeChange>;
  /** What a person should know: each trouble when it begins and when it is over. */
  readonly alerts: () => AsyncIterable<Alert>;
  /** Every metric in Prometheus text form. */
  readonly metrics: () => Promise<string>;
  /** Ends streams, closes the socket, gives everything back. Calls after it reject with `Closed`. Idempotent. */
  readonly close: () => Promise<void>;
}
