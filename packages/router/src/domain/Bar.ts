/**
 * A bar: one window of many markets, told once, a moment after its end. It says of every market that is followed whether it traded, did not, or
 * is not known for sure; what turns out otherwise later comes as a correction that names the same window.
 */
import type { Candle } from "./Candle.ts";
import type { Interval } from "./Interval.ts";
import type { Market } from "./Market.ts";
import type { Priority } from "./Question.ts";
import type { Gap, Reconnecting, Resumed } from "./StreamElement.ts";

/** A market of which nothing is claimed in a window, and why. */
export interface Unproved {
  readonly market: Market;
  readonly reason: string;
}

interface Window {
  readonly interval: Interval;
  /** Start of the window, epoch milliseconds, UTC grid. */
  readonly openTimeMs: number;
  /** Its end, exclusive: the boundary. */
  readonly closeTimeMs: number;
  /** Markets that traded. */
  readonly candles: ReadonlyArray<Candle>;
  /** Markets that did not, which is proved as well. */
  readonly empty: ReadonlyArray<Market>;
  /** Markets whose trades may not have come whole: no candle is shown of them. */
  readonly unproved: ReadonlyArray<Unproved>;
}

/** Every market that is followed is in exactly one of the three lists. Its candles are `closed`, with the proof `trades`. */
export interface Bar extends Window {
  readonly _tag: "Bar";
  /** How long after the boundary it was made, milliseconds, as far as the exchange's clock is known here. */
  readonly delayMs: number;
}

/**
 * What is otherwise than it was told, and nothing else. A candle is `closed` where the market was unproved until now, and `corrected` where
 * something else was told of it. A market that was told and is `unproved` here lost its proof: trades of its window are missing for good.
 */
export interface BarCorrection extends Window {
  readonly _tag: "BarCorrection";
}

/** What a stream of bars says. A gap tells of bars that were not made, or trades that could not be had any more. */
export type BarElement = Bar | BarCorrection | Reconnecting | Resumed | Gap;

/** The markets named, or every market priced in a currency, new ones included. */
export type BarMarkets = { readonly markets: string | ReadonlyArray<string> } | { readonly quote: string };

export interface BarOptions {
  /** Elements held for a consumer that does not keep up; one more, and the stream fails with `SlowConsumer` after those. Default 256. */
  readonly bufferSize?: number | undefined;
  /** Whose holes are read back first after an outage. Default "normal". */
  readonly priority?: Priority | undefined;
}

export const isBar = (element: BarElement): element is Bar | BarCorrection => element._tag === "Bar" || element._tag === "BarCorrection";
