/**
 * Made by `node scripts/generateReaders.ts` from the tables of fields; not to be changed by hand. Each function reads the usual object of its
 * shape, in which every field is there and good, and gives `undefined` for any other: the loop over the table then reads it, and says what is
 * wrong.
 */
import * as fields from "../FieldType.ts";
import { membersOf } from "../Quick.ts";

export const secondCandleFull = (wire: unknown, isExact: boolean) => {
  if (!fields.isRecord(wire) || (isExact && membersOf(wire) !== 10)) return undefined;
  const market = fields.market.read(wire["market"]);
  if (market === undefined) return undefined;
  const openTimeMs = fields.utcTime.read(wire["candle_date_time_utc"]);
  if (openTimeMs === undefined) return undefined;
  const openTimeKoreaWire = wire["candle_date_time_kst"];
  const openTimeKorea = openTimeKoreaWire === null ? undefined : fields.koreanTime.read(openTimeKoreaWire);
  if (openTimeKorea === undefined && openTimeKoreaWire !== null) return undefined;
  const open = fields.price.read(wire["opening_price"]);
  if (open === undefined) return undefined;
  const high = fields.price.read(wire["high_price"]);
  if (high === undefined) return undefined;
  const low = fields.price.read(wire["low_price"]);
  if (low === undefined) return undefined;
  const close = fields.price.read(wire["trade_price"]);
  if (close === undefined) return undefined;
  const volume = fields.amount.read(wire["candle_acc_trade_volume"]);
  if (volume === undefined) return undefined;
  const value = fields.amount.read(wire["candle_acc_trade_price"]);
  if (value === undefined) return undefined;
  const lastTradeTimeMs = fields.millis.read(wire["timestamp"]);
  if (lastTradeTimeMs === undefined) return undefined;
  return { market, openTimeMs, openTimeKorea, open, high, low, close, volume, value, lastTradeTimeMs };
};

export const minuteCandleFull = (wire: unknown, isExact: boolean) => {
  if (!fields.isRecord(wire) || (isExact && membersOf(wire) !== 11)) return undefined;
  const market = fields.market.read(wire["market"]);
  if (market === undefined) return undefined;
  const openTimeMs = fields.utcTime.read(wire["candle_date_time_utc"]);
  if (openTimeMs === undefined) return undefined;
  const openTimeKoreaWire = wire["candle_date_time_kst"];
  const openTimeKorea = openTimeKoreaWire === null ? undefined : fields.koreanTime.read(openTimeKoreaWire);
  if (openTimeKorea === undefined && openTimeKoreaWire !== null) return undefined;
  const open = fields.price.read(wire["opening_price"]);
  if (open === undefined) return undefined;
  const high = fields.price.read(wire["high_price"]);
  if (high === undefined) return undefined;
  const low = fields.price.read(wire["low_price"]);
  if (low === undefined) return undefined;
  const close = fields.price.read(wire["trade_price"]);
  if (close === undefined) return undefined;
  const volume = fields.amount.read(wire["candle_acc_trade_volume"]);
  if (volume === undefined) return undefined;
  const value = fields.amount.read(wire["candle_acc_trade_price"]);
  if (value === undefined) return undefined;
  const lastTradeTimeMs = fields.millis.read(wire["timestamp"]);
  if (lastTradeTimeMs === undefined) return undefined;
  const unit = fields.count.read(wire["unit"]);
  if (unit === undefined) return undefined;
  return { market, openTimeMs, openTimeKorea, open, high, low, close, volume, value, lastTradeTimeMs, unit };
};

export const dayCandleFull = (wire: unknown, isExact: boolean) => {
  if (!fields.isRecord(wire) || (isExact && membersOf(wire) !== 14)) return undefined;
  const market = fields.market.read(wire["market"]);
  if (market === undefined) return undefined;
  const openTimeMs = fields.utcTime.read(wire["candle_date_time_utc"]);
  if (openTimeMs === undefined) return undefined;
  const openTimeKoreaWire = wire["candle_date_time_kst"];
  const openTimeKorea = openTimeKoreaWire === null ? undefined : fields.koreanTime.read(openTimeKoreaWire);
  if (openTimeKorea === undefined && openTimeKoreaWire !== null) return undefined;
  const open = fields.price.read(wire["opening_price"]);
  if (open === undefined) return undefined;
  const high = fields.price.read(wire["high_price"]);
  if (high === undefined) return undefined;
  const low = fields.price.read(wire["low_price"]);
  if (low === undefined) return undefined;
  const close = fields.price.read(wire["trade_price"]);
  if (close === undefined) return undefined;
  const volume = fields.amount.read(wire["candle_acc_trade_volume"]);
  if (volume === undefined) return undefined;
  const value = fields.amount.read(wire["candle_acc_trade_price"]);
  if (value === undefined) return undefined;
  const lastTradeTimeMs = fields.millis.read(wire["timestamp"]);
  if (lastTradeTimeMs === undefined) return undefined;
  const previousCloseWire = wire["prev_closing_price"];
  const previousClose = previousCloseWire === null ? undefined : fields.amount.read(previousCloseWire);
  if (previousClose === undefined && previousCloseWire !== null) return undefined;
  const changeAmountWire = wire["change_price"];
  const changeAmount = changeAmountWire === null ? undefined : fields.decimal.read(changeAmountWire);
  if (changeAmount === undefined && changeAmountWire !== null) return undefined;
  const changeRatioWire = wire["change_rate"];
  const changeRatio = changeRatioWire === null ? undefined : fields.decimal.read(changeRatioWire);
  if (changeRatio === undefined && changeRatioWire !== null) return undefined;
  const convertedCloseWire = wire["converted_trade_price"];
  const convertedClose = convertedCloseWire === null ? undefined : fields.amount.read(convertedCloseWire);
  if (convertedClose === undefined && convertedCloseWire !== null) return undefined;
  return {
    market,
    openTimeMs,
    openTimeKorea,
    open,
    high,
    low,
    close,
    volume,
    value,
    lastTradeTimeMs,
    previousClose,
    changeAmount,
    changeRatio,
    convertedClose,
  };
};

export const periodCandleFull = (wire: unknown, isExact: boolean) => {
  if (!fields.isRecord(wire) || (isExact && membersOf(wire) !== 11)) return undefined;
  const market = fields.market.read(wire["market"]);
  if (market === undefined) return undefined;
  const openTimeMs = fields.utcTime.read(wire["candle_date_time_utc"]);
  if (openTimeMs === undefined) return undefined;
  const openTimeKoreaWire = wire["candle_date_time_kst"];
  const openTimeKorea = openTimeKoreaWire === null ? undefined : fields.koreanTime.read(openTimeKoreaWire);
  if (openTimeKorea === undefined && openTimeKoreaWire !== null) return undefined;
  const open = fields.price.read(wire["opening_price"]);
  if (open === undefined) return undefined;
  const high = fields.price.read(wire["high_price"]);
  if (high === undefined) return undefined;
  const low = fields.price.read(wire["low_price"]);
  if (low === undefined) return undefined;
  const close = fields.price.read(wire["trade_price"]);
  if (close === undefined) return undefined;
  const volume = fields.amount.read(wire["candle_acc_trade_volume"]);
  if (volume === undefined) return undefined;
  const value = fields.amount.read(wire["candle_acc_trade_price"]);
  if (value === undefined) return undefined;
  const lastTradeTimeMs = fields.millis.read(wire["timestamp"]);
  if (lastTradeTimeMs === undefined) return undefined;
  const firstDay = fields.date.read(wire["first_day_of_period"]);
  if (firstDay === undefined) return undefined;
  return { market, openTimeMs, openTimeKorea, open, high, low, close, volume, value, lastTradeTimeMs, firstDay };
};

export const socketCandleFull = (wire: unknown, isExact: boolean) => {
  if (!fields.isRecord(wire) || (isExact && membersOf(wire) !== 12)) return undefined;
  const type = fields.text.read(wire["type"]);
  if (type === undefined) return undefined;
  const market = fields.market.read(wire["code"]);
  if (market === undefined) return undefined;
  const openTimeMs = fields.utcTime.read(wire["candle_date_time_utc"]);
  if (openTimeMs === undefined) return undefined;
  const openTimeKoreaWire = wire["candle_date_time_kst"];
  const openTimeKorea = openTimeKoreaWire === null ? undefined : fields.koreanTime.read(openTimeKoreaWire);
  if (openTimeKorea === undefined && openTimeKoreaWire !== null) return undefined;
  const open = fields.price.read(wire["opening_price"]);
  if (open === undefined) return undefined;
  const high = fields.price.read(wire["high_price"]);
  if (high === undefined) return undefined;
  const low = fields.price.read(wire["low_price"]);
  if (low === undefined) return undefined;
  const close = fields.price.read(wire["trade_price"]);
  if (close === undefined) return undefined;
  const volume = fields.amount.read(wire["candle_acc_trade_volume"]);
  if (volume === undefined) return undefined;
  const value = fields.amount.read(wire["candle_acc_trade_price"]);
  if (value === undefined) return undefined;
  const lastTradeTimeMs = fields.millis.read(wire["timestamp"]);
  if (lastTradeTimeMs === undefined) return undefined;
  const stream = fields.text.read(wire["stream_type"]);
  if (stream === undefined) return undefined;
  return { type, market, openTimeMs, openTimeKorea, open, high, low, close, volume, value, lastTradeTimeMs, stream };
};

export const socketCandleSimple = (wire: unknown, isExact: boolean) => {
  if (!fields.isRecord(wire) || (isExact && membersOf(wire) !== 12)) return undefined;
  const type = fields.text.read(wire["ty"]);
  if (type === undefined) return undefined;
  const market = fields.market.read(wire["cd"]);
  if (market === undefined) return undefined;
  const openTimeMs = fields.utcTime.read(wire["cdttmu"]);
  if (openTimeMs === undefined) return undefined;
  const openTimeKoreaWire = wire["cdttmk"];
  const openTimeKorea = openTimeKoreaWire === null ? undefined : fields.koreanTime.read(openTimeKoreaWire);
  if (openTimeKorea === undefined && openTimeKoreaWire !== null) return undefined;
  const open = fields.price.read(wire["op"]);
  if (open === undefined) return undefined;
  const high = fields.price.read(wire["hp"]);
  if (high === undefined) return undefined;
  const low = fields.price.read(wire["lp"]);
  if (low === undefined) return undefined;
  const close = fields.price.read(wire["tp"]);
  if (close === undefined) return undefined;
  const volume = fields.amount.read(wire["catv"]);
  if (volume === undefined) return undefined;
  const value = fields.amount.read(wire["catp"]);
  if (value === undefined) return undefined;
  const lastTradeTimeMs = fields.millis.read(wire["tms"]);
  if (lastTradeTimeMs === undefined) return undefined;
  const stream = fields.text.read(wire["st"]);
  if (stream === undefined) return undefined;
  return { type, market, openTimeMs, openTimeKorea, open, high, low, close, volume, value, lastTradeTimeMs, stream };
};
