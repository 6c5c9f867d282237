/** Ranges of candles as parts of blocks, and blocks as ranges of candles: what every store does alike. Pure. */
import type { Candle } from "../domain/Candle.ts";
import { type CandleColumns, makeColumns, sliceColumns } from "./CandleColumns.ts";
import { blockRange, decodeColumns, rowsClaimed } from "./candleBlock.ts";
import type { TimeRange } from "./Coverage.ts";

/** The part of a block that is written. */
export interface BlockPart {
  /** The block's own first window. */
  readonly startMs: number;
  /** What of the range lies in the block. */
  readonly range: TimeRange;
  /** The candles of that part, ascending. */
  readonly rows: ReadonlyArray<Candle>;
}

/** The blocks that a range concerns, ascending, also where no candle lies in them but something may have been kept. */
export const partsOf = (interval: Candle["interval"], rows: ReadonlyArray<Candle>, complete: TimeRange): ReadonlyArray<BlockPart> => {
  const sorted = closedWithin(rows, complete);
  const parts: Array<BlockPart> = [];
  let next = 0;
  for (let atMs = complete.fromMs; atMs < complete.toMs;) {
    const block = blockRange(interval, atMs);
    const range = { fromMs: atMs, toMs: Math.min(block.toMs, complete.toMs) };
    const first = next;
    while (next < sorted.length && (sorted[next]?.openTimeMs ?? Infinity) < range.toMs) next++;
    parts.push({ startMs: block.fromMs, range, rows: sorted.slice(first, next) });
    atMs = range.toMs;
  }
  return parts;
};

/** What a block holds after a part of it is known anew. */
export const replaced = (kept: ReadonlyArray<Candle>, { range, rows }: BlockPart): ReadonlyArray<Candle> => [
  ...kept.filter(({ openTimeMs }) => openTimeMs < range.fromMs),
  ...rows,
  ...kept.filter(({ openTimeMs }) => openTimeMs >= range.toMs),
];

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

/** A window that is not over may look different tomorrow: it is never kept, whoever hands it in. */
const closedWithin = (rows: ReadonlyArray<Candle>, { fromMs, toMs }: TimeRange): ReadonlyArray<Candle> => {
  const byTime = new Map<number, Candle>();
  for (const row of rows) {
    if (row.openTimeMs < fromMs || row.openTimeMs >= toMs || row.state === "empty") continue;
    if (row.state === "forming") throw new TypeError(`a forming candle is not history: ${row.market} ${row.interval} ${row.openTimeMs}`);
    byTime.set(row.openTimeMs, row.state === "closed" ? row : { ...row, state: "closed" });
  }
  return [...byTime.values()].sort((a, b) => a.openTimeMs - b.openTimeMs);
};
