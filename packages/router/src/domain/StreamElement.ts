/**
 * What a stream says. Interruptions are elements, not only log lines: a consumer that watches `…Events` knows at every moment whether it is
 * looking at a live market, at a hole, or at values read back afterwards.
 */
import type { MarketDataError } from "../errors/MarketDataError.ts";
import type { Candle } from "./Candle.ts";
import type { Market } from "./Market.ts";
import type { Orderbook } from "./Orderbook.ts";
import type { Channel } from "./Provenance.ts";
import type { Kind, Priority } from "./Question.ts";
import type { Ticker } from "./Ticker.ts";
import type { Trade } from "./Trade.ts";

/** One element's value per kind: a stream of trades carries single trades, a stream of candles single candles. */
export interface ElementOf {
  readonly ticker: Ticker;
  readonly orderbook: Orderbook;
  readonly trades: Trade;
  readonly candles: Candle;
}

/**
 * A value as it came: from the socket, or over REST while the socket is slow to speak or down. `snapshot` marks a state that was asked for, as
 * opposed to a change that was told.
 */
export interface Live<A> {
  readonly _tag: "Live";
  readonly market: Market;
  readonly value: A;
  readonly snapshot: boolean;
  readonly channel: Channel;
  /** A trade that came after a later one of its market had been given out. */
  readonly late: boolean;
  /** Wall clock at receipt, epoch milliseconds. */
  readonly receivedTimeMs: number;
}

/** Something that the socket did not bring, read back over REST. In its place in time, before the next `Live` of its market, unless `late`. */
export interface Recovered<A> {
  readonly _tag: "Recovered";
  readonly market: Market;
  readonly value: A;
  /** Found missing only after later ones of its market had been given out. */
  readonly late: boolean;
  readonly receivedTimeMs: number;
}

/** The link is down and a new one is being made. Values seen so far are not current any more. */
export interface Reconnecting {
  readonly _tag: "Reconnecting";
  /** 1 for the first attempt after a good link. */
  readonly attempt: number;
  readonly reason: string;
  readonly atMs: number;
}

/** The link is up again and the subscription was sent. */
export interface Resumed {
  readonly _tag: "Resumed";
  readonly downMs: number;
  readonly atMs: number;
}

/** Values of a market between two moments are missing and could not be read back. */
export interface Gap {
  readonly _tag: "Gap";
  readonly kind: Kind;
  readonly market: Market;
  /** Time of the last value before the hole, exchange time, epoch milliseconds. */
  readonly fromMs: number;
  /** Time of the first value after it. */
  readonly toMs: number;
  readonly reason: string;
}

/** Values this consumer was too slow for, since the last such element. Conflated ones were replaced by newer ones of the same market. */
export interface Dropped {
  readonly _tag: "Dropped";
  readonly count: number;
}

export type StreamElement<A> = Live<A> | Recovered<A> | Reconnecting | Resumed | Gap | Dropped;

/**
 * Who is handed elements in the very step in which they come. It must not throw. An object and not a function, because there may be very many of
 * them and a frame goes to each: what one needs then lies together in memory.
 */
export interface Watcher<A> {
  readonly take: (element: StreamElement<A>) => void;
}

/** Told of every element just before its consumer has it. */
export interface Noter<A> {
  readonly note: (element: StreamElement<A>) => void;
}

export interface StreamOptions {
  /** "fail" ends the stream of values with `StreamGap` at a hole; "skip" goes on. `…Events` streams only ever report it. Default "fail". */
  readonly onGap?: "fail" | "skip" | undefined;
  /** Elements held for a consumer that does not keep up; at least one per market. Default 4,096. */
  readonly bufferSize?: number | undefined;
  /** What happens beyond that. Default "conflate" for tickers and books, "fail" for trades and candles. */
  readonly overflow?: Overflow | undefined;
  /** Whose holes are read back first after an outage. Default "normal". */
  readonly priority?: Priority | undefined;
}

/** What of the past a stream of candles begins with: so many closed ones, or those from a window on. */
export type CandlesBefore = { readonly count: number } | { readonly from: Date | number | string };

export interface CandleStreamOptions extends StreamOptions {
  /**
   * Closed candles before the first live one, oldest first, read over REST or from what is kept, and joined to it without a gap or a repetition.
   * Live candles wait in the stream's buffer meanwhile. Default none.
   */
  readonly history?: CandlesBefore | undefined;
}

/**
 * - `conflate`: the newest of each market is kept, the rest is counted in `Dropped`. Tickers and books only.
 * - `fail`: what is held comes, then a `Gap` for the market that did not fit, then the stream fails with `SlowConsumer`.
 * - `drop_oldest`: the oldest leave and are counted in `Dropped`; of trades and candles a `Gap` for each market says what is missing.
 */
export type Overflow = "conflate" | "fail" | "drop_oldest";

/** A callback subscription's outcome is told by its handle, never thrown into the callback's caller. */
export type StreamFailure = MarketDataError;
