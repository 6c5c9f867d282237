/**
 * Reads recorded material: one frame or body, whatever it is. What it holds is told by its fields, since a recording rarely says. Candles of
 * weeks, months and years look alike, so where more than one of these fits the interval must be named. A candle counts as closed only where
 * the body itself holds something later than its window: a window long over by now was perhaps still forming when it was recorded, and then
 * its figures are not final.
 */
import * as Result from "effect/Result";
import type { Candle } from "@naru/router/domain/Candle";
import { type Interval, intervals, nextWindowStart, windowStart } from "@naru/router/domain/Interval";
import type { MarketInfo } from "@naru/router/domain/Market";
import type { Orderbook } from "@naru/router/domain/Orderbook";
import type { Ticker } from "@naru/router/domain/Ticker";
import type { Trade } from "@naru/router/domain/Trade";
import type { DecodeError } from "@naru/router/errors/MarketDataError";
import { NumberToken, parseExactJson } from "@naru/router/transport/ExactJson";
import type { Decoded, SocketMessage } from "@naru/router/transport/Venue";
import { intervalOfMinutes } from "./decode/CandleShape.ts";
import * as type from "./decode/FieldType.ts";
import type { Instrument } from "./decode/MarketShape.ts";
import {
  decodeCandles,
  decodeInstruments,
  decodeMarkets,
  decodeOrderbooks,
  decodeSupportedLevels,
  decodeTickers,
  decodeTrades,
} from "./decode/RestBody.ts";
import { expected, schemaError, UnknownFields } from "./decode/Shape.ts";
import { decodeSocketMessage } from "./decode/SocketFrame.ts";

/** What may be said about a record beforehand. `candles:1w` names the interval, which is needed only where the rows do not show it. */
export type RecordedKind =
  | "ticker"
  | "orderbook"
  | "trades"
  | "candles"
  | `candles:${Interval}`
  | "markets"
  | "instruments"
  | "supported_levels"
  | "socket";

export type RecordedRows =
  | { readonly kind: "ticker"; readonly rows: ReadonlyArray<Ticker> }
  | { readonly kind: "orderbook"; readonly rows: ReadonlyArray<Orderbook> }
  | { readonly kind: "trades"; readonly rows: ReadonlyArray<Trade> }
  | { readonly kind: "candles"; readonly rows: ReadonlyArray<Candle> }
  | { readonly kind: "markets"; readonly rows: ReadonlyArray<MarketInfo> }
  | { readonly kind: "instruments" | "supported_levels"; readonly rows: ReadonlyArray<Instrument> };

/** Market data; or something that is on the wire and is none (`ignored` names it); or what cannot be read. */
export type Recorded =
  | (RecordedRows & { readonly rejected: ReadonlyArray<DecodeError>; readonly unknownFields: ReadonlyArray<string> })
  | { readonly ignored: string }
  | { readonly failed: DecodeError };

/** Reads the exact text of one frame or body. */
export const readRecorded = (text: string, kind?: RecordedKind): Recorded => {
  const parsed = parseExactJson(text);
  if (Result.isFailure(parsed)) return { failed: parsed.failure };
  const json = parsed.success;
  if (kind !== undefined && kind !== "socket") return readBody(text, json, kind);
  if (Array.isArray(json) && kind === undefined) {
    if (json.length === 0) return { ignored: "empty list" };
    if (json.every(type.isRecord) && json.some((part) => "ticket" in part)) return { ignored: "subscribe frame" };
    const found = restKind(json[0]);
    if (found !== undefined) return readBody(text, json, found);
  }
  return readFrame(text, json);
};

const readBody = (text: string, json: unknown, kind: Exclude<RecordedKind, "socket">): Recorded => {
  const body = { text, exchangeNowMs: latestTime(json) };
  switch (kind) {
    case "ticker":
      return listed(decodeTickers()(body), (rows) => ({ kind, rows }));
    case "orderbook":
      return listed(decodeOrderbooks()(body), (rows) => ({ kind, rows }));
    case "trades":
      return listed(decodeTrades()(body), (rows) => ({ kind, rows }));
    case "markets":
      return listed(decodeMarkets()(body), (rows) => ({ kind, rows }));
    case "instruments":
      return listed(decodeInstruments()(body), (rows) => ({ kind, rows }));
    case "supported_levels":
      return listed(decodeSupportedLevels()(body), (rows) => ({ kind, rows }));
    default: {
      const named = intervals.find((interval) => kind === `candles:${interval}`);
      const interval = named ?? intervalOfRows(json);
      if (interval === undefined) return { failed: schemaError("", "rows do not show their interval; name it, as in candles:1w") };
      return listed(decodeCandles(interval)(body), (rows) => ({ kind: "candles", rows }));
    }
  }
};

const listed = <A>(decoded: Result.Result<Decoded<A>, DecodeError>, label: (rows: ReadonlyArray<A>) => RecordedRows): Recorded =>
  Result.match(decoded, {
    onFailure: (failed) => ({ failed }),
    onSuccess: ({ rows, rejected, unknownFields }) => ({ ...label(rows), rejected, unknownFields }),
  });

/** What a REST row is, by the field that only its kind has. */
const restKind = (row: unknown): Exclude<RecordedKind, "socket"> | undefined => {
  if (!type.isRecord(row) || !("market" in row)) return undefined;
  if ("candle_date_time_utc" in row) return "candles";
  if ("orderbook_units" in row) return "orderbook";
  if ("sequential_id" in row) return "trades";
  if ("english_name" in row) return "markets";
  if ("tick_size" in row) return "instruments";
  if ("supported_levels" in row) return "supported_levels";
  return "acc_trade_price_24h" in row ? "ticker" : undefined;
};

const readFrame = (text: string, json: unknown): Recorded => {
  if (type.isRecord(json)) {
    // The gateway's and the quotation API's bodies name their errors in numbers or small letters, the socket in capitals.
    if (type.isRecord(json["error"])) {
      const { name } = json["error"];
      return { ignored: typeof name === "string" && /^[A-Z_]+$/.test(name) ? "error frame" : "error body" };
    }
    if ("ask_price" in json && "bid_price" in json && !("market" in json)) return { ignored: "fragment" };
  }
  const unknown = new UnknownFields();
  const messages = decodeSocketMessage(text, unknown);
  const failures = messages.flatMap((message) => (message._tag === "Undecodable" ? [message.error] : []));
  const data = messages.filter(isData);
  const first = data[0];
  const [failed] = failures;
  if (first === undefined && failed !== undefined) return { failed };
  if (first === undefined) return { ignored: messages[0]?._tag === "Subscriptions" ? "subscriptions frame" : "status frame" };
  const mixed = data.find((message) => message._tag !== first._tag);
  if (mixed !== undefined) return { failed: schemaError("", expected(`a list of ${first._tag} only`, mixed._tag)) };
  return { ...sameKind(first, data), rejected: failures, unknownFields: unknown.names };
};

type DataMessage = Extract<SocketMessage, { readonly snapshot: boolean }>;
const isData = (message: SocketMessage): message is DataMessage => "snapshot" in message;

const sameKind = (first: DataMessage, data: ReadonlyArray<DataMessage>): RecordedRows => {
  switch (first._tag) {
    case "Ticker":
      return { kind: "ticker", rows: data.flatMap((message) => (message._tag === "Ticker" ? [message.value] : [])) };
    case "Orderbook":
      return { kind: "orderbook", rows: data.flatMap((message) => (message._tag === "Orderbook" ? [message.value] : [])) };
    case "Trade":
      return { kind: "trades", rows: data.flatMap((message) => (message._tag === "Trade" ? [message.value] : [])) };
    case "Candle":
      return { kind: "candles", rows: data.flatMap((message) => (message._tag === "Candle" ? [message.value] : [])) };
  }
};

const recordsOf = (json: unknown): ReadonlyArray<Readonly<Record<string, unknown>>> =>
  Array.isArray(json) ? json.filter(type.isRecord) : [];

/** The latest moment that the body itself proves: its newest `timestamp`. */
const latestTime = (json: unknown): number =>
  recordsOf(json).reduce((latest, row) => Math.max(latest, type.millis.read(row["timestamp"]) ?? 0), 0);

/** The interval of candle rows: by their unit, by the fields of a day, or the only one whose windows hold every row's start and last trade. */
const intervalOfRows = (json: unknown): Interval | undefined => {
  const rows = recordsOf(json);
  const first = rows[0];
  if (first === undefined) return undefined;
  if (first["unit"] instanceof NumberToken) return intervalOfMinutes(Number(first["unit"].text));
  if (!("first_day_of_period" in first)) return "prev_closing_price" in first ? "1d" : "1s";
  const fitting = (["1w", "1M", "1y"] as const).filter((interval) =>
    rows.every((row) => {
      const start = type.utcTime.read(row["candle_date_time_utc"]);
      const last = type.millis.read(row["timestamp"]);
      return start !== undefined && last !== undefined && windowStart(interval, start) === start && last < nextWindowStart(interval, start);
    }),
  );
  return fitting.length === 1 ? fitting[0] : undefined;
};
