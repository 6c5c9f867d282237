/**
 * A trade on the wire. REST gives `change_price` with its sign and no `change`; the socket gives it without and says the direction apart.
 * Both become one signed amount and one direction, so that the same trade is the same value over either.
 */
import type { Decimal } from "@naru/router/domain/Decimal";
import type { Change } from "@naru/router/domain/Ticker";
import { Trade } from "@naru/router/domain/Trade";
import * as type from "./FieldType.ts";
import * as quick from "./generated/tradeReaders.ts";
import { domainSchema, nullable, optional, required, type Row, shape } from "./Shape.ts";

const common = {
  price: required(type.price, "trade_price", "tp"),
  volume: required(type.amount, "trade_volume", "tv"),
  side: required(type.side, "ask_bid", "ab"),
  previousClose: nullable(type.amount, "prev_closing_price", "pcp"),
  id: required(type.id, "sequential_id", "sid"),
};

/** A row of `/v1/trades/ticks`. Its `timestamp` is the trade's time. */
export const restTrade = shape(
  {
    market: required(type.market, "market"),
    tradeDate: required(type.date, "trade_date_utc"),
    tradeTime: required(type.timeOfDay, "trade_time_utc"),
    tradeTimeMs: required(type.millis, "timestamp"),
    ...common,
    signedAmount: nullable(type.decimal, "change_price"),
  },
  { full: quick.restTradeFull },
);

/** A socket frame of type `trade`. Its `timestamp` is when the frame was made. */
export const socketTrade = shape(
  {
    type: required(type.text, "type", "ty"),
    market: required(type.market, "code", "cd"),
    sentTimeMs: required(type.millis, "timestamp", "tms"),
    tradeDate: required(type.date, "trade_date", "td"),
    tradeTime: required(type.timeOfDay, "trade_time", "ttm"),
    tradeTimeMs: required(type.millis, "trade_timestamp", "ttms"),
    ...common,
    change: required(type.change, "change", "c"),
    unsignedAmount: nullable(type.amount, "change_price", "cp"),
    bestAsk: optional(type.amount, "best_ask_price", "bap"),
    bestAskSize: optional(type.amount, "best_ask_size", "bas"),
    bestBid: optional(type.amount, "best_bid_price", "bbp"),
    bestBidSize: optional(type.amount, "best_bid_size", "bbs"),
    stream: required(type.text, "stream_type", "st"),
  },
  { full: quick.socketTradeFull, simple: quick.socketTradeSimple },
);

type RestRow = Row<typeof restTrade.fields>;
type SocketRow = Row<typeof socketTrade.fields>;

/** The one way from a read row, whatever its channel and spelling, to the domain. Of frames that say everything, in one step: see `toTicker`. */
export const toTrade = (row: RestRow | SocketRow): Trade => {
  const { previousClose } = row;
  if (!("stream" in row) || previousClose === undefined) return fromParts(row);
  const { unsignedAmount, bestAsk, bestAskSize, bestBid, bestBidSize } = row;
  if (unsignedAmount === undefined || !isQuoted(bestAsk) || bestAskSize === undefined) return fromParts(row);
  if (!isQuoted(bestBid) || bestBidSize === undefined) return fromParts(row);
  return {
    market: row.market,
    id: row.id,
    price: row.price,
    volume: row.volume,
    side: row.side,
    tradeTimeMs: row.tradeTimeMs,
    previousClose,
    change: row.change,
    changeAmount: row.change === "FALL" ? unsignedAmount.negate() : unsignedAmount,
    sentTimeMs: row.sentTimeMs,
    bestAsk,
    bestAskSize,
    bestBid,
    bestBidSize,
  };
};

const fromParts = (row: RestRow | SocketRow): Trade => {
  const moved = "stream" in row ? signed(row) : directed(row.signedAmount);
  return {
    market: row.market,
    id: row.id,
    price: row.price,
    volume: row.volume,
    side: row.side,
    tradeTimeMs: row.tradeTimeMs,
    ...(row.previousClose !== undefined && { previousClose: row.previousClose }),
    ...moved,
    ...("stream" in row && { sentTimeMs: row.sentTimeMs, ...bestQuotes(row) }),
  };
};

const signed = (row: SocketRow): { change: Change; changeAmount?: Decimal } => {
  if (row.unsignedAmount === undefined) return { change: row.change };
  return { change: row.change, changeAmount: row.change === "FALL" ? row.unsignedAmount.negate() : row.unsignedAmount };
};

const directed = (amount: Decimal | undefined): { change?: Change; changeAmount?: Decimal } => {
  if (amount === undefined) return {};
  return { change: amount.sign > 0 ? "RISE" : amount.sign < 0 ? "FALL" : "EVEN", changeAmount: amount };
};

/** A best quote of price 0 is the exchange's padding for an empty side, so it is left out, as null is. */
const bestQuotes = (row: SocketRow) => ({
  ...(isQuoted(row.bestAsk) && { bestAsk: row.bestAsk, ...(row.bestAskSize !== undefined && { bestAskSize: row.bestAskSize }) }),
  ...(isQuoted(row.bestBid) && { bestBid: row.bestBid, ...(row.bestBidSize !== undefined && { bestBidSize: row.bestBidSize }) }),
});

const isQuoted = (price: Decimal | undefined): price is Decimal => price !== undefined && price.sign !== 0;

/** Wire to domain, as Schemas: from REST, from the socket's DEFAULT and from its SIMPLE spelling. */
export const RestTrade = domainSchema(restTrade, "full", Trade, toTrade);
export const SocketTrade = domainSchema(socketTrade, "full", Trade, toTrade);
export const SimpleTrade = domainSchema(socketTrade, "simple", Trade, toTrade);
