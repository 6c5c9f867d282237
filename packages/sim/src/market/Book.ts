/**
 * Order books: a pure function of the seed, the book's own time and the last trade before it. A book changes on its market's period and on the
 * first point of the 100 ms grid after a trade, so its timestamp is always a little old, as on the real exchange. The side the last taker hit
 * holds the last price; the other side begins one or two ticks away, so best bid is always below best ask. While the market is halted, a book
 * changes only by scripted trades.
 */
import type { MarketSpec } from "./Catalogue.ts";
import type { Halts } from "./Halts.ts";
import { hash2, hash3, unit } from "./Hash.ts";
import type { MarketTape } from "./MarketTape.ts";
import { endOf, type TradeRow } from "./Trade.ts";

export interface BookLevel {
  /** In the market's units; 0 with size 0 where a side is thinner than the other. */
  readonly price: number;
  /** In 1e-8 of the base currency. */
  readonly size: number;
}

export interface Book {
  readonly timestamp: number;
  /** Best first. */
  readonly asks: ReadonlyArray<BookLevel>;
  readonly bids: ReadonlyArray<BookLevel>;
}

export const maxLevels = 30;
const grid = 100;

/** The book as it stands at `nowMs`. `undefined` before the first trade. */
export const bookAt = (tape: MarketTape, halts: Halts, nowMs: number): Book | undefined => {
  const timestamp = bookTime(tape, halts, nowMs);
  const last = tape.last(endOf(timestamp));
  return last === undefined ? undefined : makeBook(tape.spec, last, timestamp, maxLevels);
};

/** The book with its levels gathered into steps of `step` units: bids rounded down, asks up. At most 30 levels. */
export const groupedBookAt = (tape: MarketTape, halts: Halts, nowMs: number, step: number): Book | undefined => {
  const timestamp = bookTime(tape, halts, nowMs);
  const last = tape.last(endOf(timestamp));
  if (last === undefined) return undefined;
  const deep = makeBook(tape.spec, last, timestamp, 8 * maxLevels);
  return {
    timestamp,
    asks: gather(deep.asks, (price) => Math.ceil(price / step) * step),
    bids: gather(deep.bids, (price) => Math.floor(price / step) * step),
  };
};

/** When the book that stands at `nowMs` was made. */
export const bookTime = (tape: MarketTape, halts: Halts, nowMs: number): number => {
  const { bookPeriodMs } = tape.spec;
  const phase = phaseOf(tape.spec);
  const running = halts.lastRunning(nowMs);
  const periodic = Math.floor((running - phase) / bookPeriodMs) * bookPeriodMs + phase;
  const lastGrid = Math.floor((nowMs - phase) / grid) * grid + phase;
  const trade = tape.last(endOf(lastGrid));
  return trade === undefined ? periodic : Math.max(periodic, onGrid(trade.ms, phase));
};

/** When the book next changes after `ms`, looking no further than `limitMs`; `Infinity` when it does not. */
export const nextBookTime = (tape: MarketTape, halts: Halts, ms: number, limitMs: number): number => {
  const { bookPeriodMs } = tape.spec;
  const phase = phaseOf(tape.spec);
  const running = halts.nextRunning(ms + 1);
  const periodic = Math.ceil((running - phase) / bookPeriodMs) * bookPeriodMs + phase;
  const before = Math.floor((ms - phase) / grid) * grid + phase;
  const trade = tape.next(endOf(before), Math.min(limitMs, periodic));
  const byTrade = trade === undefined ? Infinity : onGrid(trade.ms, phase);
  const next = Math.min(periodic, byTrade);
  return next <= limitMs ? next : Infinity;
};

/** The grouping steps a market supports, in units, without the 0 that means none: powers of ten above its tick, up to its price. */
export const groupingSteps = (spec: MarketSpec, price: number): ReadonlyArray<number> => {
  if (spec.quote !== "KRW") return [];
  const steps: Array<number> = [];
  for (let step = spec.ticks.at(price) * 10; step <= price && steps.length < 5; step *= 10) steps.push(step);
  return steps;
};

/** Each market's grid is shifted by its own 0 to 99 ms. */
const phaseOf = (spec: MarketSpec): number => (hash2(spec.seed, 77) >>> 0) % grid;

const onGrid = (ms: number, phase: number): number => Math.ceil((ms - phase) / grid) * grid + phase;

const makeBook = (spec: MarketSpec, last: TradeRow, timestamp: number, levels: number): Book => {
  const gap = 1 + ((hash3(spec.seed, 5, timestamp / grid) >>> 0) % 2);
  let [ask, bid] = [last.price, last.price];
  for (let i = 0; i < gap; i++) {
    if (last.bid) bid = spec.ticks.down(bid);
    else ask = spec.ticks.up(ask);
  }
  const asks = side(spec, ask, timestamp, levels, (price) => spec.ticks.up(price));
  const bids = side(spec, bid, timestamp, levels, (price) => spec.ticks.down(price));
  const rows = Math.max(asks.length, bids.length);
  while (asks.length < rows) asks.push({ price: 0, size: 0 });
  while (bids.length < rows) bids.push({ price: 0, size: 0 });
  return { timestamp, asks, bids };
};

/** Levels outward from `best`, with small holes between them. Each level's size lives for some seconds and then changes. */
const side = (spec: MarketSpec, best: number, timestamp: number, levels: number, outward: (price: number) => number): Array<BookLevel> => {
  const out: Array<BookLevel> = [];
  const depth = Math.min(levels, levels > maxLevels ? spec.depth * 8 : spec.depth);
  let price = best;
  while (out.length < depth && price > 0) {
    const place = hash2(spec.seed ^ 0x51ed270b, price % 0x7fffffff);
    const lifeMs = 200 + ((place >>> 0) % 4_000);
    const age = Math.floor((timestamp + ((place >>> 8) % lifeMs)) / lifeMs);
    const draw = unit(hash3(place, 9, age % 0x7fffffff));
    out.push({ price, size: Math.max(1, Math.floor((spec.size * 0.08) / (0.004 + draw))) });
    for (let hole = (place >>> 0) % 3; hole >= 0; hole--) price = outward(price);
  }
  return out;
};

const gather = (levels: ReadonlyArray<BookLevel>, key: (price: number) => number): Array<BookLevel> => {
  const out: Array<{ price: number; size: number }> = [];
  for (const level of levels) {
    if (level.price === 0) continue;
    const price = key(level.price);
    const current = out.at(-1);
    if (current !== undefined && current.price === price) current.size += level.size;
    else if (out.length < maxLevels) out.push({ price, size: level.size });
    else break;
  }
  return out;
};
