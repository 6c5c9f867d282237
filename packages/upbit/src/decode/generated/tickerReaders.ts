/**
 * Made by `node scripts/generateReaders.ts` from the tables of fields; not to be changed by hand. Each function reads the usual object of its
 * shape, in which every field is there and good, and gives `undefined` for any other: the loop over the table then reads it, and says what is
 * wrong.
 */
import * as fields from "../FieldType.ts";
import { membersOf } from "../Quick.ts";

export const restTickerFull = (wire: unknown, isExact: boolean) => {
  if (!fields.isRecord(wire) || (isExact && membersOf(wire) !== 26)) return undefined;
  const market = fields.market.read(wire["market"]);
  if (market === undefined) return undefined;
  const openWire = wire["opening_price"];
  const open = openWire === null ? undefined : fields.price.read(openWire);
  if (open === undefined && openWire !== null) return undefined;
  const dayHighWire = wire["high_price"];
  const dayHigh = dayHighWire === null ? undefined : fields.price.read(dayHighWire);
  if (dayHigh === undefined && dayHighWire !== null) return undefined;
  const dayLowWire = wire["low_price"];
  const dayLow = dayLowWire === null ? undefined : fields.price.read(dayLowWire);
  if (dayLow === undefined && dayLowWire !== null) return undefined;
  const price = fields.price.read(wire["trade_price"]);
  if (price === undefined) return undefined;
  const previousCloseWire = wire["prev_closing_price"];
  const previousClose = previousCloseWire === null ? undefined : fields.amount.read(previousCloseWire);
  if (previousClose === undefined && previousCloseWire !== null) return undefined;
  const change = fields.change.read(wire["change"]);
  if (change === undefined) return undefined;
  const unsignedAmountWire = wire["change_price"];
  const unsignedAmount = unsignedAmountWire === null ? undefined : fields.amount.read(unsignedAmountWire);
  if (unsignedAmount === undefined && unsignedAmountWire !== null) return undefined;
  const changeAmount = fields.decimal.read(wire["signed_change_price"]);
  if (changeAmount === undefined) return undefined;
  const unsignedRatioWire = wire["change_rate"];
  const unsignedRatio = unsignedRatioWire === null ? undefined : fields.amount.read(unsignedRatioWire);
  if (unsignedRatio === undefined && unsignedRatioWire !== null) return undefined;
  const changeRatio = fields.decimal.read(wire["signed_change_rate"]);
  if (changeRatio === undefined) return undefined;
  const lastVolume = fields.amount.read(wire["trade_volume"]);
  if (lastVolume === undefined) return undefined;
  const dayVolume = fields.amount.read(wire["acc_trade_volume"]);
  if (dayVolume === undefined) return undefined;
  const dayValue = fields.amount.read(wire["acc_trade_price"]);
  if (dayValue === undefined) return undefined;
  const volume24h = fields.amount.read(wire["acc_trade_volume_24h"]);
  if (volume24h === undefined) return undefined;
  const value24h = fields.amount.read(wire["acc_trade_price_24h"]);
  if (value24h === undefined) return undefined;
  const tradeDateWire = wire["trade_date"];
  const tradeDate = tradeDateWire === null ? undefined : fields.compactDate.read(tradeDateWire);
  if (tradeDate === undefined && tradeDateWire !== null) return undefined;
  const tradeTimeWire = wire["trade_time"];
  const tradeTime = tradeTimeWire === null ? undefined : fields.compactTime.read(tradeTimeWire);
  if (tradeTime === undefined && tradeTimeWire !== null) return undefined;
  const tradeTimeMs = fields.millis.read(wire["trade_timestamp"]);
  if (tradeTimeMs === undefined) return undefined;
  const high52wWire = wire["highest_52_week_price"];
  const high52w = high52wWire === null ? undefined : fields.price.read(high52wWire);
  if (high52w === undefined && high52wWire !== null) return undefined;
  const high52wDateWire = wire["highest_52_week_date"];
  const high52wDate = high52wDateWire === null ? undefined : fields.date.read(high52wDateWire);
  if (high52wDate === undefined && high52wDateWire !== null) return undefined;
  const low52wWire = wire["lowest_52_week_price"];
  const low52w = low52wWire === null ? undefined : fields.price.read(low52wWire);
  if (low52w === undefined && low52wWire !== null) return undefined;
  const low52wDateWire = wire["lowest_52_week_date"];
  const low52wDate = low52wDateWire === null ? undefined : fields.date.read(low52wDateWire);
  if (low52wDate === undefined && low52wDateWire !== null) return undefined;
  const timestampMs = fields.millis.read(wire["timestamp"]);
  if (timestampMs === undefined) return undefined;
  const tradeDateKoreaWire = wire["trade_date_kst"];
  const tradeDateKorea = tradeDateKoreaWire === null ? undefined : fields.compactDate.read(tradeDateKoreaWire);
  if (tradeDateKorea === undefined && tradeDateKoreaWire !== null) return undefined;
  const tradeTimeKoreaWire = wire["trade_time_kst"];
  const tradeTimeKorea = tradeTimeKoreaWire === null ? undefined : fields.compactTime.read(tradeTimeKoreaWire);
  if (tradeTimeKorea === undefined && tradeTimeKoreaWire !== null) return undefined;
  return {
    market,
    open,
    dayHigh,
    dayLow,
    price,
    previousClose,
    change,
    unsignedAmount,
    changeAmount,
    unsignedRatio,
    changeRatio,
    lastVolume,
    dayVolume,
    dayValue,
    volume24h,
    value24h,
    tradeDate,
    tradeTime,
    tradeTimeMs,
    high52w,
    high52wDate,
    low52w,
    low52wDate,
    timestampMs,
    tradeDateKorea,
    tradeTimeKorea,
  };
};

export const socketTickerFull = (wire: unknown, isExact: boolean) => {
  if (!fields.isRecord(wire) || (isExact && membersOf(wire) !== 33)) return undefined;
  const type = fields.text.read(wire["type"]);
  if (type === undefined) return undefined;
  const market = fields.market.read(wire["code"]);
  if (market === undefined) return undefined;
  const openWire = wire["opening_price"];
  const open = openWire === null ? undefined : fields.price.read(openWire);
  if (open === undefined && openWire !== null) return undefined;
  const dayHighWire = wire["high_price"];
  const dayHigh = dayHighWire === null ? undefined : fields.price.read(dayHighWire);
  if (dayHigh === undefined && dayHighWire !== null) return undefined;
  const dayLowWire = wire["low_price"];
  const dayLow = dayLowWire === null ? undefined : fields.price.read(dayLowWire);
  if (dayLow === undefined && dayLowWire !== null) return undefined;
  const price = fields.price.read(wire["trade_price"]);
  if (price === undefined) return undefined;
  const previousCloseWire = wire["prev_closing_price"];
  const previousClose = previousCloseWire === null ? undefined : fields.amount.read(previousCloseWire);
  if (previousClose === undefined && previousCloseWire !== null) return undefined;
  const change = fields.change.read(wire["change"]);
  if (change === undefined) return undefined;
  const unsignedAmountWire = wire["change_price"];
  const unsignedAmount = unsignedAmountWire === null ? undefined : fields.amount.read(unsignedAmountWire);
  if (unsignedAmount === undefined && unsignedAmountWire !== null) return undefined;
  const changeAmount = fields.decimal.read(wire["signed_change_price"]);
  if (changeAmount === undefined) return undefined;
  const unsignedRatioWire = wire["change_rate"];
  const unsignedRatio = unsignedRatioWire === null ? undefined : fields.amount.read(unsignedRatioWire);
  if (unsignedRatio === undefined && unsignedRatioWire !== null) return undefined;
  const changeRatio = fields.decimal.read(wire["signed_change_rate"]);
  if (changeRatio === undefined) return undefined;
  const lastVolume = fields.amount.read(wire["trade_volume"]);
  if (lastVolume === undefined) return undefined;
  const dayVolume = fields.amount.read(wire["acc_trade_volume"]);
  if (dayVolume === undefined) return undefined;
  const dayValue = fields.amount.read(wire["acc_trade_price"]);
  if (dayValue === undefined) return undefined;
  const volume24h = fields.amount.read(wire["acc_trade_volume_24h"]);
  if (volume24h === undefined) return undefined;
  const value24h = fields.amount.read(wire["acc_trade_price_24h"]);
  if (value24h === undefined) return undefined;
  const tradeDateWire = wire["trade_date"];
  const tradeDate = tradeDateWire === null ? undefined : fields.compactDate.read(tradeDateWire);
  if (tradeDate === undefined && tradeDateWire !== null) return undefined;
  const tradeTimeWire = wire["trade_time"];
  const tradeTime = tradeTimeWire === null ? undefined : fields.compactTime.read(tradeTimeWire);
  if (tradeTime === undefined && tradeTimeWire !== null) return undefined;
  const tradeTimeMs = fields.millis.read(wire["trade_timestamp"]);
  if (tradeTimeMs === undefined) return undefined;
  const high52wWire = wire["highest_52_week_price"];
  const high52w = high52wWire === null ? undefined : fields.price.read(high52wWire);
  if (high52w === undefined && high52wWire !== null) return undefined;
  const high52wDateWire = wire["highest_52_week_date"];
  const high52wDate = high52wDateWire === null ? undefined : fields.date.read(high52wDateWire);
  if (high52wDate === undefined && high52wDateWire !== null) return undefined;
  const low52wWire = wire["lowest_52_week_price"];
  const low52w = low52wWire === null ? undefined : fields.price.read(low52wWire);
  if (low52w === undefined && low52wWire !== null) return undefined;
  const low52wDateWire = wire["lowest_52_week_date"];
  const low52wDate = low52wDateWire === null ? undefined : fields.date.read(low52wDateWire);
  if (low52wDate === undefined && low52wDateWire !== null) return undefined;
  const timestampMs = fields.millis.read(wire["timestamp"]);
  if (timestampMs === undefined) return undefined;
  const lastSideWire = wire["ask_bid"];
  const lastSide = lastSideWire === null ? undefined : fields.side.read(lastSideWire);
  if (lastSide === undefined && lastSideWire !== null) return undefined;
  const dayAskVolumeWire = wire["acc_ask_volume"];
  const dayAskVolume = dayAskVolumeWire === null ? undefined : fields.amount.read(dayAskVolumeWire);
  if (dayAskVolume === undefined && dayAskVolumeWire !== null) return undefined;
  const dayBidVolumeWire = wire["acc_bid_volume"];
  const dayBidVolume = dayBidVolumeWire === null ? undefined : fields.amount.read(dayBidVolumeWire);
  if (dayBidVolume === undefined && dayBidVolumeWire !== null) return undefined;
  const marketStateWire = wire["market_state"];
  const marketState = marketStateWire === null ? undefined : fields.text.read(marketStateWire);
  if (marketState === undefined && marketStateWire !== null) return undefined;
  const tradingSuspendedWire = wire["is_trading_suspended"];
  const tradingSuspended = tradingSuspendedWire === null ? undefined : fields.flag.read(tradingSuspendedWire);
  if (tradingSuspended === undefined && tradingSuspendedWire !== null) return undefined;
  const delistingDateWire = wire["delisting_date"];
  const delistingDate = delistingDateWire === null ? undefined : fields.text.read(delistingDateWire);
  if (delistingDate === undefined && delistingDateWire !== null) return undefined;
  const marketWarningWire = wire["market_warning"];
  const marketWarning = marketWarningWire === null ? undefined : fields.text.read(marketWarningWire);
  if (marketWarning === undefined && marketWarningWire !== null) return undefined;
  const stream = fields.text.read(wire["stream_type"]);
  if (stream === undefined) return undefined;
  return {
    type,
    market,
    open,
    dayHigh,
    dayLow,
    price,
    previousClose,
    change,
    unsignedAmount,
    changeAmount,
    unsignedRatio,
    changeRatio,
    lastVolume,
    dayVolume,
    dayValue,
    volume24h,
    value24h,
    tradeDate,
    tradeTime,
    tradeTimeMs,
    high52w,
    high52wDate,
    low52w,
    low52wDate,
    timestampMs,
    lastSide,
    dayAskVolume,
    dayBidVolume,
    marketState,
    tradingSuspended,
    delistingDate,
    marketWarning,
    stream,
  };
};

export const socketTickerSimple = (wire: unknown, isExact: boolean) => {
  if (!fields.isRecord(wire) || (isExact && membersOf(wire) !== 33)) return undefined;
  const type = fields.text.read(wire["ty"]);
  if (type === undefined) return undefined;
  const market = fields.market.read(wire["cd"]);
  if (market === undefined) return undefined;
  const openWire = wire["op"];
  const open = openWire === null ? undefined : fields.price.read(openWire);
  if (open === undefined && openWire !== null) return undefined;
  const dayHighWire = wire["hp"];
  const dayHigh = dayHighWire === null ? undefined : fields.price.read(dayHighWire);
  if (dayHigh === undefined && dayHighWire !== null) return undefined;
  const dayLowWire = wire["lp"];
  const dayLow = dayLowWire === null ? undefined : fields.price.read(dayLowWire);
  if (dayLow === undefined && dayLowWire !== null) return undefined;
  const price = fields.price.read(wire["tp"]);
  if (price === undefined) return undefined;
  const previousCloseWire = wire["pcp"];
  const previousClose = previousCloseWire === null ? undefined : fields.amount.read(previousCloseWire);
  if (previousClose === undefined && previousCloseWire !== null) return undefined;
  const change = fields.change.read(wire["c"]);
  if (change === undefined) return undefined;
  const unsignedAmountWire = wire["cp"];
  const unsignedAmount = unsignedAmountWire === null ? undefined : fields.amount.read(unsignedAmountWire);
  if (unsignedAmount === undefined && unsignedAmountWire !== null) return undefined;
  const changeAmount = fields.decimal.read(wire["scp"]);
  if (changeAmount === undefined) return undefined;
  const unsignedRatioWire = wire["cr"];
  const unsignedRatio = unsignedRatioWire === null ? undefined : fields.amount.read(unsignedRatioWire);
  if (unsignedRatio === undefined && unsignedRatioWire !== null) return undefined;
  const changeRatio = fields.decimal.read(wire["scr"]);
  if (changeRatio === undefined) return undefined;
  const lastVolume = fields.amount.read(wire["tv"]);
  if (lastVolume === undefined) return undefined;
  const dayVolume = fields.amount.read(wire["atv"]);
  if (dayVolume === undefined) return undefined;
  const dayValue = fields.amount.read(wire["atp"]);
  if (dayValue === undefined) return undefined;
  const volume24h = fields.amount.read(wire["atv24h"]);
  if (volume24h === undefined) return undefined;
  const value24h = fields.amount.read(wire["atp24h"]);
  if (value24h === undefined) return undefined;
  const tradeDateWire = wire["tdt"];
  const tradeDate = tradeDateWire === null ? undefined : fields.compactDate.read(tradeDateWire);
  if (tradeDate === undefined && tradeDateWire !== null) return undefined;
  const tradeTimeWire = wire["ttm"];
  const tradeTime = tradeTimeWire === null ? undefined : fields.compactTime.read(tradeTimeWire);
  if (tradeTime === undefined && tradeTimeWire !== null) return undefined;
  const tradeTimeMs = fields.millis.read(wire["ttms"]);
  if (tradeTimeMs === undefined) return undefined;
  const high52wWire = wire["h52wp"];
  const high52w = high52wWire === null ? undefined : fields.price.read(high52wWire);
  if (high52w === undefined && high52wWire !== null) return undefined;
  const high52wDateWire = wire["h52wdt"];
  const high52wDate = high52wDateWire === null ? undefined : fields.date.read(high52wDateWire);
  if (high52wDate === undefined && high52wDateWire !== null) return undefined;
  const low52wWire = wire["l52wp"];
  const low52w = low52wWire === null ? undefined : fields.price.read(low52wWire);
  if (low52w === undefined && low52wWire !== null) return undefined;
  const low52wDateWire = wire["l52wdt"];
  const low52wDate = low52wDateWire === null ? undefined : fields.date.read(low52wDateWire);
  if (low52wDate === undefined && low52wDateWire !== null) return undefined;
  const timestampMs = fields.millis.read(wire["tms"]);
  if (timestampMs === undefined) return undefined;
  const lastSideWire = wire["ab"];
  const lastSide = lastSideWire === null ? undefined : fields.side.read(lastSideWire);
  if (lastSide === undefined && lastSideWire !== null) return undefined;
  const dayAskVolumeWire = wire["aav"];
  const dayAskVolume = dayAskVolumeWire === null ? undefined : fields.amount.read(dayAskVolumeWire);
  if (dayAskVolume === undefined && dayAskVolumeWire !== null) return undefined;
  const dayBidVolumeWire = wire["abv"];
  const dayBidVolume = dayBidVolumeWire === null ? undefined : fields.amount.read(dayBidVolumeWire);
  if (dayBidVolume === undefined && dayBidVolumeWire !== null) return undefined;
  const marketStateWire = wire["ms"];
  const marketState = marketStateWire === null ? undefined : fields.text.read(marketStateWire);
  if (marketState === undefined && marketStateWire !== null) return undefined;
  const tradingSuspendedWire = wire["its"];
  const tradingSuspended = tradingSuspendedWire === null ? undefined : fields.flag.read(tradingSuspendedWire);
  if (tradingSuspended === undefined && tradingSuspendedWire !== null) return undefined;
  const delistingDateWire = wire["dd"];
  const delistingDate = delistingDateWire === null ? undefined : fields.text.read(delistingDateWire);
  if (delistingDate === undefined && delistingDateWire !== null) return undefined;
  const marketWarningWire = wire["mw"];
  const marketWarning = marketWarningWire === null ? undefined : fields.text.read(marketWarningWire);
  if (marketWarning === undefined && marketWarningWire !== null) return undefined;
  const stream = fields.text.read(wire["st"]);
  if (stream === undefined) return undefined;
  return {
    type,
    market,
    open,
    dayHigh,
    dayLow,
    price,
    previousClose,
    change,
    unsignedAmount,
    changeAmount,
    unsignedRatio,
    changeRatio,
    lastVolume,
    dayVolume,
    dayValue,
    volume24h,
    value24h,
    tradeDate,
    tradeTime,
    tradeTimeMs,
    high52w,
    high52wDate,
    low52w,
    low52wDate,
    timestampMs,
    lastSide,
    dayAskVolume,
    dayBidVolume,
    marketState,
    tradingSuspended,
    delistingDate,
    marketWarning,
    stream,
  };
};
