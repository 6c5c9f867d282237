/**
 * The levels of a book that differ from the one before, by side and price, and the few figures beside them. Spread, its percentage and whether
 * the book is crossed follow from the levels and are computed again. Both sides are in order, so two books are compared in one walk.
 */
import type { Decimal } from "../domain/Decimal.ts";
import { makeOrderbook, type Orderbook, type PriceLevel } from "../domain/Orderbook.ts";

/** A price and its new size; null where the level is gone. */
export interface LevelChange {
  readonly price: Decimal;
  readonly size: Decimal | null;
}

/** What differs. An absent field is as it was; a `level` that is null is there no more. */
export interface BookChange {
  readonly timestampMs?: number;
  /** From the best price on, as in the book. */
  readonly asks?: ReadonlyArray<LevelChange>;
  readonly bids?: ReadonlyArray<LevelChange>;
  readonly totalAskSize?: Decimal;
  readonly totalBidSize?: Decimal;
  readonly level?: Decimal | null;
}

/** Better prices come first: lower ones of asks, higher ones of bids. */
type Order = (a: Decimal, b: Decimal) => number;
const askOrder: Order = (a, b) => a.compare(b);
const bidOrder: Order = (a, b) => b.compare(a);

/** Undefined where prices do not tell the levels apart, in either book. */
export const changeOfBook = (before: Orderbook, after: Orderbook): BookChange | undefined => {
  if (![before, after].every(({ asks, bids }) => isOrdered(asks, askOrder) && isOrdered(bids, bidOrder))) return undefined;
  const asks = changeOfSide(before.asks, after.asks, askOrder);
  const bids = changeOfSide(before.bids, after.bids, bidOrder);
  return {
    ...(before.timestampMs === after.timestampMs ? {} : { timestampMs: after.timestampMs }),
    ...(asks.length === 0 ? {} : { asks }),
    ...(bids.length === 0 ? {} : { bids }),
    ...(before.totalAskSize.equals(after.totalAskSize) ? {} : { totalAskSize: after.totalAskSize }),
    ...(before.totalBidSize.equals(after.totalBidSize) ? {} : { totalBidSize: after.totalBidSize }),
    ...changeOfGrouping(before.level, after.level),
  };
};

export const bookFrom = (before: Orderbook, change: BookChange): Orderbook => {
  const { spread: _spread, spreadPercent: _percent, crossed: _crossed, level, ...parts } = before;
  const newLevel = change.level === undefined ? level : (change.level ?? undefined);
  return makeOrderbook({
    ...parts,
    timestampMs: change.timestampMs ?? parts.timestampMs,
    asks: change.asks === undefined ? parts.asks : sideFrom(parts.asks, change.asks, askOrder),
    bids: change.bids === undefined ? parts.bids : sideFrom(parts.bids, change.bids, bidOrder),
    totalAskSize: change.totalAskSize ?? parts.totalAskSize,
    totalBidSize: change.totalBidSize ?? parts.totalBidSize,
    ...(newLevel === undefined ? {} : { level: newLevel }),
  });
};

const changeOfGrouping = (before: Decimal | undefined, after: Decimal | undefined): { readonly level?: Decimal | null } => {
  if (after === undefined) return before === undefined ? {} : { level: null };
  return before?.equals(after) === true ? {} : { level: after };
};

const isOrdered = (levels: ReadonlyArray<PriceLevel>, order: Order): boolean =>
  levels.every(({ price }, at) => {
    const last = levels[at - 1];
    return last === undefined || order(last.price, price) < 0;
  });

const changeOfSide = (before: ReadonlyArray<PriceLevel>, after: ReadonlyArray<PriceLevel>, order: Order): ReadonlyArray<LevelChange> => {
  const changes: Array<LevelChange> = [];
  walk(before, after, order, (was, is) => {
    if (is === undefined) changes.push({ price: was.price, size: null });
    else if (was === undefined || !was.size.equals(is.size)) changes.push({ price: is.price, size: is.size });
  });
  return changes;
};

const sideFrom = (before: ReadonlyArray<PriceLevel>, changes: ReadonlyArray<LevelChange>, order: Order): ReadonlyArray<PriceLevel> => {
  const levels: Array<PriceLevel> = [];
  walk(before, changes, order, (was, change) => {
    if (change === undefined) levels.push(was);
    else if (change.size !== null) levels.push({ price: change.price, size: change.size });
  });
  return levels;
};

/** Two lists in order of their prices as one: each price once, with what either list has of it. One of the two is always there. */
const walk = <A extends { readonly price: Decimal }, B extends { readonly price: Decimal }>(
  as: ReadonlyArray<A>,
  bs: ReadonlyArray<B>,
  order: Order,
  visit: (...pair: [a: A, b: undefined] | [a: A | undefined, b: B]) => void,
): void => {
  let i = 0;
  let j = 0;
  for (;;) {
    const a = as[i];
    const b = bs[j];
    if (a === undefined && b === undefined) return;
    const first = a === undefined ? 1 : b === undefined ? -1 : order(a.price, b.price);
    if (first <= 0) i++;
    if (first >= 0) j++;
    if (a !== undefined && first < 0) visit(a, undefined);
    else if (b !== undefined) visit(first === 0 ? a : undefined, b);
  }
};
