/**
 * From the places of a scanned frame to the domain. A frame that says everything, as nearly all do, becomes its value in one step and always the
 * same shape of object, which the engine then reads fastest; of any other a row is made, and the general path's own functions make the value.
 */
import type { Candle } from "@naru/router/domain/Candle";
import type { Decimal } from "@naru/router/domain/Decimal";
import { makeOrderbook, type Orderbook, type PriceLevel } from "@naru/router/domain/Orderbook";
import type { Market } from "@naru/router/domain/Market";
import type { Change, Side, Ticker } from "@naru/router/domain/Ticker";
import type { Trade } from "@naru/router/domain/Trade";
import { DecodeError } from "@naru/router/errors/MarketDataError";
import { socketCandle, toSocketCandle } from "../CandleShape.ts";
import { orderbookUnit, socketOrderbook } from "../OrderbookShape.ts";
import type { Fields, Row, Spelling } from "../Shape.ts";
import { socketTicker, toTicker } from "../TickerShape.ts";
import { socketTrade, toTrade } from "../TradeShape.ts";
import type { ObjectScanner } from "./ObjectScanner.ts";
import { type Slots, valueKind } from "./Slots.ts";

/** The place of each field, by our names. */
const placesOf = <F extends Fields>(fields: F): { readonly [K in keyof F]: number } =>
  Object.fromEntries(Object.keys(fields).map((name, index) => [name, index])) as { [K in keyof F]: number };

const ticker = placesOf(socketTicker.fields);
const tickerFields = Object.keys(ticker).length;

/** Fields of a ticker that mostly stay as they are from one to the next. */
export const steadyOfTicker: ReadonlySet<number> = new Set([
  ...[ticker.open, ticker.dayHigh, ticker.dayLow, ticker.previousClose],
  ...[ticker.high52w, ticker.high52wDate, ticker.low52w, ticker.low52wDate],
  ...[ticker.marketState, ticker.tradingSuspended, ticker.delistingDate, ticker.marketWarning],
]);

/** A market that is not to be delisted says null there, and nothing else. */
const isUsualTicker = (slots: Slots): boolean => slots.fills === tickerFields - 1 && slots.filled[ticker.delistingDate] === 0;

export const tickerOf = (s: ObjectScanner, slots: Slots): Ticker => {
  // The row has a value for each field that the table's own types read.
  if (!isUsualTicker(slots)) return toTicker(rowOf(s, slots) as Row<typeof socketTicker.fields>);
  const { fields } = s;
  const known = fields === undefined ? 0 : s.known;
  // Of a run that is known there was a message before.
  const before = s.before as Required<Ticker>;
  const bits = slots.runBits;
  const changeRatio = s.decimalAt(ticker.changeRatio);
  const value: Ticker = {
    market: s.values[ticker.market] as Market,
    price: s.decimalAt(ticker.price),
    open: (known & bits[ticker.open]!) === 0 ? s.decimalAt(ticker.open) : before.open,
    dayHigh: (known & bits[ticker.dayHigh]!) === 0 ? s.decimalAt(ticker.dayHigh) : before.dayHigh,
    dayLow: (known & bits[ticker.dayLow]!) === 0 ? s.decimalAt(ticker.dayLow) : before.dayLow,
    previousClose: (known & bits[ticker.previousClose]!) === 0 ? s.decimalAt(ticker.previousClose) : before.previousClose,
    change: s.values[ticker.change] as Change,
    changeAmount: s.decimalAt(ticker.changeAmount),
    changeRatio,
    changePercent: changeRatio.shift(2),
    lastVolume: s.decimalAt(ticker.lastVolume),
    dayVolume: s.decimalAt(ticker.dayVolume),
    dayValue: s.decimalAt(ticker.dayValue),
    volume24h: s.decimalAt(ticker.volume24h),
    value24h: s.decimalAt(ticker.value24h),
    high52w: (known & bits[ticker.high52w]!) === 0 ? s.decimalAt(ticker.high52w) : before.high52w,
    high52wDate: (known & bits[ticker.high52wDate]!) === 0 ? (s.values[ticker.high52wDate] as string) : before.high52wDate,
    low52w: (known & bits[ticker.low52w]!) === 0 ? s.decimalAt(ticker.low52w) : before.low52w,
    low52wDate: (known & bits[ticker.low52wDate]!) === 0 ? (s.values[ticker.low52wDate] as string) : before.low52wDate,
    tradeTimeMs: s.mantissas[ticker.tradeTimeMs]!,
    timestampMs: s.mantissas[ticker.timestampMs]!,
    lastSide: s.values[ticker.lastSide] as Side,
    dayAskVolume: s.decimalAt(ticker.dayAskVolume),
    dayBidVolume: s.decimalAt(ticker.dayBidVolume),
    marketState: (known & bits[ticker.marketState]!) === 0 ? (s.values[ticker.marketState] as string) : before.marketState,
    marketWarning: (known & bits[ticker.marketWarning]!) === 0 ? (s.values[ticker.marketWarning] as string) : before.marketWarning,
    tradingSuspended:
      (known & bits[ticker.tradingSuspended]!) === 0 ? (s.values[ticker.tradingSuspended] as boolean) : before.tradingSuspended,
  };
  fields?.settle(value);
  return value;
};

const trade = placesOf(socketTrade.fields);
const tradeFields = Object.keys(trade).length;

export const tradeOf = (s: ObjectScanner, slots: Slots): Trade => {
  // A best quote of 0 stands for none.
  if (slots.fills !== tradeFields || s.mantissas[trade.bestAsk] === 0 || s.mantissas[trade.bestBid] === 0)
    return toTrade(rowOf(s, slots) as Row<typeof socketTrade.fields>);
  const change = s.values[trade.change] as Change;
  const amount = s.decimalAt(trade.unsignedAmount);
  return {
    market: s.values[trade.market] as Market,
    id: s.values[trade.id] as string,
    price: s.decimalAt(trade.price),
    volume: s.decimalAt(trade.volume),
    side: s.values[trade.side] as Side,
    tradeTimeMs: s.mantissas[trade.tradeTimeMs]!,
    previousClose: s.decimalAt(trade.previousClose),
    change,
    changeAmount: change === "FALL" ? amount.negate() : amount,
    sentTimeMs: s.mantissas[trade.sentTimeMs]!,
    bestAsk: s.decimalAt(trade.bestAsk),
    bestAskSize: s.decimalAt(trade.bestAskSize),
    bestBid: s.decimalAt(trade.bestBid),
    bestBidSize: s.decimalAt(trade.bestBidSize),
  };
};

const book = placesOf(socketOrderbook.fields);
const unit = placesOf(orderbookUnit.fields);
const unitFields = Object.keys(unit).length;

/**
 * Undefined where a side is not in order, or offers something at price 0: the general path sorts it, or says what is wrong. Rows that are as they
 * were in the market's book before are its own levels.
 */
export const orderbookOf = (s: ObjectScanner, slots: Slots): Orderbook | undefined => {
  const { memory } = s;
  const asks = sideOf(s, slots.size + unit.ask, slots.size + unit.askSize, 1, memory.asks);
  const bids = asks && sideOf(s, slots.size + unit.bid, slots.size + unit.bidSize, -1, memory.bids);
  // What was put into the memory is of this book, in part: it stands for it, or for none.
  memory.keep(s.bytes, s.rowStarts, bids === undefined ? 0 : s.rows);
  if (asks === undefined || bids === undefined) return undefined;
  const market = s.values[book.market] as Market;
  const timestampMs = s.mantissas[book.timestampMs]!;
  const totalAskSize = s.decimalAt(book.totalAskSize);
  const totalBidSize = s.decimalAt(book.totalBidSize);
  return makeOrderbook(
    slots.filled[book.level] === 1
      ? { market, timestampMs, asks, bids, totalAskSize, totalBidSize, level: s.decimalAt(book.level) }
      : { market, timestampMs, asks, bids, totalAskSize, totalBidSize },
  );
};

/** The rows lie one after the other; `price` and `size` are the places of the first. `kept` has the level of each row before, and gets that of each. */
const sideOf = (
  s: ObjectScanner,
  price: number,
  size: number,
  direction: 1 | -1,
  kept: Array<PriceLevel | undefined>,
): ReadonlyArray<PriceLevel> | undefined => {
  const { mantissas, isKnown, rows } = s;
  let isPadded = false;
  let last: PriceLevel | undefined;
  // Two neighbours of the book before are in order.
  let isLastKnown = false;
  for (let row = 0; row < rows; row++) {
    let level: PriceLevel | undefined;
    if (isKnown[row] === 1) level = kept[row];
    else {
      const at = row * unitFields;
      if (mantissas[size + at] !== 0) {
        if (mantissas[price + at] === 0) return undefined;
        level = { price: s.decimalAt(price + at), size: s.decimalAt(size + at) };
      }
      kept[row] = level;
    }
    if (level === undefined) {
      isPadded = true;
      continue;
    }
    if (last !== undefined && !(isLastKnown && isKnown[row] === 1) && !isBeyond(last.price, level.price, direction)) return undefined;
    last = level;
    isLastKnown = isKnown[row] === 1;
  }
  // One copy of what is remembered, of the right length at once.
  const levels = kept.slice(0, rows);
  return isPadded ? levels.filter((level) => level !== undefined) : (levels as Array<PriceLevel>); // each was seen above
};

/** Whether the price `after` is surely farther from the best than the one `before`. What two doubles do not tell apart is not sure. */
const isBeyond = (before: Decimal, after: Decimal, direction: 1 | -1): boolean => (after.number - before.number) * direction > 0;

const candle = placesOf(socketCandle.fields);
const candleFields = Object.keys(candle).length;

/** Undefined where the type is none of a candle, or the window not of its grid. */
export const candleOf = (s: ObjectScanner, slots: Slots, spelling: Spelling): Candle | undefined => {
  const row =
    slots.fills === candleFields
      ? {
          type: s.values[candle.type] as string,
          market: s.values[candle.market] as Market,
          openTimeMs: s.mantissas[candle.openTimeMs]!,
          openTimeKorea: undefined,
          open: s.decimalAt(candle.open),
          high: s.decimalAt(candle.high),
          low: s.decimalAt(candle.low),
          close: s.decimalAt(candle.close),
          volume: s.decimalAt(candle.volume),
          value: s.decimalAt(candle.value),
          lastTradeTimeMs: s.mantissas[candle.lastTradeTimeMs]!,
          stream: s.values[candle.stream] as string,
        }
      : (rowOf(s, slots) as Row<typeof socketCandle.fields>);
  const value = toSocketCandle(row, "", spelling);
  return value instanceof DecodeError ? undefined : value;
};

/** The message as the general path gives it: by our names, `undefined` for what has no value. Not for books. */
const rowOf = (s: ObjectScanner, slots: Slots): Record<string, unknown> => {
  const row: Record<string, unknown> = {};
  for (const [field, name] of slots.names.entries())
    row[name] = slots.filled[field] === 1 ? valueAt(s, slots.kinds[field]!, field) : undefined;
  return row;
};

const valueAt = (s: ObjectScanner, kind: number, place: number): unknown => {
  if (kind === valueKind.integer || kind === valueKind.moment) return s.mantissas[place];
  if (kind === valueKind.decimal || kind === valueKind.amount || kind === valueKind.price) return s.decimalAt(place);
  // Times of day are checked and not kept.
  return s.values[place];
};
