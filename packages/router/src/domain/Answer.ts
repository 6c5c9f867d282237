/** A value with its provenance, and the JSON document that programs in other languages read. */
import * as Schema from "effect/Schema";
import { MarketDataError } from "../errors/MarketDataError.ts";
import { Candle } from "./Candle.ts";
import type { Market } from "./Market.ts";
import { Orderbook } from "./Orderbook.ts";
import type { Provenance } from "./Provenance.ts";
import type { Kind } from "./Question.ts";
import { Ticker } from "./Ticker.ts";
import { Trade } from "./Trade.ts";

export interface Answer<A> {
  readonly kind: Kind;
  readonly market: Market;
  readonly value: A;
  readonly provenance: Provenance;
}

/** The answers to a question about several markets, in the order asked; one bad market never spoils the rest. */
export interface Answers<A> {
  readonly answers: ReadonlyArray<Answer<A>>;
  readonly failures: ReadonlyArray<{ readonly market: string; readonly error: MarketDataError }>;
}

/** What each kind of question is answered with. Trades and candles are oldest first. */
export interface ValueOf {
  readonly ticker: Ticker;
  readonly orderbook: Orderbook;
  readonly trades: ReadonlyArray<Trade>;
  readonly candles: ReadonlyArray<Candle>;
}

type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [key: string]: Json };

const encode = {
  ticker: rowEncoder(Ticker),
  orderbook: rowEncoder(Orderbook),
  trades: rowEncoder(Trade),
  candles: rowEncoder(Candle),
} as const;

/** One row of a kind as JSON: decimals as strings, every field present, null where the exchange gave nothing. */
export const rowToJson = (kind: Kind, row: unknown): Json => encode[kind](row);

/** The value of an answer as JSON: a row, a list of them, or the columns of many, whose numbers are plain ones. */
export const valueToJson = (kind: Kind, value: unknown): Json => {
  if (Array.isArray(value)) return value.map((row: unknown) => rowToJson(kind, row));
  return isColumnar(value) ? columnsToJson(value) : rowToJson(kind, value);
};

const isColumnar = (value: unknown): value is object =>
  typeof value === "object" && value !== null && Object.values(value).some((column) => ArrayBuffer.isView(column));

const columnsToJson = (columns: object): Json =>
  Object.fromEntries(
    // What is no column is text, a number or a range already.
    Object.entries(columns).map(([name, column]) => [name, column instanceof Float64Array ? [...column] : (column as Json)]),
  );

/** The document of an answer: null, never absent; times ISO 8601 in UTC; ages in milliseconds. */
export const answerToJson = (answer: Answer<unknown>): Json => {
  const { exchangeTimeMs, receivedTimeMs, ...rest } = answer.provenance;
  const value = valueToJson(answer.kind, answer.value);
  return {
    kind: answer.kind,
    market: answer.market,
    value,
    provenance: {
      venue: rest.venue,
      simulated: rest.simulated,
      tier: rest.tier,
      channel: rest.channel,
      exchangeTime: exchangeTimeMs === null ? null : new Date(exchangeTimeMs).toISOString(),
      receivedTime: new Date(receivedTimeMs).toISOString(),
      valueAgeMs: rest.valueAgeMs,
      confirmedAgeMs: rest.confirmedAgeMs,
      stale: rest.stale,
      staleReason: rest.staleReason,
      reason: rest.reason,
      confidence: rest.confidence,
      scores: { ...rest.scores },
      attempts: rest.attempts.map((attempt) => ({ ...attempt })),
      mode: rest.mode,
      requestId: rest.requestId,
    },
  };
};

const encodeError = Schema.encodeSync(Schema.toCodecJson(MarketDataError));

/** An error as JSON, with its message and whether trying again can help. */
export const errorToJson = (error: MarketDataError): Json => ({
  ...(encodeError(error) as { readonly [key: string]: Json }),
  message: error.message,
  retryable: error.retryable,
  retryAfterMs: error.retryAfterMs,
});

function rowEncoder<S extends Schema.Struct<Schema.Struct.Fields>>(schema: S): (row: unknown) => Json {
  const toJson = Schema.encodeUnknownSync(Schema.toCodecJson(schema as Schema.Struct<{}>));
  const names = Object.keys(schema.fields);
  return (row) => {
    const encoded = toJson(row) as { readonly [key: string]: Json };
    return Object.fromEntries(names.map((name) => [name, encoded[name] ?? null]));
  };
}
