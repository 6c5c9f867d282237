/**
 * Made by `node scripts/generateReaders.ts` from the tables of fields; not to be changed by hand. Each function reads the usual object of its
 * shape, in which every field is there and good, and gives `undefined` for any other: the loop over the table then reads it, and says what is
 * wrong.
 */
import * as fields from "../FieldType.ts";
import { membersOf } from "../Quick.ts";

export const restTradeFull = (wire: unknown, isExact: boolean) => {
  if (!fields.isRecord(wire) || (isExact && membersOf(wire) !== 10)) return undefined;
  const market = fields.market.read(wire["market"]);
  if (market === undefined) return undefined;
  const tradeDate = fields.date.read(wire["trade_date_utc"]);
  if (tradeDate === undefined) return undefined;
  const tradeTime = fields.timeOfDay.read(wire["trade_time_utc"]);
  if (tradeTime === undefined) return undefined;
  const tradeTimeMs = fields.millis.read(wire["timestamp"]);
  if (tradeTimeMs === undefined) return undefined;
  const price = fields.price.read(wire["trade_price"]);
  if (price === undefined) return undefined;
  const volume = fields.amount.read(wire["trade_volume"]);
  if (volume === undefined) return undefined;
  const side = fields.side.read(wire["ask_bid"]);
  if (side === undefined) return undefined;
  const previousCloseWire = wire["prev_closing_price"];
  const previousClose = previousCloseWire === null ? undefined : fields.amount.read(previousCloseWire);
  if (previousClose === undefined && previousCloseWire !== null) return undefined;
  const id = fields.id.read(wire["sequential_id"]);
  if (id === undefined) return undefined;
  const signedAmountWire = wire["change_price"];
  const signedAmount = signedAmountWire === null ? undefined : fields.decimal.read(signedAmountWire);
  if (signedAmount === undefined && signedAmountWire !== null) return undefined;
  return { market, tradeDate, tradeTime, tradeTimeMs, price, volume, side, previousClose, id, signedAmount };
};

export const socketTradeFull = (wire: unknown, isExact: boolean) => {
  if (!fields.isRecord(wire) || (isExact && membersOf(wire) !== 18)) return undefined;
  const type = fields.text.read(wire["type"]);
  if (type === undefined) return undefined;
  const market = fields.market.read(wire["code"]);
  if (market === undefined) return undefined;
  const sentTimeMs = fields.millis.read(wire["timestamp"]);
  if (sentTimeMs === undefined) return undefined;
  const tradeDate = fields.date.read(wire["trade_date"]);
  if (tradeDate === undefined) return undefined;
  const tradeTime = fields.timeOfDay.read(wire["trade_time"]);
  if (tradeTime === undefined) return undefined;
  const tradeTimeMs = fields.millis.read(wire["trade_timestamp"]);
  if (tradeTimeMs === undefined) return undefined;
  const price = fields.price.read(wire["trade_price"]);
  if (price === undefined) return undefined;
  const volume = fields.amount.read(wire["trade_volume"]);
  if (volume === undefined) return undefined;
  const side = fields.side.read(wire["ask_bid"]);
  if (side === undefined) return undefined;
  const previousCloseWire = wire["prev_closing_price"];
  const previousClose = previousCloseWire === null ? undefined : fields.amount.read(previousCloseWire);
  if (previousClose === undefined && previousCloseWire !== null) return undefined;
  const id = fields.id.read(wire["sequential_id"]);
  if (id === undefined) return undefined;
  const change = fields.change.read(wire["change"]);
  if (change === undefined) return undefined;
  const unsignedAmountWire = wire["change_price"];
  const unsignedAmount = unsignedAmountWire === null ? undefined : fields.amount.read(unsignedAmountWire);
  if (unsignedAmount === undefined && unsignedAmountWire !== null) return undefined;
  const bestAskWire = wire["best_ask_price"];
  const bestAsk = bestAskWire === null ? undefined : fields.amount.read(bestAskWire);
  if (bestAsk === undefined && bestAskWire !== null) return undefined;
  const bestAskSizeWire = wire["best_ask_size"];
  const bestAskSize = bestAskSizeWire === null ? undefined : fields.amount.read(bestAskSizeWire);
  if (bestAskSize === undefined && bestAskSizeWire !== null) return undefined;
  const bestBidWire = wire["best_bid_price"];
  const bestBid = bestBidWire === null ? undefined : fields.amount.read(bestBidWire);
  if (bestBid === undefined && bestBidWire !== null) return undefined;
  const bestBidSizeWire = wire["best_bid_size"];
  const bestBidSize = bestBidSizeWire === null ? undefined : fields.amount.read(bestBidSizeWire);
  if (bestBidSize === undefined && bestBidSizeWire !== null) return undefined;
  const stream = fields.text.read(wire["stream_type"]);
  if (stream === undefined) return undefined;
  return {
    type,
    market,
    sentTimeMs,
    tradeDate,
    tradeTime,
    tradeTimeMs,
    price,
    volume,
    side,
    previousClose,
    id,
    change,
    unsignedAmount,
    bestAsk,
    bestAskSize,
    bestBid,
    bestBidSize,
    stream,
  };
};

export const socketTradeSimple = (wire: unknown, isExact: boolean) => {
  if (!fields.isRecord(wire) || (isExact && membersOf(wire) !== 18)) return undefined;
  const type = fields.text.read(wire["ty"]);
  if (type === undefined) return undefined;
  const market = fields.market.read(wire["cd"]);
  if (market === undefined) return undefined;
  const sentTimeMs = fields.millis.read(wire["tms"]);
  if (sentTimeMs === undefined) return undefined;
  const tradeDate = fields.date.read(wire["td"]);
  if (tradeDate === undefined) return undefined;
  const tradeTime = fields.timeOfDay.read(wire["ttm"]);
  if (tradeTime === undefined) return undefined;
  const tradeTimeMs = fields.millis.read(wire["ttms"]);
  if (tradeTimeMs === undefined) return undefined;
  const price = fields.price.read(wire["tp"]);
  if (price === undefined) return undefined;
  const volume = fields.amount.read(wire["tv"]);
  if (volume === undefined) return undefined;
  const side = fields.side.read(wire["ab"]);
  if (side === undefined) return undefined;
  const previousCloseWire = wire["pcp"];
  const previousClose = previousCloseWire === null ? undefined : fields.amount.read(previousCloseWire);
  if (previousClose === undefined && previousCloseWire !== null) return undefined;
  const id = fields.id.read(wire["sid"]);
  if (id === undefined) return undefined;
  const change = fields.change.read(wire["c"]);
  if (change === undefined) return undefined;
  const unsignedAmountWire = wire["cp"];
  const unsignedAmount = unsignedAmountWire === null ? undefined : fields.amount.read(unsignedAmountWire);
  if (unsignedAmount === undefined && unsignedAmountWire !== null) return undefined;
  const bestAskWire = wire["bap"];
  const bestAsk = bestAskWire === null ? undefined : fields.amount.read(bestAskWire);
  if (bestAsk === undefined && bestAskWire !== null) return undefined;
  const bestAskSizeWire = wire["bas"];
  const bestAskSize = bestAskSizeWire === null ? undefined : fields.amount.read(bestAskSizeWire);
  if (bestAskSize === undefined && bestAskSizeWire !== null) return undefined;
  const bestBidWire = wire["bbp"];
  const bestBid = bestBidWire === null ? undefined : fields.amount.read(bestBidWire);
  if (bestBid === undefined && bestBidWire !== null) return undefined;
  const bestBidSizeWire = wire["bbs"];
  const bestBidSize = bestBidSizeWire === null ? undefined : fields.amount.read(bestBidSizeWire);
  if (bestBidSize === undefined && bestBidSizeWire !== null) return undefined;
  const stream = fields.text.read(wire["st"]);
  if (stream === undefined) return undefined;
  return {
    type,
    market,
    sentTimeMs,
    tradeDate,
    tradeTime,
    tradeTimeMs,
    price,
    volume,
    side,
    previousClose,
    id,
    change,
    unsignedAmount,
    bestAsk,
    bestAskSize,
    bestBid,
    bestBidSize,
    stream,
  };
};
