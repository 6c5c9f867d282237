/**
 * Made by `node scripts/generateReaders.ts` from the tables of fields; not to be changed by hand. Each function reads the usual object of its
 * shape, in which every field is there and good, and gives `undefined` for any other: the loop over the table then reads it, and says what is
 * wrong.
 */
import * as fields from "../FieldType.ts";
import { listOf, membersOf } from "../Quick.ts";

export const orderbookUnitFull = (wire: unknown, isExact: boolean) => {
  if (!fields.isRecord(wire) || (isExact && membersOf(wire) !== 4)) return undefined;
  const ask = fields.amount.read(wire["ask_price"]);
  if (ask === undefined) return undefined;
  const bid = fields.amount.read(wire["bid_price"]);
  if (bid === undefined) return undefined;
  const askSize = fields.amount.read(wire["ask_size"]);
  if (askSize === undefined) return undefined;
  const bidSize = fields.amount.read(wire["bid_size"]);
  if (bidSize === undefined) return undefined;
  return { ask, bid, askSize, bidSize };
};

export const orderbookUnitSimple = (wire: unknown, isExact: boolean) => {
  if (!fields.isRecord(wire) || (isExact && membersOf(wire) !== 4)) return undefined;
  const ask = fields.amount.read(wire["ap"]);
  if (ask === undefined) return undefined;
  const bid = fields.amount.read(wire["bp"]);
  if (bid === undefined) return undefined;
  const askSize = fields.amount.read(wire["as"]);
  if (askSize === undefined) return undefined;
  const bidSize = fields.amount.read(wire["bs"]);
  if (bidSize === undefined) return undefined;
  return { ask, bid, askSize, bidSize };
};

export const restOrderbookFull = (wire: unknown, isExact: boolean) => {
  if (!fields.isRecord(wire) || (isExact && membersOf(wire) !== 6)) return undefined;
  const market = fields.market.read(wire["market"]);
  if (market === undefined) return undefined;
  const timestampMs = fields.millis.read(wire["timestamp"]);
  if (timestampMs === undefined) return undefined;
  const totalAskSize = fields.amount.read(wire["total_ask_size"]);
  if (totalAskSize === undefined) return undefined;
  const totalBidSize = fields.amount.read(wire["total_bid_size"]);
  if (totalBidSize === undefined) return undefined;
  const units = listOf(orderbookUnitFull, wire["orderbook_units"], isExact);
  if (units === undefined) return undefined;
  const levelWire = wire["level"];
  const level = levelWire === null ? undefined : fields.amount.read(levelWire);
  if (level === undefined && levelWire !== null) return undefined;
  return { market, timestampMs, totalAskSize, totalBidSize, units, level };
};

export const socketOrderbookFull = (wire: unknown, isExact: boolean) => {
  if (!fields.isRecord(wire) || (isExact && membersOf(wire) !== 8)) return undefined;
  const type = fields.text.read(wire["type"]);
  if (type === undefined) return undefined;
  const market = fields.market.read(wire["code"]);
  if (market === undefined) return undefined;
  const timestampMs = fields.millis.read(wire["timestamp"]);
  if (timestampMs === undefined) return undefined;
  const totalAskSize = fields.amount.read(wire["total_ask_size"]);
  if (totalAskSize === undefined) return undefined;
  const totalBidSize = fields.amount.read(wire["total_bid_size"]);
  if (totalBidSize === undefined) return undefined;
  const units = listOf(orderbookUnitFull, wire["orderbook_units"], isExact);
  if (units === undefined) return undefined;
  const levelWire = wire["level"];
  const level = levelWire === null ? undefined : fields.amount.read(levelWire);
  if (level === undefined && levelWire !== null) return undefined;
  const stream = fields.text.read(wire["stream_type"]);
  if (stream === undefined) return undefined;
  return { type, market, timestampMs, totalAskSize, totalBidSize, units, level, stream };
};

export const socketOrderbookSimple = (wire: unknown, isExact: boolean) => {
  if (!fields.isRecord(wire) || (isExact && membersOf(wire) !== 8)) return undefined;
  const type = fields.text.read(wire["ty"]);
  if (type === undefined) return undefined;
  const market = fields.market.read(wire["cd"]);
  if (market === undefined) return undefined;
  const timestampMs = fields.millis.read(wire["tms"]);
  if (timestampMs === undefined) return undefined;
  const totalAskSize = fields.amount.read(wire["tas"]);
  if (totalAskSize === undefined) return undefined;
  const totalBidSize = fields.amount.read(wire["tbs"]);
  if (totalBidSize === undefined) return undefined;
  const units = listOf(orderbookUnitSimple, wire["obu"], isExact);
  if (units === undefined) return undefined;
  const levelWire = wire["lv"];
  const level = levelWire === null ? undefined : fields.amount.read(levelWire);
  if (level === undefined && levelWire !== null) return undefined;
  const stream = fields.text.read(wire["st"]);
  if (stream === undefined) return undefined;
  return { type, market, timestampMs, totalAskSize, totalBidSize, units, level, stream };
};
