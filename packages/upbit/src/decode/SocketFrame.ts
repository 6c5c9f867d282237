/**
 * Socket messages: text or binary, one object or a list of them, in full or abbreviated spelling. Which one it is shows in the message
 * itself, so a frame that was still under way when the format changed is read as well. Nothing here throws, and a bad element of a list
 * costs only itself.
 */
import * as Result from "effect/Result";
import { parseMarket } from "@naru/router/domain/Market";
import type { Kind } from "@naru/router/domain/Question";
import type { StreamKey } from "@naru/router/domain/StreamKey";
import { DecodeError } from "@naru/router/errors/MarketDataError";
import { decodeUtf8, parseExactJson } from "@naru/router/transport/ExactJson";
import type { SocketMessage } from "@naru/router/transport/Venue";
import { socketFailure } from "../errors.ts";
import { intervalOfType, socketCandle, toSocketCandle } from "./CandleShape.ts";
import { isRecord } from "./FieldType.ts";
import { socketOrderbook, toOrderbook } from "./OrderbookShape.ts";
import { expected, member, schemaError, type Spelling, UnknownFields } from "./Shape.ts";
import { socketTicker, toTicker, untradedMarket } from "./TickerShape.ts";
import type { Cause } from "./scan/Cause.ts";
import { FrameScanner } from "./scan/FrameScanner.ts";
import { socketTrade, toTrade } from "./TradeShape.ts";

/** Reads the messages of one connection or of many; `onGeneral` is told of one that the scanner left to the general path, and why. */
export const makeFrameDecoder = () => {
  const scanner = new FrameScanner();
  return (data: Uint8Array | string, unknown?: UnknownFields, onGeneral?: (cause: Cause) => void): ReadonlyArray<SocketMessage> => {
    // The exchange sends bytes; text is what tests and tapes hold.
    const scanned = typeof data === "string" ? undefined : scanner.scan(data);
    if (scanned !== undefined) return scanned;
    if (typeof data !== "string" && scanner.cause !== undefined) onGeneral?.(scanner.cause);
    return decodeGenerally(data, unknown);
  };
};

/** Reads one message. Names of unknown fields go to `unknown`, if given. */
export const decodeSocketMessage = makeFrameDecoder();

/** The meaning of {@link decodeSocketMessage}, several times slower: JSON first, then field by field, with errors that say where. */
export const decodeGenerally = (data: Uint8Array | string, unknown: UnknownFields = new UnknownFields()): ReadonlyArray<SocketMessage> => {
  const json = typeof data === "string" ? parseExactJson(data) : Result.flatMap(decodeUtf8(data), parseExactJson);
  if (Result.isFailure(json)) return [data.length === 0 ? undecodable(json.failure) : lost(json.failure)];
  const value = json.success;
  return Array.isArray(value) ? value.map((element, i) => decodeElement(element, `[${i}]`, unknown)) : [decodeElement(value, "", unknown)];
};

/** Not about the market, or empty. */
const undecodable = (error: DecodeError): SocketMessage => ({ _tag: "Undecodable", error });

/** About the market, of a kind if that could be read: whoever counts on every frame must know what is missing. */
const lost = (error: DecodeError, kind?: Kind, code?: unknown): SocketMessage => {
  const market = typeof code === "string" ? Result.getOrUndefined(parseMarket(code)) : undefined;
  return {
    _tag: "Undecodable",
    error,
    lost: { ...(kind === undefined ? {} : { kind }), ...(market === undefined ? {} : { market }) },
  };
};

/** A frame whose server knew neither `type` nor `ty` has no spelling; those with `ty` are abbreviated. */
const decodeElement = (value: unknown, path: string, unknown: UnknownFields): SocketMessage => {
  if (!isRecord(value)) return lost(schemaError(path, expected("an object", value)));
  if (Object.hasOwn(value, "type")) return decodeData(value["type"], value, path, "full", unknown);
  if (Object.hasOwn(value, "ty")) return decodeData(value["ty"], value, path, "simple", unknown);
  if (Object.hasOwn(value, "error")) return { _tag: "Failure", error: socketFailure(value["error"]) };
  if (typeof value["status"] === "string") return { _tag: "Status", status: value["status"].slice(0, 60) };
  if (Object.hasOwn(value, "method") || Object.hasOwn(value, "mthd")) return decodeSubscriptions(value, path);
  return lost(schemaError(member(path, "type"), "is missing"));
};

const decodeData = (
  type: unknown,
  value: Readonly<Record<string, unknown>>,
  path: string,
  spelling: Spelling,
  unknown: UnknownFields,
): SocketMessage => {
  const code = value[spelling === "full" ? "code" : "cd"];
  switch (type) {
    case "ticker": {
      const row = socketTicker.read[spelling](value, path, unknown);
      if (row instanceof DecodeError) return untradedOf(value, spelling) ?? lost(row, "ticker", code);
      return { _tag: "Ticker", value: toTicker(row), snapshot: isSnapshot(row) };
    }
    case "trade": {
      const row = socketTrade.read[spelling](value, path, unknown);
      return row instanceof DecodeError ? lost(row, "trades", code) : { _tag: "Trade", value: toTrade(row), snapshot: isSnapshot(row) };
    }
    case "orderbook": {
      const row = socketOrderbook.read[spelling](value, path, unknown);
      if (row instanceof DecodeError) return lost(row, "orderbook", code);
      const book = toOrderbook(row, path, spelling);
      return book instanceof DecodeError ? lost(book, "orderbook", code) : { _tag: "Orderbook", value: book, snapshot: isSnapshot(row) };
    }
    default: {
      const at = member(path, spelling === "full" ? "type" : "ty");
      if (typeof type !== "string" || !type.startsWith("candle.")) return lost(schemaError(at, expected("a known type", type)));
      const row = socketCandle.read[spelling](value, path, unknown);
      if (row instanceof DecodeError) return lost(row, "candles", code);
      const candle = toSocketCandle(row, path, spelling);
      return candle instanceof DecodeError ? lost(candle, "candles", code) : { _tag: "Candle", value: candle, snapshot: isSnapshot(row) };
    }
  }
};

const untradedOf = (value: Readonly<Record<string, unknown>>, spelling: Spelling): SocketMessage | undefined => {
  const market = untradedMarket(value, spelling, spelling === "full" ? "code" : "cd");
  return market === undefined ? undefined : { _tag: "Untraded", market };
};

const isSnapshot = (row: { readonly stream: string }): boolean => row.stream === "SNAPSHOT";

/** The answer to LIST_SUBSCRIPTIONS, as keys. What is no key of ours (a private type, a market of another form) is left out. */
const decodeSubscriptions = (value: Readonly<Record<string, unknown>>, path: string): SocketMessage => {
  const simple = !Object.hasOwn(value, "method");
  const [resultName, typeName, codesName] = simple ? ["rslt", "ty", "cds"] : ["result", "type", "codes"];
  const method = simple ? value["mthd"] : value["method"];
  if (method !== "LIST_SUBSCRIPTIONS") {
    return undecodable(schemaError(member(path, simple ? "mthd" : "method"), expected("LIST_SUBSCRIPTIONS", method)));
  }
  const result = value[resultName];
  const at = member(path, resultName);
  if (!Array.isArray(result)) return undecodable(schemaError(at, expected("a list", result)));
  const keys: Array<StreamKey> = [];
  for (let i = 0; i < result.length; i++) {
    const entry: unknown = result[i];
    const type = isRecord(entry) ? entry[typeName] : undefined;
    const codes = isRecord(entry) ? (entry[codesName] ?? []) : undefined;
    if (typeof type !== "string" || !isTexts(codes)) return undecodable(schemaError(`${at}[${i}]`, "expected a type and its codes"));
    for (const code of codes) {
      const key = subscribedKey(type, code);
      if (key !== undefined) keys.push(key);
    }
  }
  return { _tag: "Subscriptions", keys };
};

/** A book's code carries its depth; without one it is the deepest. */
const subscribedKey = (type: string, code: string): StreamKey | undefined => {
  const [name = "", depth] = type === "orderbook" ? code.split(".") : [code];
  const market = Result.getOrUndefined(parseMarket(name));
  const interval = intervalOfType(type);
  if (market === undefined) return undefined;
  if (type === "ticker") return { kind: "ticker", market };
  if (type === "trade") return { kind: "trades", market };
  if (type === "orderbook") return { kind: "orderbook", market, levels: depth === undefined ? 30 : Number(depth) };
  return interval === undefined ? undefined : { kind: "candles", market, interval };
};

const isTexts = (value: unknown): value is ReadonlyArray<string> => Array.isArray(value) && value.every((item) => typeof item === "string");
