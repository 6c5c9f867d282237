/**
 * The older call style over the same service, for programs that were written against it: functions by their old names, one symbol or a list of
 * them, and a result that never throws: `{ success, data, timestamp, source, response_time_ms }`. One symbol gives its own data, a list a record
 * of them. What failed of a list stands in `errors`, and what was good is given all the same, but `success` is true for a whole answer only.
 *
 * `source` is `direct_rest_fallback` as soon as any part came from the direct client, else `smart_router`.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { type Answer, errorToJson, valueToJson } from "./domain/Answer.ts";
import type { Intent, Priority } from "./domain/Question.ts";
import { InvalidRequest, type MarketDataError } from "./errors/MarketDataError.ts";
import type { HealthReport } from "./HealthReport.ts";
import { MarketData, type Markets } from "./MarketData.ts";

export interface LegacyResult {
  readonly success: boolean;
  /** Rows as JSON; null when nothing came. */
  readonly data: unknown;
  /** When the result was made, ISO 8601 in UTC. */
  readonly timestamp: string;
  readonly source: "smart_router" | "direct_rest_fallback" | "none";
  readonly response_time_ms: number;
  /** Rows in all; candles only. */
  readonly candle_count?: number;
  /** Of one symbol, or by symbol of a list; absent when all is well. */
  readonly error?: unknown;
  readonly errors?: Readonly<Record<string, unknown>>;
}

/** Trades one call may ask for, as it always was. */
const maxTrades = 500;

/** Ticker of one symbol, or of several. */
export const get_ticker = (symbols: Markets, priority: Priority = "normal") =>
  called(symbols, (data, market) => data.getTicker(market, asked(priority)));

/** Order book, urgent unless said otherwise. */
export const get_orderbook = (symbols: Markets, priority: Priority = "high") =>
  called(symbols, (data, market) => data.getOrderbook(market, asked(priority)));

/** The newest trades, at most 500. */
export const get_trades = (symbols: Markets, count = 100, priority: Priority = "normal") =>
  called(symbols, (data, market) =>
    count > maxTrades
      ? Effect.fail(new InvalidRequest({ field: "count", input: String(count), reason: `is more than ${maxTrades}` }))
      : data.getTrades(market, { ...asked(priority), count }),
  );

/** Candles, oldest first, with their number. */
export const get_candles = (symbols: Markets, interval = "1m", count = 100, priority: Priority = "normal") =>
  Effect.map(
    called(symbols, (data, market) => data.getCandles(market, interval, { ...asked(priority), count })),
    (result) => ({ ...result, candle_count: rowsIn(result.data) }),
  );

export interface PerformanceSummary {
  readonly mode: HealthReport["mode"];
  readonly tiers: HealthReport["tiers"];
  readonly limits: HealthReport["limits"];
}

/** How the client does, in the words of the health report. */
export const get_performance_summary: Effect.Effect<PerformanceSummary, never, MarketData> = Effect.map(
  MarketData.use((data) => data.health),
  ({ mode, tiers, limits }) => ({ mode, tiers, limits }),
);

/** The same by the names of the older adapter. */
export const adapter = {
  get_ticker_data: get_ticker,
  get_orderbook_data: get_orderbook,
  get_candle_data: get_candles,
  get_trades,
  get_performance_summary,
} as const;

const asked = (priority: Priority): Intent => ({ priority });

type Ask = (data: MarketData["Service"], market: string) => Effect.Effect<Answer<unknown>, MarketDataError>;

const called = (symbols: Markets, ask: Ask): Effect.Effect<LegacyResult, never, MarketData> =>
  Effect.gen(function* () {
    const data = yield* MarketData;
    const clock = yield* Clock.Clock;
    const startedNanos = clock.monotonicTimeNanosUnsafe();
    const markets = typeof symbols === "string" ? [symbols] : [...new Set(symbols)];
    const results = yield* Effect.forEach(markets, (market) => Effect.result(ask(data, market)), { concurrency: "unbounded" });
    const common = {
      timestamp: new Date(clock.currentTimeMillisUnsafe()).toISOString(),
      response_time_ms: Number(clock.monotonicTimeNanosUnsafe() - startedNanos) / 1e6,
      source: sourceOf(results),
    };
    const [only] = results;
    if (markets.length === 1 && only !== undefined) {
      return Result.isSuccess(only)
        ? { success: true, data: rowsOf(only.success), ...common }
        : { success: false, data: null, ...common, error: errorToJson(only.failure) };
    }
    const good: Record<string, unknown> = {};
    const errors: Record<string, unknown> = {};
    for (const [at, result] of results.entries()) {
      const market = markets[at] ?? "";
      if (Result.isSuccess(result)) good[market] = rowsOf(result.success);
      else errors[market] = errorToJson(result.failure);
    }
    const isWhole = results.length > 0 && Object.keys(errors).length === 0;
    return { success: isWhole, data: good, ...common, ...(isWhole ? {} : { errors }) };
  });

const sourceOf = (results: ReadonlyArray<Result.Result<Answer<unknown>, MarketDataError>>): LegacyResult["source"] => {
  const tiers = results.flatMap((result) => (Result.isSuccess(result) ? [result.success.provenance.tier] : []));
  if (tiers.length === 0) return "none";
  return tiers.includes("direct_rest_fallback") ? "direct_rest_fallback" : "smart_router";
};

const rowsOf = ({ kind, value }: Answer<unknown>): unknown => valueToJson(kind, value);

const rowsIn = (data: unknown): number => {
  if (Array.isArray(data)) return data.length;
  return typeof data === "object" && data !== null ? Object.values(data).reduce((sum: number, rows) => sum + rowsIn(rows), 0) : 0;
};
