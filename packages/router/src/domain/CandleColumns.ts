/**
 * Candles of one series as columns of typed arrays, for research over many of them: a hundred thousand rows without an object each. Numbers are the
 * nearest doubles; whoever needs the exact ones reads rows.
 */
import type { Candle } from "./Candle.ts";
import { type Interval, nextWindowStart } from "./Interval.ts";
import type { Market } from "./Market.ts";

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

/** Columns of a range in which nothing is missing. */
export interface CoveredColumns extends CandleColumns {
  /** From the first window, inclusive, to before the last, epoch milliseconds. A window in it that has no row had no trade. */
  readonly covers: { readonly fromMs: number; readonly toMs: number };
}

/** The starts of the windows in which nobody traded, ascending, epoch milliseconds. */
export const emptyWindows = ({ openTimeMs, interval, covers }: CoveredColumns): Float64Array => {
  const empty: Array<number> = [];
  let next = 0;
  for (let startMs = covers.fromMs; startMs < covers.toMs; startMs = nextWindowStart(interval, startMs)) {
    if (openTimeMs[next] === startMs) next++;
    else empty.push(startMs);
  }
  return Float64Array.from(empty);
};

/** Room for so many rows, in one piece of memory. */
export const makeColumns = (market: Market, interval: Interval, length: number): CandleColumns => {
  const bytes = length * Float64Array.BYTES_PER_ELEMENT;
  const memory = new ArrayBuffer(8 * bytes);
  let next = 0;
  const column = () => new Float64Array(memory, next++ * bytes, length);
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

/** The columns of rows, which are ascending. */
export const columnsOfRows = (market: Market, interval: Interval, rows: ReadonlyArray<Candle>): CandleColumns => {
  const columns = makeColumns(market, interval, rows.length);
  for (const [at, row] of rows.entries()) {
    columns.openTimeMs[at] = row.openTimeMs;
    columns.lastTradeTimeMs[at] = row.lastTradeTimeMs;
    for (const name of decimalColumns) columns[name][at] = row[name].number;
  }
  return columns;
};

/** Pieces one after another. A single one stays where it lies. */
export const joinColumns = (market: Market, interval: Interval, pieces: ReadonlyArray<CandleColumns>): CandleColumns => {
  const filled = pieces.filter(({ length }) => length > 0);
  const [only] = filled;
  if (only !== undefined && filled.length === 1) return only;
  const columns = makeColumns(
    market,
    interval,
    filled.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const piece of filled) {
    columns.openTimeMs.set(piece.openTimeMs, at);
    columns.lastTradeTimeMs.set(piece.lastTradeTimeMs, at);
    for (const name of decimalColumns) columns[name].set(piece[name], at);
    at += piece.length;
  }
  return columns;
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
