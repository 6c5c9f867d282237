/** Ranges of candles as parts of blocks, and blocks as ranges of candles: what every store does alike. Pure. */
import type { Candle } from "../domain/Candle.ts";
import { type CandleColumns, makeColumns, sliceColumns } from "../domain/CandleColumns.ts";
import { rowsClaimed } from "./blockLayout.ts";
import { blockRange, decodeColumns, encodeCandles } from "./candleBlock.ts";
import type { TimeRange } from "./Coverage.ts";

/** The part of a block that is written. */
export interface BlockPart {
  /** The block's own first window. */
  readonly startMs: number;
  /** What of the range lies in the block. */
  readonly range: TimeRange;
  /** The candles of that part, as a block of their own. */
  readonly data: Uint8Array<ArrayBuffer>;
}

/**
 * The blocks that a range concerns, ascending, also where no candle lies in them but something may have been kept. Of `sorted` as `closedWithin` gives
 * them. Each is made when it is taken, so that whoever writes a hundred thousand rows can let others have their turn.
 */
export function* partsOf(interval: Candle["interval"], sorted: ReadonlyArray<Candle>, complete: TimeRange): Generator<BlockPart, void> {
  let next = 0;
  for (let atMs = complete.fromMs; atMs < complete.toMs;) {
    const block = blockRange(interval, atMs);
    const range = { fromMs: atMs, toMs: Math.min(block.toMs, complete.toMs) };
    const first = next;
    while (next < sorted.length && (sorted[next]?.openTimeMs ?? Infinity) < range.toMs) next++;
    yield { startMs: block.fromMs, range, data: encodeCandles(sorted.slice(first, next)) };
    atMs = range.toMs;
  }
}

/** Whether a part is all that its block can hold, so that what was kept of it need not be looked at. */
export const isWholeBlock = (interval: Candle["interval"], { startMs, range }: BlockPart): boolean =>
  range.fromMs <= startMs && range.toMs >= blockRange(interval, startMs).toMs;

/** Whether a candle's window starts in a range. */
export const isWithin =
  ({ fromMs, toMs }: TimeRange) =>
  ({ openTimeMs }: Candle): boolean =>
    openTimeMs >= fromMs && openTimeMs < toMs;

/** Blocks, ascending, as the columns of a range; undefined where one of them is damaged. */
export const columnsOf = (
  { market, interval }: Pick<Candle, "market" | "interval">,
  blocks: ReadonlyArray<Uint8Array>,
  range: TimeRange,
): CandleColumns | undefined => {
  const columns = makeColumns(
    market,
    interval,
    blocks.reduce((sum, bytes) => sum + rowsClaimed(bytes), 0),
  );
  let at = 0;
  for (const bytes of blocks) {
    const rows = decodeColumns(bytes, columns, at);
    if (rows === undefined) return undefined;
    at += rows;
  }
  return sliceColumns(columns, firstAtLeast(columns.openTimeMs, range.fromMs), firstAtLeast(columns.openTimeMs, range.toMs));
};

/** The place of the first time that is not before `timeMs`. */
const firstAtLeast = (times: Float64Array, timeMs: number): number => {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? Infinity) < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
};

/**
 * The rows of a range that are kept: closed, ascending, each window once. A window that is not over may look different tomorrow: it is never kept,
 * whoever hands it in. Throws where there is one.
 */
export const closedWithin = (rows: ReadonlyArray<Candle>, complete: TimeRange): ReadonlyArray<Candle> => {
  if (arePlain(rows, complete, 0, rows.length)) return rows;
  const known = sorted(rows, complete);
  const forming = known.find(({ state }) => state === "forming");
  if (forming === undefined) return known;
  throw new TypeError(`a forming candle is not history: ${forming.market} ${forming.interval} ${forming.openTimeMs}`);
};

/** Whether rows from one place up to another are such already, as nearly all are that come from an answer. */
export const arePlain = (rows: ReadonlyArray<Candle>, { fromMs, toMs }: TimeRange, first: number, end: number): boolean => {
  let beforeMs = rows[first - 1]?.openTimeMs ?? -Infinity;
  for (let at = first; at < end; at++) {
    const { state, openTimeMs } = rows[at]!;
    if (state !== "closed" || openTimeMs <= beforeMs || openTimeMs < fromMs || openTimeMs >= toMs) return false;
    beforeMs = openTimeMs;
  }
  return true;
};

/** Any rows: of two of one window the last is meant. */
const sorted = (rows: ReadonlyArray<Candle>, complete: TimeRange): ReadonlyArray<Candle> => {
  const byTime = new Map<number, Candle>();
  for (const row of rows) {
    if (row.state === "empty" || !isWithin(complete)(row)) continue;
    byTime.set(row.openTimeMs, row.state === "corrected" ? { ...row, state: "closed" } : row);
  }
  return [...byTime.values()].sort((a, b) => a.openTimeMs - b.openTimeMs);
};
