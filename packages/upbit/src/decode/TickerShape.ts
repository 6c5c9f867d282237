/**
 * The ticker on the wire. Three things tempt to mistakes: `change_price` and `change_rate` come without their sign here (the signed ones are
 * read), `high_price` and `low_price` are of the UTC day and not of 24 hours, and the 52-week figures are no bid and ask.
 */
import * as Result from "effect/Result";
import { type Market, parseMarket } from "@naru/router/domain/Market";
import { Ticker } from "@naru/router/domain/Ticker";
import * as type from "./FieldType.ts";
import * as quick from "./generated/tickerReaders.ts";
import { domainSchema, nullable, optional, required, type Row, shape, type Spelling, spelt } from "./Shape.ts";

const figures = {
  open: nullable(type.price, "opening_price", "op"),
  dayHigh: nullable(type.price, "high_price", "hp"),
  dayLow: nullable(type.price, "low_price", "lp"),
  price: required(type.price, "trade_price", "tp"),
  previousClose: nullable(type.amount, "prev_closing_price", "pcp"),
  change: required(type.change, "change", "c"),
  unsignedAmount: optional(type.amount, "change_price", "cp"),
  changeAmount: required(type.decimal, "signed_change_price", "scp"),
  unsignedRatio: optional(type.amount, "change_rate", "cr"),
  changeRatio: required(type.decimal, "signed_change_rate", "scr"),
  lastVolume: required(type.amount, "trade_volume", "tv"),
  dayVolume: required(type.amount, "acc_trade_volume", "atv"),
  dayValue: required(type.amount, "acc_trade_price", "atp"),
  volume24h: required(type.amount, "acc_trade_volume_24h", "atv24h"),
  value24h: required(type.amount, "acc_trade_price_24h", "atp24h"),
  tradeDate: optional(type.compactDate, "trade_date", "tdt"),
  tradeTime: optional(type.compactTime, "trade_time", "ttm"),
  tradeTimeMs: required(type.millis, "trade_timestamp", "ttms"),
  high52w: optional(type.price, "highest_52_week_price", "h52wp"),
  high52wDate: optional(type.date, "highest_52_week_date", "h52wdt"),
  low52w: optional(type.price, "lowest_52_week_price", "l52wp"),
  low52wDate: optional(type.date, "lowest_52_week_date", "l52wdt"),
  timestampMs: required(type.millis, "timestamp", "tms"),
};

/** A row of `/v1/ticker` and `/v1/ticker/all`. */
export const restTicker = shape(
  {
    market: required(type.market, "market"),
    ...figures,
    tradeDateKorea: optional(type.compactDate, "trade_date_kst"),
    tradeTimeKorea: optional(type.compactTime, "trade_time_kst"),
  },
  { full: quick.restTickerFull },
);

/** A socket frame of type `ticker`. */
export const socketTicker = shape(
  {
    type: required(type.text, "type", "ty"),
    market: required(type.market, "code", "cd"),
    ...figures,
    lastSide: optional(type.side, "ask_bid", "ab"),
    dayAskVolume: optional(type.amount, "acc_ask_volume", "aav"),
    dayBidVolume: optional(type.amount, "acc_bid_volume", "abv"),
    marketState: optional(type.text, "market_state", "ms"),
    tradingSuspended: optional(type.flag, "is_trading_suspended", "its"),
    delistingDate: optional(type.text, "delisting_date", "dd"),
    marketWarning: optional(type.text, "market_warning", "mw"),
    stream: required(type.text, "stream_type", "st"),
  },
  { full: quick.socketTickerFull, simple: quick.socketTickerSimple },
);

type RestRow = Row<typeof restTicker.fields>;
type SocketRow = Row<typeof socketTicker.fields>;

/**
 * The one way from a read row, whatever its channel and spelling, to the domain. What nearly all frames say becomes one object of one shape, which
 * the engine makes, and reads, several times faster than one put together from what happens to be there.
 */
export const toTicker = (row: RestRow | SocketRow): Ticker => {
  const { open, dayHigh, dayLow, previousClose, high52w, high52wDate, low52w, low52wDate } = row;
  const isFull =
    open !== undefined &&
    dayHigh !== undefined &&
    dayLow !== undefined &&
    previousClose !== undefined &&
    high52w !== undefined &&
    high52wDate !== undefined &&
    low52w !== undefined &&
    low52wDate !== undefined;
  if (!isFull || !("stream" in row)) return fromParts(row);
  const { lastSide, dayAskVolume, dayBidVolume, marketState, marketWarning, tradingSuspended } = row;
  if (lastSide === undefined || dayAskVolume === undefined || dayBidVolume === undefined || marketState === undefined)
    return fromParts(row);
  if (marketWarning === undefined || tradingSuspended === undefined || row.delistingDate !== undefined) return fromParts(row);
  return {
    market: row.market,
    price: row.price,
    open,
    dayHigh,
    dayLow,
    previousClose,
    change: row.change,
    changeAmount: row.changeAmount,
    changeRatio: row.changeRatio,
    changePercent: row.changeRatio.shift(2),
    lastVolume: row.lastVolume,
    dayVolume: row.dayVolume,
    dayValue: row.dayValue,
    volume24h: row.volume24h,
    value24h: row.value24h,
    high52w,
    high52wDate,
    low52w,
    low52wDate,
    tradeTimeMs: row.tradeTimeMs,
    timestampMs: row.timestampMs,
    lastSide,
    dayAskVolume,
    dayBidVolume,
    marketState,
    marketWarning,
    tradingSuspended,
  };
};

const fromParts = (row: RestRow | SocketRow): Ticker => ({
  market: row.market,
  price: row.price,
  ...(row.open !== undefined && { open: row.open }),
  ...(row.dayHigh !== undefined && { dayHigh: row.dayHigh }),
  ...(row.dayLow !== undefined && { dayLow: row.dayLow }),
  ...(row.previousClose !== undefined && { previousClose: row.previousClose }),
  change: row.change,
  changeAmount: row.changeAmount,
  changeRatio: row.changeRatio,
  changePercent: row.changeRatio.shift(2),
  lastVolume: row.lastVolume,
  dayVolume: row.dayVolume,
  dayValue: row.dayValue,
  volume24h: row.volume24h,
  value24h: row.value24h,
  ...(row.high52w !== undefined && { high52w: row.high52w }),
  ...(row.high52wDate !== undefined && { high52wDate: row.high52wDate }),
  ...(row.low52w !== undefined && { low52w: row.low52w }),
  ...(row.low52wDate !== undefined && { low52wDate: row.low52wDate }),
  tradeTimeMs: row.tradeTimeMs,
  timestampMs: row.timestampMs,
  ...("stream" in row && socketOnly(row)),
});

const socketOnly = (row: SocketRow) => ({
  ...(row.lastSide !== undefined && { lastSide: row.lastSide }),
  ...(row.dayAskVolume !== undefined && { dayAskVolume: row.dayAskVolume }),
  ...(row.dayBidVolume !== undefined && { dayBidVolume: row.dayBidVolume }),
  ...(row.marketState !== undefined && { marketState: row.marketState }),
  ...(row.delistingDate !== undefined && { delistingDate: row.delistingDate }),
  ...(row.marketWarning !== undefined && { marketWarning: row.marketWarning }),
  ...(row.tradingSuspended !== undefined && { tradingSuspended: row.tradingSuspended }),
});

/** Wire to domain, as Schemas: from REST, from the socket's DEFAULT and from its SIMPLE spelling. */
export const RestTicker = domainSchema(restTicker, "full", Ticker, toTicker);
export const SocketTicker = domainSchema(socketTicker, "full", Ticker, toTicker);
export const SimpleTicker = domainSchema(socketTicker, "simple", Ticker, toTicker);

/** The market of a ticker that says it was never traded in: neither the price nor the time of a trade is there. Of these alone, either is an error. */
export const untradedMarket = (record: unknown, spelling: Spelling, codeField: string): Market | undefined => {
  if (typeof record !== "object" || record === null) return undefined;
  const value = record as Readonly<Record<string, unknown>>; // any object may be asked for its members
  if (value[spelt(figures.price, spelling)] !== null || value[spelt(figures.tradeTimeMs, spelling)] !== null) return undefined;
  const code = value[codeField];
  return typeof code === "string" ? Result.getOrUndefined(parseMarket(code)) : undefined;
};
