/**
 * Trades as every store keeps them alike: in the order of their time, and those of one millisecond by their ids read as numbers, which is the order of
 * the exchange's own list and needs no other memory of it. Pure.
 */
import type { Trade } from "../domain/Trade.ts";
import type { TimeRange } from "./Coverage.ts";
import { tradeBlockRange } from "./tradeBlock.ts";

/** The part of a block that is written. */
export interface TradePart {
  /** The block's own start. */
  readonly startMs: number;
  /** What of the range lies in the block. */
  readonly range: TimeRange;
  /** All trades of that part, in order. */
  readonly rows: ReadonlyArray<Trade>;
}

/** Negative where `a` comes first. */
export const compareTrades = (a: Trade, b: Trade): number => a.tradeTimeMs - b.tradeTimeMs || compareIds(a.id, b.id);

/** Each once, in order. */
export const inOrder = (rows: Iterable<Trade>): ReadonlyArray<Trade> => {
  const byId = new Map<string, Trade>();
  for (const row of rows) byId.set(row.id, row);
  return [...byId.values()].sort(compareTrades);
};

/**
 * The blocks that a range concerns, ascending: those that trades of it lie in, and of `kept`, the starts of the blocks that there are, those that must
 * lose some. A quiet year is no list of a hundred thousand empty blocks.
 */
export const tradePartsOf = (rows: ReadonlyArray<Trade>, complete: TimeRange, kept: Iterable<number>): ReadonlyArray<TradePart> => {
  const parts = new Map<number, Array<Trade>>();
  for (const startMs of kept) if (startMs < complete.toMs && tradeBlockRange(startMs).toMs > complete.fromMs) parts.set(startMs, []);
  for (const row of inOrder(rows)) {
    if (!isTradeWithin(complete)(row)) continue;
    const startMs = tradeBlockRange(row.tradeTimeMs).fromMs;
    const part = parts.get(startMs);
    if (part === undefined) parts.set(startMs, [row]);
    else part.push(row);
  }
  return [...parts]
    .sort(([a], [b]) => a - b)
    .map(([startMs, rows]) => {
      const range = { fromMs: Math.max(startMs, complete.fromMs), toMs: Math.min(tradeBlockRange(startMs).toMs, complete.toMs) };
      return { startMs, range, rows };
    });
};

/** What a block holds after a part of it is known anew. */
export const replacedTrades = (kept: ReadonlyArray<Trade>, { range, rows }: Omit<TradePart, "startMs">): ReadonlyArray<Trade> => [
  ...kept.filter(({ tradeTimeMs }) => tradeTimeMs < range.fromMs),
  ...rows,
  ...kept.filter(({ tradeTimeMs }) => tradeTimeMs >= range.toMs),
];

/** Whether a trade happened in a range. */
export const isTradeWithin =
  ({ fromMs, toMs }: TimeRange) =>
  ({ tradeTimeMs }: Trade): boolean =>
    tradeTimeMs >= fromMs && tradeTimeMs < toMs;

/** Digits as numbers of any length, without making any. */
const compareIds = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
