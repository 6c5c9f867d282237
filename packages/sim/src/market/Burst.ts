/**
 * An order that took from the book, as the book sees it: the trades of one millisecond together. What it takes and what it leaves on its last
 * price are facts of the seeded tape alone, known before the order comes, so the book can hold them ready.
 */
import type { MarketSpec } from "./Catalogue.ts";
import { hash2, hash3, unit } from "./Hash.ts";
import type { TradeRow } from "./Trade.ts";

export interface BookLevel {
  /** In the market's units; 0 with size 0 where a side is thinner than the other. */
  readonly price: number;
  /** In 1e-8 of the base currency. */
  readonly size: number;
}

export interface Burst {
  readonly ms: number;
  /** The taker bought: asks are taken. */
  readonly bid: boolean;
  /** Number of its last trade within the millisecond. */
  readonly lastN: number;
  /** What stood ready when it came: all it takes, best first, and the remainder on its last price. */
  readonly before: ReadonlyArray<BookLevel>;
  /** What is left of {@link before}: one level, or none. */
  readonly after: ReadonlyArray<BookLevel>;
  /** Its worst price; levels not touched lie beyond. */
  readonly lastPrice: number;
  /** Ticks between its first price and the best price of the other side. */
  readonly gap: number;
}

/** The orders in a list of seeded trades. */
export const burstsOf = (spec: MarketSpec, rows: ReadonlyArray<TradeRow>): ReadonlyArray<Burst> => {
  const bursts: Array<Burst> = [];
  for (let from = 0, to = 1; from < rows.length; from = to++) {
    const first = rows[from];
    if (first === undefined) break;
    while (rows[to]?.ms === first.ms) to++;
    bursts.push(burstOf(spec, rows.slice(from, to), first));
  }
  return bursts;
};

/** What a scripted trade leaves behind. It asked no book, so nothing stood ready for it. */
export const scriptedBurst = (spec: MarketSpec, { ms, n, bid, price }: TradeRow): Burst => {
  const after = [{ price, size: leftAt(spec, ms, n, false) }];
  return { ms, bid, lastN: n, before: after, after, lastPrice: price, gap: gapAt(spec, ms) };
};

/** Index of the first burst after `ms`. */
export const indexAfter = (bursts: ReadonlyArray<Burst>, ms: number): number => {
  let [low, high] = [0, bursts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((bursts[middle]?.ms ?? Infinity) > ms) high = middle;
    else low = middle + 1;
  }
  return low;
};

const burstOf = (spec: MarketSpec, trades: ReadonlyArray<TradeRow>, first: TradeRow): Burst => {
  const before: Array<{ price: number; size: number }> = [];
  let last = first;
  for (const trade of trades) {
    const level = before.at(-1);
    if (level?.price === trade.price) level.size += trade.size;
    else before.push({ price: trade.price, size: trade.size });
    last = trade;
  }
  const left = leftAt(spec, first.ms, last.n, true);
  const end = before.at(-1);
  if (end !== undefined) end.size += left;
  const after = left === 0 ? [] : [{ price: last.price, size: left }];
  return { ms: first.ms, bid: first.bid, lastN: last.n, before, after, lastPrice: last.price, gap: gapAt(spec, first.ms) };
};

/** Every fourth order takes the last level whole, where that may be. */
const leftAt = (spec: MarketSpec, ms: number, n: number, mayBeNone: boolean): number => {
  const place = hash3(spec.seed ^ 0x2c1b3c6d, Math.floor(ms / 1_000), (ms % 1_000) * 16 + n);
  return mayBeNone && (place & 3) === 0 ? 0 : sizeOfLevel(spec, unit(hash2(place, 3)));
};

const gapAt = (spec: MarketSpec, ms: number): number =>
  1 + ((hash3(spec.seed, 5, Math.floor(ms / 1_000)) ^ hash2(spec.seed, ms % 1_000)) & 1);

/** Sizes in a book have a heavy tail, as trades have. */
export const sizeOfLevel = (spec: MarketSpec, u: number): number => Math.max(1, Math.floor((spec.size * 0.08) / (0.004 + u)));
