/**
 * A full order book at some depth: asks from the lowest price up, bids from the highest down. The exchange always sends whole books, never
 * differences. Slots that it pads with size 0 are dropped, so a side may be shorter than the other, or empty.
 */
import * as Schema from "effect/Schema";
import { Decimal } from "./Decimal.ts";
import { Market } from "./Market.ts";

export const PriceLevel = Schema.Struct({ price: Decimal.schema, size: Decimal.schema });
export type PriceLevel = typeof PriceLevel.Type;

export const Orderbook = Schema.Struct({
  market: Market,
  /** Last change of the book, epoch milliseconds, on the exchange's 100 ms grid. Can be minutes old in a quiet market. */
  timestampMs: Schema.Int,
  /** Best (lowest) first. */
  asks: Schema.Array(PriceLevel),
  /** Best (highest) first. */
  bids: Schema.Array(PriceLevel),
  /** Sum of the sizes shown. */
  totalAskSize: Decimal.schema,
  totalBidSize: Decimal.schema,
  /** `best ask - best bid`; null when a side is empty, negative when the book is crossed. */
  spread: Schema.NullOr(Decimal.schema),
  /** `spread / mid × 100`, a double; null when a side is empty. */
  spreadPercent: Schema.NullOr(Schema.Finite),
  /** Best bid at or above best ask: locked or crossed, not to be traded on. */
  crossed: Schema.Boolean,
  /** Price grouping of the book, 0 for none. Absent outside Korea. */
  level: Schema.optionalKey(Decimal.schema),
});
export type Orderbook = typeof Orderbook.Type;

/** What the exchange gives of a book; the rest of {@link Orderbook} is computed from it by {@link makeOrderbook}. */
export type OrderbookParts = Omit<Orderbook, "spread" | "spreadPercent" | "crossed">;

export const makeOrderbook = (parts: OrderbookParts): Orderbook => {
  const ask = parts.asks[0]?.price;
  const bid = parts.bids[0]?.price;
  if (ask === undefined || bid === undefined) return { ...parts, spread: null, spreadPercent: null, crossed: false };
  const spread = ask.minus(bid);
  const mid = (ask.number + bid.number) / 2;
  return { ...parts, spread, spreadPercent: (spread.number / mid) * 100, crossed: spread.sign <= 0 };
};

/** The same book cut to `levels` per side, its totals summed again. The book itself when it is no deeper. */
export const trimOrderbook = (book: Orderbook, levels: number): Orderbook => {
  if (book.asks.length <= levels && book.bids.length <= levels) return book;
  const asks = book.asks.slice(0, levels);
  const bids = book.bids.slice(0, levels);
  return { ...book, asks, bids, totalAskSize: totalSize(asks), totalBidSize: totalSize(bids) };
};

const totalSize = (levels: ReadonlyArray<PriceLevel>): Decimal => levels.reduce((sum, level) => sum.plus(level.size), Decimal.zero);
