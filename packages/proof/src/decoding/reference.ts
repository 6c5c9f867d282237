/**
 * The messages of a text by the plainest means there are: `JSON.parse` with the source of each number, and the loop over the table of fields. It
 * learns nothing from what was read before. Undefined in place of a message that is no market data, or is wrong.
 */
import * as Result from "effect/Result";
import { parseSlowly } from "@naru/router/transport/ExactJson";
import { DecodeError } from "@naru/router/errors/MarketDataError";
import { socketCandle, toSocketCandle } from "@naru/upbit/decode/CandleShape";
import { isRecord } from "@naru/upbit/decode/FieldType";
import { socketOrderbook, toOrderbook } from "@naru/upbit/decode/OrderbookShape";
import { type Spelling, UnknownFields } from "@naru/upbit/decode/Shape";
import { socketTicker, toTicker } from "@naru/upbit/decode/TickerShape";
import { socketTrade, toTrade } from "@naru/upbit/decode/TradeShape";

/** Of each element; none at all where the text is no JSON. */
export const referenceOf = (text: string): ReadonlyArray<object | undefined> => {
  const json = parseSlowly(text);
  if (Result.isFailure(json)) return [undefined];
  return Array.isArray(json.success) ? json.success.map(valueOf) : [valueOf(json.success)];
};

const valueOf = (wire: unknown): object | undefined => {
  if (!isRecord(wire)) return undefined;
  const spelling: Spelling = Object.hasOwn(wire, "type") ? "full" : "simple";
  const type = spelling === "full" ? wire["type"] : Object.hasOwn(wire, "ty") ? wire["ty"] : undefined;
  const value = typeof type === "string" ? readAs(type, wire, spelling) : undefined;
  return value instanceof DecodeError ? undefined : value;
};

const readAs = (type: string, wire: object, spelling: Spelling): object | undefined => {
  const unknown = new UnknownFields();
  if (type === "ticker") {
    const row = socketTicker.readByTable[spelling](wire, "", unknown);
    return row instanceof DecodeError ? row : toTicker(row);
  }
  if (type === "trade") {
    const row = socketTrade.readByTable[spelling](wire, "", unknown);
    return row instanceof DecodeError ? row : toTrade(row);
  }
  if (type === "orderbook") {
    const row = socketOrderbook.readByTable[spelling](wire, "", unknown);
    return row instanceof DecodeError ? row : toOrderbook(row, "", spelling);
  }
  if (!type.startsWith("candle.")) return undefined;
  const row = socketCandle.readByTable[spelling](wire, "", unknown);
  return row instanceof DecodeError ? row : toSocketCandle(row, "", spelling);
};
