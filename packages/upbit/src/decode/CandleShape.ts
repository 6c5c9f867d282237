/**
 * Candles on the wire. A candle's window starts at `candle_date_time_utc`; its `timestamp` is the last trade inside and says nothing about
 * the window. REST rows carry no closed flag, so their state is judged by the exchange's clock at the answer; a socket frame is never proof
 * of an end, so it is always forming.
 */
import { Candle, candleStateAt, type CandleState } from "@naru/router/domain/Candle";
import { type Interval, windowStart } from "@naru/router/domain/Interval";
import { DecodeError } from "@naru/router/errors/MarketDataError";
import type * as Schema from "effect/Schema";
import * as type from "./FieldType.ts";
import * as quick from "./generated/candleReaders.ts";
import { domainSchema, expected, member, nullable, optional, required, type Row, schemaError, shape, type Spelling } from "./Shape.ts";

const common = {
  openTimeMs: required(type.utcTime, "candle_date_time_utc", "cdttmu"),
  openTimeKorea: optional(type.koreanTime, "candle_date_time_kst", "cdttmk"),
  open: required(type.price, "opening_price", "op"),
  high: required(type.price, "high_price", "hp"),
  low: required(type.price, "low_price", "lp"),
  close: required(type.price, "trade_price", "tp"),
  volume: required(type.amount, "candle_acc_trade_volume", "catv"),
  value: required(type.amount, "candle_acc_trade_price", "catp"),
  lastTradeTimeMs: required(type.millis, "timestamp", "tms"),
};
const rest = { market: required(type.market, "market"), ...common };

/** A row of `/v1/candles/seconds`. */
export const secondCandle = shape(rest, { full: quick.secondCandleFull });
/** A row of `/v1/candles/minutes/{unit}`. */
export const minuteCandle = shape({ ...rest, unit: required(type.count, "unit") }, { full: quick.minuteCandleFull });
/** A row of `/v1/candles/days`. Its changes are signed. */
export const dayCandle = shape(
  {
    ...rest,
    previousClose: nullable(type.amount, "prev_closing_price"),
    changeAmount: nullable(type.decimal, "change_price"),
    changeRatio: nullable(type.decimal, "change_rate"),
    convertedClose: optional(type.amount, "converted_trade_price"),
  },
  { full: quick.dayCandleFull },
);
/** A row of `/v1/candles/weeks`, `months` and `years`. */
export const periodCandle = shape({ ...rest, firstDay: required(type.date, "first_day_of_period") }, { full: quick.periodCandleFull });

/** A socket frame of type `candle.{unit}`. */
export const socketCandle = shape(
  {
    type: required(type.text, "type", "ty"),
    market: required(type.market, "code", "cd"),
    ...common,
    stream: required(type.text, "stream_type", "st"),
  },
  { full: quick.socketCandleFull, simple: quick.socketCandleSimple },
);

type CommonRow = Row<typeof secondCandle.fields>;
export type RestRow = CommonRow & Partial<Row<typeof minuteCandle.fields> & Row<typeof dayCandle.fields> & Row<typeof periodCandle.fields>>;

/** The shape of an interval's REST rows. */
export const restCandle = (interval: Interval) => {
  if (interval === "1s") return secondCandle;
  if (interval === "1d") return dayCandle;
  return interval === "1w" || interval === "1M" || interval === "1y" ? periodCandle : minuteCandle;
};

/** Minutes of the intervals that REST and socket count in minutes. */
const minutes: ReadonlyMap<Interval, number> = new Map([
  ["1m", 1],
  ["3m", 3],
  ["5m", 5],
  ["10m", 10],
  ["15m", 15],
  ["30m", 30],
  ["1h", 60],
  ["4h", 240],
]);
/** Minutes of an interval that is counted in them. */
export const minutesOf = (interval: Interval): number | undefined => minutes.get(interval);
export const intervalOfMinutes = (unit: number): Interval | undefined => [...minutes].find(([, count]) => count === unit)?.[0];

/** The socket's name of an interval's stream; `undefined` where it has none (days and longer). */
export const streamType = (interval: Interval): string | undefined =>
  interval === "1s" ? "candle.1s" : minutes.has(interval) ? `candle.${minutes.get(interval)}m` : undefined;

const intervalsByType: ReadonlyMap<string, Interval> = new Map([
  ["candle.1s", "1s"],
  ...[...minutes].map(([interval, count]) => [`candle.${count}m`, interval] as const),
]);
export const intervalOfType = (streamTypeName: string): Interval | undefined => intervalsByType.get(streamTypeName);

/** A REST row of `interval`, judged at `exchangeNowMs`. A row of another unit, or off the interval's grid, is refused. */
export const toRestCandle =
  (interval: Interval, exchangeNowMs: number) =>
  (row: RestRow, path: string): Candle | DecodeError => {
    const unit = minutes.get(interval);
    if (row.unit !== undefined && row.unit !== unit) {
      return new DecodeError({ stage: "answer", path: member(path, "unit"), detail: `expected ${unit ?? interval}, got ${row.unit}` });
    }
    return toCandle(row, interval, candleStateAt(interval, row.openTimeMs, exchangeNowMs), path);
  };

/** A socket frame, whose type names the interval. */
export const toSocketCandle = (row: Row<typeof socketCandle.fields>, path: string, spelling: Spelling = "full"): Candle | DecodeError => {
  const interval = intervalsByType.get(row.type);
  if (interval === undefined) return schemaError(member(path, spelling === "full" ? "type" : "ty"), expected("a candle type", row.type));
  return toCandle(row, interval, "forming", path, spelling);
};

const toCandle = (
  row: RestRow,
  interval: Interval,
  state: CandleState,
  path: string,
  spelling: Spelling = "full",
): Candle | DecodeError => {
  if (!isOnGrid(interval, row.openTimeMs)) {
    const name = spelling === "full" ? "candle_date_time_utc" : "cdttmu";
    return schemaError(member(path, name), `is not the start of a window of ${interval}`);
  }
  const { market, openTimeMs, open, high, low, close, volume, value, lastTradeTimeMs } = row;
  const candle: Candle = { market, interval, openTimeMs, open, high, low, close, volume, value, lastTradeTimeMs, state };
  // Only days and longer say more.
  if (interval !== "1d" && interval !== "1w" && interval !== "1M" && interval !== "1y") return candle;
  return {
    ...candle,
    ...(row.previousClose !== undefined && { previousClose: row.previousClose }),
    ...(row.changeAmount !== undefined && { changeAmount: row.changeAmount }),
    ...(row.changeRatio !== undefined && { changeRatio: row.changeRatio }),
    ...(row.convertedClose !== undefined && { convertedClose: row.convertedClose }),
    ...(row.firstDay !== undefined && { firstDay: row.firstDay }),
  };
};

/** Weeks, months and years of a market's first days may start where the market did, so only the fixed grid is insisted on. */
export const isOnGrid = (interval: Interval, openTimeMs: number): boolean =>
  interval === "1w" || interval === "1M" || interval === "1y" || windowStart(interval, openTimeMs) === openTimeMs;

/** Wire to domain, as a Schema: a REST row of `interval`, its state judged at `exchangeNowMs`. */
export const restCandleSchema = (interval: Interval, exchangeNowMs: number): Schema.Codec<Candle, Readonly<Record<string, unknown>>> => {
  const convert = toRestCandle(interval, exchangeNowMs);
  if (interval === "1s") return domainSchema(secondCandle, "full", Candle, convert);
  if (interval === "1d") return domainSchema(dayCandle, "full", Candle, convert);
  if (interval === "1w" || interval === "1M" || interval === "1y") return domainSchema(periodCandle, "full", Candle, convert);
  return domainSchema(minuteCandle, "full", Candle, convert);
};
/** The same for the socket's DEFAULT and SIMPLE spelling. */
export const SocketCandle = domainSchema(socketCandle, "full", Candle, toSocketCandle);
export const SimpleCandle = domainSchema(socketCandle, "simple", Candle, (row, path) => toSocketCandle(row, path, "simple"));
