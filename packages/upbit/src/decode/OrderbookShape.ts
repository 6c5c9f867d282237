/**
 * The order book on the wire: one list in which row *i* pairs the *i*-th best ask with the *i*-th best bid. A shorter side is padded with
 * slots of size 0, which are dropped here. The exchange sends both sides best first; a book that is not is sorted, one that names a price
 * twice is refused.
 */
import type { Decimal } from "@naru/router/domain/Decimal";
import { makeOrderbook, Orderbook, type PriceLevel } from "@naru/router/domain/Orderbook";
import type { DecodeError } from "@naru/router/errors/MarketDataError";
import * as type from "./FieldType.ts";
import { domainSchema, member, objects, optional, required, type Row, schemaError, shape, type Spelling } from "./Shape.ts";

/** One row of `orderbook_units`. */
export const orderbookUnit = shape({
  ask: required(type.amount, "ask_price", "ap"),
  bid: required(type.amount, "bid_price", "bp"),
  askSize: required(type.amount, "ask_size", "as"),
  bidSize: required(type.amount, "bid_size", "bs"),
});

const common = {
  timestampMs: required(type.millis, "timestamp", "tms"),
  totalAskSize: required(type.amount, "total_ask_size", "tas"),
  totalBidSize: required(type.amount, "total_bid_size", "tbs"),
  units: required(objects(orderbookUnit), "orderbook_units", "obu"),
  level: optional(type.amount, "level", "lv"),
};

/** A row of `/v1/orderbook`. */
export const restOrderbook = shape({ market: required(type.market, "market"), ...common });

/** A socket frame of type `orderbook`: always the whole book. */
export const socketOrderbook = shape({
  type: required(type.text, "type", "ty"),
  market: required(type.market, "code", "cd"),
  ...common,
  stream: required(type.text, "stream_type", "st"),
});

type BookRow = Row<typeof restOrderbook.fields>;
type Unit = BookRow["units"][number];

/** The most rows we put in order ourselves; the exchange never sends more than 30. */
const maxSorted = 30;

/** The one way from a read row, whatever its channel and spelling, to the domain. `path` names the book in errors. */
export const toOrderbook = (row: BookRow, path: string, spelling: Spelling = "full"): Orderbook | DecodeError => {
  const at = member(path, spelling === "full" ? "orderbook_units" : "obu");
  const asks = side(
    row.units,
    (unit) => unit.ask,
    (unit) => unit.askSize,
    1,
  );
  if (typeof asks === "string") return schemaError(at, `asks ${asks}`);
  const bids = side(
    row.units,
    (unit) => unit.bid,
    (unit) => unit.bidSize,
    -1,
  );
  if (typeof bids === "string") return schemaError(at, `bids ${bids}`);
  return makeOrderbook({
    market: row.market,
    timestampMs: row.timestampMs,
    asks,
    bids,
    totalAskSize: row.totalAskSize,
    totalBidSize: row.totalBidSize,
    ...(row.level !== undefined && { level: row.level }),
  });
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
    if (size(unit).mantissa === 0) continue;
    const level = { price: price(unit), size: size(unit) };
    if (level.price.mantissa === 0) return "offer something at price 0";
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
