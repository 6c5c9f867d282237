/**
 * Candles of one series as columns of typed arrays, for research over many of them: a hundred thousand rows without an object each. Numbers are the
 * nearest doubles; whoever needs the exact ones reads rows.
 */
import type { Interval } from "../domain/Interval.ts";
import type { Market } from "../domain/Market.ts";

/** The columns of numbers, in the order in which they are stored. */
export const decimalColumns = ["open", "high", "low", "close", "volume", "value"] as const;
export type DecimalColumn = (typeof decimalColumns)[number];

export interface CandleColumns extends Readonly<Record<DecimalColumn, Float64Array>> {
  readonly market: Market;
  readonly interval: Interval;
  /** Rows. Every array is as long. */
  readonly length: number;
  /** Starts of the windows, epoch milliseconds, ascending. Windows without a trade have no row. */
  readonly openTimeMs: Float64Array;
  /** Times of the last trades, epoch milliseconds. */
  readonly lastTradeTimeMs: Float64Array;
}

/** Room for so many rows. */
export const makeColumns = (market: Market, interval: Interval, length: number): CandleColumns => {
  const column = () => new Float64Array(length);
  return {
    ...{ market, interval, length, openTimeMs: column(), lastTradeTimeMs: column() },
    ...{ open: column(), high: column(), low: column(), close: column(), volume: column(), value: column() },
  };
};

/** The memory behind columns, each piece once. */
export const buffersOf = (columns: CandleColumns): ReadonlyArray<ArrayBufferLike> => {
  const { openTimeMs, lastTradeTimeMs, open, high, low, close, volume, value } = columns;
  return [...new Set([openTimeMs, lastTradeTimeMs, open, high, low, close, volume, value].map(({ buffer }) => buffer))];
};

/** Rows `from` to `to`, exclusive, over the same memory. */
export const sliceColumns = (columns: CandleColumns, from: number, to: number): CandleColumns => {
  const { market, interval } = columns;
  const cut = (column: Float64Array) => column.subarray(from, to);
  const { openTimeMs, lastTradeTimeMs, open, high, low, close, volume, value } = columns;
  return {
    ...{ market, interval, length: Math.max(0, to - from), openTimeMs: cut(openTimeMs), lastTradeTimeMs: cut(lastTradeTimeMs) },
    ...{ open: cut(open), high: cut(high), low: cut(low), close: cut(close), volume: cut(volume), value: cut(value) },
  };
};
