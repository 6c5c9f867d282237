/**
 * The order book on the wire: one list in which row *i* pairs the *i*-th best ask with the *i*-th best bid. A shorter side is padded with
 * slots of size 0, which are dropped here. The exchange sends both sides best first; a book that is not is sorted, one that names a price
 * twice is refused.
 */
import type { Decimal } from "@naru/router/domain/Decimal";
import { makeOrderbook, Orderbook, type PriceLevel } from "@naru/router/domain/Orderbook";
import { DecodeError } from "@naru/router/errors/MarketDataError";
import * as type from "./FieldType.ts";
import * as quick from "./generated/orderbookReaders.ts";
import { domainSchema, member, objects, optional, required, type Row, schemaError, shape, type Spelling } from "./Shape.ts";

/** One row of `orderbook_units`. */
export const orderbookUnit = shape(
  {
    ask: required(type.amount, "ask_price", "ap"),
    bid: required(type.amount, "bid_price", "bp"),
    askSize: required(type.amount, "ask_size", "as"),
    bidSize: required(type.amount, "bid_size", "bs"),
  },
  { full: quick.orderbookUnitFull, simple: quick.orderbookUnitSimple },
);

const common = {
  timestampMs: required(type.millis, "timestamp", "tms"),
  totalAskSize: required(type.amount, "total_ask_size", "tas"),
  totalBidSize: required(type.amount, "total_bid_size", "tbs"),
  units: required(objects(orderbookUnit), "orderbook_units", "obu"),
  level: optional(type.amount, "level", "lv"),
};

/** A row of `/v1/orderbook`. */
export const restOrderbook = shape({ market: required(type.market, "market"), ...common }, { full: quick.restOrderbookFull });

/** A socket frame of type `orderbook`: always the whole book. */
export const socketOrderbook = shape(
  {
    type: required(type.text, "type", "ty"),
    market: required(type.market, "code", "cd"),
    ...common,
    stream: required(type.text, "stream_type", "st"),
  },
  { full: quick.socketOrderbookFull, simple: quick.socketOrderbookSimple },
);

type BookRow = Row<typeof restOrderbook.fields>;
type Unit = BookRow["units"][number];

/** The most rows we put in order ourselves; the exchange never sends more than 30. */
const maxSorted = 30;

/** The one way from a read row, whatever its channel and spelling, to the domain. `path` names the book in errors. */
export const toOrderbook = (row: BookRow, path: string, spelling: Spelling = "full"): Orderbook | DecodeError => {
  const { market, timestampMs, totalAskSize, totalBidSize, level } = row;
  const sides = inOrder(row.units) ?? sorted(row.units, member(path, spelling === "full" ? "orderbook_units" : "obu"));
  if (sides instanceof DecodeError) return sides;
  const { asks, bids } = sides;
  return makeOrderbook(
    level === undefined
      ? { market, timestampMs, asks, bids, totalAskSize, totalBidSize }
      : { market, timestampMs, asks, bids, totalAskSize, totalBidSize, level },
  );
};

interface Sides {
  readonly asks: ReadonlyArray<PriceLevel>;
  readonly bids: ReadonlyArray<PriceLevel>;
}

/** Both sides of a book that is as the exchange sends it; undefined of any other. */
const inOrder = (units: ReadonlyArray<Unit>): Sides | undefined => {
  const asks: Array<PriceLevel> = [];
  const bids: Array<PriceLevel> = [];
  let lastAsk = Number.NEGATIVE_INFINITY;
  let lastBid = Number.POSITIVE_INFINITY;
  for (const { ask, askSize, bid, bidSize } of units) {
    if (askSize.sign !== 0) {
      const price = ask.number;
      // Prices that one double stands for may be in any order.
      if (price === 0 || price <= lastAsk) return undefined;
      lastAsk = price;
      asks.push({ price: ask, size: askSize });
    }
    if (bidSize.sign !== 0) {
      const price = bid.number;
      if (price === 0 || price >= lastBid) return undefined;
      lastBid = price;
      bids.push({ price: bid, size: bidSize });
    }
  }
  return { asks, bids };
};

const sorted = (units: ReadonlyArray<Unit>, at: string): Sides | DecodeError => {
  const asks = side(
    units,
    (unit) => unit.ask,
    (unit) => unit.askSize,
    1,
  );
  if (typeof asks === "string") return schemaError(at, `asks ${asks}`);
  const bids = side(
    units,
    (unit) => unit.bid,
    (unit) => unit.bidSize,
    -1,
  );
  return typeof bids === "string" ? schemaError(at, `bids ${bids}`) : { asks, bids };
};

/** One side, best first, or what is wrong with it. `direction` is 1 where prices rise away from the best. */
const side = (
  units: ReadonlyArray<Unit>,
  price: (unit: Unit) => Decimal,
  size: (unit: Unit) => Decimal,
  direction: 1 | -1,
): ReadonlyArray<PriceLevel> | string => {
  const levels: Array<PriceLevel> = [];
  let sorted = true;
  for (const unit of units) {
    if (size(unit).sign === 0) continue;
    const level = { price: price(unit), size: size(unit) };
    if (level.price.sign === 0) return "offer something at price 0";
    const before = levels.at(-1);
    if (before !== undefined && before.price.compare(level.price) * direction >= 0) sorted = false;
    levels.push(level);
  }
  if (sorted) return levels;
  if (levels.length > maxSorted) return `are not in order, and more than ${maxSorted}`;
  levels.sort((a, b) => a.price.compare(b.price) * direction);
  for (let i = 1; i < levels.length; i++) {
    if (levels[i]?.price.equals(levels[i - 1]!.price)) return `name the price ${levels[i]!.price} twice`;
  }
  return levels;
};

/** Wire to domain, as Schemas: from REST, from the socket's DEFAULT and from its SIMPLE spelling. */
export const RestOrderbook = domainSchema(restOrderbook, "full", Orderbook, toOrderbook);
export const SocketOrderbook = domainSchema(socketOrderbook, "full", Orderbook, toOrderbook);
export const SimpleOrderbook = domainSchema(socketOrderbook, "simple", Orderbook, (row, path) => toOrderbook(row, path, "simple"));
