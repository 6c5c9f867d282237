/**
 * The book as the matching engine holds it at any millisecond, a pure function of the seed, the time and the trades around it. Trades happen at
 * the best price and consume what rests there. Nothing is kept from one trade to the next; instead every order of the seeded tape implies the
 * book just before it, and so the book just after it. From an order on the book is what that order left, and shortly before the next one
 * makers move to where that one will meet them. The next one is looked up among the seeded trades alone, halted or not: so a script or a halt
 * ordered now changes no book of the past. After a scripted trade the book follows it, whatever stood there before.
 */
import { type BookLevel, type Burst, scriptedBurst } from "./Burst.ts";
import type { Halts } from "./Halts.ts";
import { hash2 } from "./Hash.ts";
import type { MarketTape } from "./MarketTape.ts";
import { OrderLevels } from "./OrderLevels.ts";
import { endOf, type TradeRow } from "./Trade.ts";

export interface Sides {
  /** Best first; both sides have as many, the thinner one filled up with price and size 0. */
  readonly asks: ReadonlyArray<BookLevel>;
  readonly bids: ReadonlyArray<BookLevel>;
}

/** Makers move at most this long before the order that will meet them. */
export const longestLeadMs = 1_200;
const shortestLeadMs = 200;

/** The orders at `ms`, at most `levels` deep on a side. `undefined` before the market's first trade. */
export const restingOrders = (tape: MarketTape, halts: Halts, ms: number, levels: number): Sides | undefined => {
  const last = tape.last(endOf(ms));
  const runningMs = halts.lastRunning(ms);
  const atMs = last === undefined ? runningMs : Math.max(runningMs, last.ms);
  if (atMs === runningMs) {
    const next = tape.lists.burstAfter(atMs, atMs + longestLeadMs);
    if (next !== undefined && atMs >= makersMoveMs(tape, last, next)) return sides(tape, next, next.before, atMs, levels);
  }
  if (last === undefined) return undefined;
  const seeded = tape.lists.burstAt(last.ms);
  const left = seeded?.lastN === last.n ? seeded : scriptedBurst(tape.spec, last);
  // At the moment of a trade only what it took has changed.
  return sides(tape, left, left.after, atMs === last.ms ? atMs - 1 : atMs, levels);
};

/** When makers move to where `next` will meet them: in the second half of the time since `last`, which stays what it left for one moment. */
export const makersMoveMs = (tape: MarketTape, last: TradeRow | undefined, next: Burst): number => {
  const leadMs = shortestLeadMs + ((hash2(tape.spec.seed ^ 0x3ad8025f, next.ms % 0x7fffffff) >>> 0) % (longestLeadMs - shortestLeadMs));
  if (last === undefined) return Math.max(tape.openedMs, next.ms - leadMs);
  return Math.max(last.ms + 1, next.ms - Math.min(leadMs, Math.max(1, (next.ms - last.ms) >> 1)));
};

/** A book around one order: what it meets or leaves, and what makers hold beyond and on the other side. */
const sides = (tape: MarketTape, burst: Burst, touched: ReadonlyArray<BookLevel>, ms: number, levels: number): Sides => {
  const { spec } = tape;
  const orders = ordersOf(tape);
  const depth = Math.min(levels, levels > ordinaryLevels ? spec.depth * 8 : spec.depth);
  const near = touched.slice(0, depth);
  orders.collect(near, burst.lastPrice, burst.bid, ms, depth, true);
  const far: Array<BookLevel> = [];
  orders.collect(far, otherSide(tape, burst), !burst.bid, ms, depth, false);
  while (far.length < near.length) far.push(none);
  while (near.length < far.length) near.push(none);
  return burst.bid ? { asks: near, bids: far } : { asks: far, bids: near };
};

/** The best price of the side the order does not touch. */
const otherSide = (tape: MarketTape, burst: Burst): number => {
  const { ticks } = tape.spec;
  let price = burst.before[0]?.price ?? burst.lastPrice;
  for (let i = 0; i < burst.gap; i++) price = burst.bid ? ticks.down(price) : ticks.up(price);
  return price;
};

const ordinaryLevels = 30;
const none: BookLevel = { price: 0, size: 0 };

/** The level tables of the tapes, made when a book is first asked for. */
const known = new WeakMap<MarketTape, OrderLevels>();

/** Forgets the levels that were made for a tape; they are made again when its book is asked for. */
export const forgetOrders = (tape: MarketTape): void => void known.delete(tape);

const ordersOf = (tape: MarketTape): OrderLevels => {
  let orders = known.get(tape);
  if (orders === undefined) known.set(tape, (orders = new OrderLevels(tape.spec)));
  return orders;
};
