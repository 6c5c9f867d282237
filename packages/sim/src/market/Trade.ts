/**
 * One trade of the emulated exchange. `n` numbers the trades of one millisecond, so (ms, n) is the order of the tape and ms × 10000 + n the
 * exchange's `sequential_id`: 17 digits, odd for n = 1, and therefore not a JavaScript number.
 */
export interface TradeRow {
  readonly ms: number;
  readonly n: number;
  /** In the market's units of 10^-decimals. */
  readonly price: number;
  /** In 1e-8 of the base currency. */
  readonly size: number;
  /** The taker bought. */
  readonly bid: boolean;
}

/** A place on the tape: everything up to and including it has happened. */
export interface TapePoint {
  readonly ms: number;
  readonly n: number;
}

/** More trades than this in one millisecond do not fit the id. */
export const maxPerMs = 9_999;

/** The point after the last trade of a millisecond. */
export const endOf = (ms: number): TapePoint => ({ ms, n: maxPerMs });

export const isAfter = (trade: TapePoint, point: TapePoint): boolean => trade.ms > point.ms || (trade.ms === point.ms && trade.n > point.n);

export const sequentialId = (trade: TapePoint): string => `${trade.ms}${String(trade.n).padStart(4, "0")}`;

/** Reads an id back. `undefined` for text that is no id. */
export const pointOfId = (id: string): TapePoint | undefined => {
  if (!/^\d{5,18}$/.test(id)) return undefined;
  return { ms: Number(id.slice(0, -4)), n: Number(id.slice(-4)) };
};
