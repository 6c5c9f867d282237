/**
 * Two answers to one question, given at two moments: what their difference says. Markets move between the moments, so only what is of the same
 * moment can be held against each other. Pure.
 */
import type { Candle } from "../domain/Candle.ts";
import type { Decimal } from "../domain/Decimal.ts";
import type { Orderbook, PriceLevel } from "../domain/Orderbook.ts";
import type { Kind } from "../domain/Question.ts";
import type { Ticker } from "../domain/Ticker.ts";
import type { Trade } from "../domain/Trade.ts";

/**
 * `equal`: of one moment, and alike. `different`: of one moment, and not: one of the two is wrong. `moved`: the second is of a later moment, which
 * says nothing against the first. `behind`: the second is the older one.
 */
export type Verdict = "equal" | "different" | "moved" | "behind";

export interface Comparison {
  readonly verdict: Verdict;
  /** By how much the second answer is newer, by the exchange's own time, in milliseconds; negative where it is older. */
  readonly newerMs: number;
}

/** `first` and `second` are values of this kind, as a question of it is answered. */
export const compareAnswers = (kind: Kind, first: unknown, second: unknown): Comparison => {
  switch (kind) {
    case "ticker":
      return tickers(first as Ticker, second as Ticker);
    case "orderbook":
      return books(first as Orderbook, second as Orderbook);
    case "trades":
      return trades(first as ReadonlyArray<Trade>, second as ReadonlyArray<Trade>);
    case "candles":
      return candles(first as ReadonlyArray<Candle>, second as ReadonlyArray<Candle>);
  }
};

/** The frame's own time is the frame's; what a ticker tells of is its last trade. Two trades may share a millisecond, so the frame's time decides then. */
const tickers = (first: Ticker, second: Ticker): Comparison => {
  const newerMs = second.tradeTimeMs - first.tradeTimeMs;
  if (newerMs !== 0) return later(newerMs);
  if (first.price.equals(second.price)) return { verdict: "equal", newerMs };
  const apartMs = second.timestampMs - first.timestampMs;
  return apartMs === 0 ? { verdict: "different", newerMs } : { ...later(apartMs), newerMs };
};

/** To the depth that both have. */
const books = (first: Orderbook, second: Orderbook): Comparison => {
  const newerMs = second.timestampMs - first.timestampMs;
  if (newerMs !== 0) return later(newerMs);
  return { verdict: areBooksAlike(first, second) ? "equal" : "different", newerMs };
};

/** Whatever their times, to the depth that both have. */
export const areBooksAlike = (first: Orderbook, second: Orderbook): boolean =>
  areLevelsAlike(first.asks, second.asks) && areLevelsAlike(first.bids, second.bids);

const areLevelsAlike = (first: ReadonlyArray<PriceLevel>, second: ReadonlyArray<PriceLevel>): boolean =>
  first.slice(0, second.length).every(({ price, size }, nth) => same(price, second[nth]?.price) && same(size, second[nth]?.size));

/** A trade never changes. The lists are oldest first. */
const trades = (first: ReadonlyArray<Trade>, second: ReadonlyArray<Trade>): Comparison => {
  const known = new Map(first.map((trade) => [trade.id, trade]));
  const newerMs = (second.at(-1)?.tradeTimeMs ?? 0) - (first.at(-1)?.tradeTimeMs ?? 0);
  for (const { id, price, side, volume } of second) {
    const before = known.get(id);
    if (before !== undefined && !(before.side === side && same(price, before.price) && same(volume, before.volume)))
      return { verdict: "different", newerMs };
  }
  if (first.at(-1)?.id === second.at(-1)?.id) return { verdict: "equal", newerMs: 0 };
  return newerMs === 0 ? { verdict: "moved", newerMs } : later(newerMs);
};

/** Windows that are over in both must be alike, unless the exchange corrected one in between, which its last trade tells. */
const candles = (first: ReadonlyArray<Candle>, second: ReadonlyArray<Candle>): Comparison => {
  const known = new Map(first.map((candle) => [candle.openTimeMs, candle]));
  let newerMs = (second.at(-1)?.openTimeMs ?? 0) - (first.at(-1)?.openTimeMs ?? 0);
  for (const candle of second) {
    const before = known.get(candle.openTimeMs);
    if (before === undefined || isAlike(before, candle)) continue;
    const apartMs = candle.lastTradeTimeMs - before.lastTradeTimeMs;
    if (apartMs === 0) return { verdict: "different", newerMs };
    if (newerMs === 0) newerMs = apartMs;
  }
  return newerMs === 0 ? { verdict: "equal", newerMs } : later(newerMs);
};

const isAlike = (first: Candle, second: Candle): boolean =>
  same(first.open, second.open) && same(first.high, second.high) && same(first.low, second.low) && same(first.close, second.close);

const later = (newerMs: number): Comparison => ({ verdict: newerMs > 0 ? "moved" : "behind", newerMs });

const same = (first: Decimal, second: Decimal | undefined): boolean => second !== undefined && first.equals(second);
