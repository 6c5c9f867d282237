/**
 * The books the exchange publishes: the resting orders as they stood at a point of a 100 ms grid. A book is published on its market's period
 * and on the first grid point after a trade, a move of the makers or the end of a halt, so its timestamp is always a little old, as on the
 * real exchange. While the market is halted, a book changes only by scripted trades.
 */
import type { BookLevel } from "./Burst.ts";
import type { MarketSpec } from "./Catalogue.ts";
import type { Halts } from "./Halts.ts";
import { hash2 } from "./Hash.ts";
import type { MarketTape } from "./MarketTape.ts";
import { longestLeadMs, makersMoveMs, restingOrders } from "./RestingOrders.ts";
import { endOf } from "./Trade.ts";

export type { BookLevel } from "./Burst.ts";

export interface Book {
  readonly timestamp: number;
  /** Best first. */
  readonly asks: ReadonlyArray<BookLevel>;
  readonly bids: ReadonlyArray<BookLevel>;
}

export const maxLevels = 30;
const grid = 100;

/** The book as it was last published at `nowMs`. `undefined` before the first trade. */
export const bookAt = (tape: MarketTape, halts: Halts, nowMs: number): Book | undefined => {
  const timestamp = bookTime(tape, halts, nowMs);
  const known = published.get(tape);
  if (known?.timestamp === timestamp && known.version === tape.version) return known.book;
  const sides = restingOrders(tape, halts, timestamp, maxLevels);
  const book = sides === undefined ? undefined : { timestamp, asks: sides.asks, bids: sides.bids };
  published.set(tape, { timestamp, version: tape.version, book });
  return book;
};

/** The book with its levels gathered into steps of `step` units: bids rounded down, asks up. At most 30 levels. */
export const groupedBookAt = (tape: MarketTape, halts: Halts, nowMs: number, step: number): Book | undefined => {
  const timestamp = bookTime(tape, halts, nowMs);
  const deep = restingOrders(tape, halts, timestamp, 8 * maxLevels);
  if (deep === undefined) return undefined;
  return { timestamp, asks: gather(deep.asks, step, Math.ceil), bids: gather(deep.bids, step, Math.floor) };
};

/** When the book that stands at `nowMs` was published. */
export const bookTime = (tape: MarketTape, halts: Halts, nowMs: number): number => {
  const { bookPeriodMs } = tape.spec;
  const phase = phaseOf(tape.spec);
  const lastGrid = Math.floor((nowMs - phase) / grid) * grid + phase;
  let running = halts.lastRunning(nowMs);
  let resumed = onGrid(halts.runningSince(running), phase);
  // Running again, but that was not published yet: the book is still the one of the halt.
  while (resumed > lastGrid) {
    running = halts.lastRunning(halts.runningSince(running) - 1);
    resumed = onGrid(halts.runningSince(running), phase);
  }
  const periodic = Math.max(resumed, Math.floor((running - phase) / bookPeriodMs) * bookPeriodMs + phase);
  if (periodic >= lastGrid) return periodic;
  const last = tape.last(endOf(lastGrid));
  const traded = last === undefined ? periodic : Math.max(periodic, onGrid(last.ms, phase));
  const searched = Math.min(lastGrid, running);
  if (traded >= lastGrid || (last !== undefined && last.ms > searched)) return traded;
  const next = tape.lists.burstAfter(searched, searched + longestLeadMs);
  const moveMs = next === undefined ? Infinity : makersMoveMs(tape, last, next);
  return moveMs <= searched ? Math.max(traded, onGrid(moveMs, phase)) : traded;
};

/** When the book is next published after `ms`, looking no further than `limitMs`; `Infinity` when it is not. */
export const nextBookTime = (tape: MarketTape, halts: Halts, ms: number, limitMs: number): number => {
  const { bookPeriodMs } = tape.spec;
  const phase = phaseOf(tape.spec);
  const running = halts.nextRunning(ms + 1);
  const before = Math.floor((ms - phase) / grid) * grid + phase;
  const latest = Math.min(limitMs, tape.closedMs - 1);
  const resumed = onGrid(halts.runningSince(running), phase);
  const periodic = Math.ceil((running - phase) / bookPeriodMs) * bookPeriodMs + phase;
  const resumes = onGrid(halts.nextResume(running), phase);
  let next = resumed > ms ? resumed : Math.min(resumes, halts.at(periodic) ? Infinity : periodic);
  if (next > before + grid) {
    const end = Math.min(latest, next);
    const trade = tape.next(endOf(before), end);
    if (trade !== undefined) next = Math.min(next, onGrid(trade.ms, phase));
    // In a halt only a move from before it can still be to come.
    const order = tape.lists.burstAfter(before, (running > ms + 1 ? ms : end) + longestLeadMs);
    const moveMs = order === undefined ? Infinity : makersMoveMs(tape, tape.last(endOf(before)), order);
    if (moveMs > before && !halts.at(moveMs)) next = Math.min(next, onGrid(moveMs, phase));
  }
  return next <= latest ? next : Infinity;
};

/** The grouping steps a market supports, in units, without the 0 that means none: powers of ten above its tick, up to its price. */
export const groupingSteps = (spec: MarketSpec, price: number): ReadonlyArray<number> => {
  if (spec.quote !== "KRW") return [];
  const steps: Array<number> = [];
  for (let step = spec.ticks.at(price) * 10; step <= price && steps.length < 5; step *= 10) steps.push(step);
  return steps;
};

/** The book last made of each tape: several streams and answers want the same one. */
const published = new WeakMap<MarketTape, { readonly timestamp: number; readonly version: number; readonly book: Book | undefined }>();

/** Each market's grid is shifted by its own 0 to 99 ms. */
const phaseOf = (spec: MarketSpec): number => (hash2(spec.seed, 77) >>> 0) % grid;

const onGrid = (ms: number, phase: number): number => Math.ceil((ms - phase) / grid) * grid + phase;

const gather = (levels: ReadonlyArray<BookLevel>, step: number, round: (steps: number) => number): Array<BookLevel> => {
  const out: Array<{ price: number; size: number }> = [];
  for (const level of levels) {
    if (level.price === 0) continue;
    const price = round(level.price / step) * step;
    const current = out.at(-1);
    if (current !== undefined && current.price === price) current.size += level.size;
    else if (out.length < maxLevels) out.push({ price, size: level.size });
    else break;
  }
  return out;
};
