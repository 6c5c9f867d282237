/** Short ways from a fixture's text to our value, for tests. */
import * as Result from "effect/Result";
import type { Interval } from "@naru/router/domain/Interval";
import type { Decoded, RestBody, SocketMessage } from "@naru/router/transport/Venue";
import type { DecodeError } from "@naru/router/errors/MarketDataError";
import { decodeCandles, decodeMarkets, decodeOrderbooks, decodeTickers, decodeTrades } from "../src/decode/RestBody.ts";
import { decodeSocketMessage } from "../src/decode/SocketFrame.ts";
import * as wire from "./wire.ts";

/** A day after everything in the fixtures. */
export const later = Date.UTC(2030, 0, 1);

type DecodeBody = (body: RestBody) => Result.Result<Decoded<object>, DecodeError>;

export interface Case {
  readonly name: string;
  readonly fields: ReadonlyArray<wire.WireField>;
  readonly rest: DecodeBody | undefined;
  readonly socket: boolean;
}

const candles = (interval: Interval) => decodeCandles(interval);

/** Every shape of the wire that becomes market data. */
export const cases: ReadonlyArray<Case> = [
  { name: "ticker", fields: wire.ticker, rest: decodeTickers(), socket: true },
  { name: "trade", fields: wire.trade, rest: decodeTrades(), socket: true },
  { name: "orderbook", fields: wire.orderbook, rest: decodeOrderbooks(), socket: true },
  { name: "minute candle", fields: wire.minuteCandle, rest: candles("1m"), socket: true },
  { name: "second candle", fields: wire.secondCandle, rest: candles("1s"), socket: true },
  { name: "day candle", fields: wire.dayCandle, rest: candles("1d"), socket: false },
  { name: "week candle", fields: wire.weekCandle, rest: candles("1w"), socket: false },
  { name: "market", fields: wire.market, rest: decodeMarkets(), socket: false },
];

export const readList = (decode: DecodeBody, text: string): Decoded<object> => Result.getOrThrow(decode({ text, exchangeNowMs: later }));

/** The one row of a body with one record. Throws what was rejected. */
export const readRow = (decode: DecodeBody, record: ReadonlyMap<string, string>): object => {
  const { rows, rejected } = readList(decode, `[${wire.write(record)}]`);
  const [row] = rows;
  if (row === undefined) throw rejected[0] ?? new Error("no row");
  return row;
};

export const valueOf = (message: SocketMessage | undefined): object => {
  if (message !== undefined && "value" in message) return message.value;
  throw message !== undefined && message._tag === "Undecodable" ? message.error : new Error(`no data: ${message?._tag}`);
};

/** The value of a frame. Throws what could not be read. */
export const readFrame = (text: string | Uint8Array): object => valueOf(decodeSocketMessage(text)[0]);

/** The value of a record on a channel of a case. */
export const readOn = (one: Case, channel: wire.Channel, record: ReadonlyMap<string, string>): object => {
  if (channel !== "rest") return readFrame(wire.write(record));
  if (one.rest === undefined) throw new Error(`${one.name} has no REST shape`);
  return readRow(one.rest, record);
};

export const channelsOf = (one: Case): ReadonlyArray<wire.Channel> => [
  ...(one.rest === undefined ? [] : (["rest"] as const)),
  ...(one.socket ? (["full", "simple"] as const) : []),
];
