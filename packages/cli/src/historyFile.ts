/** Which history file a command means, and which series in it. */
import { existsSync } from "node:fs";
import type { Coverage, TimeRange } from "@naru/router/cache/Coverage";
import { type CandleSeries, HistoryStore, type KeptSeries, type KeptTrades, type TradeSeries } from "@naru/router/cache/HistoryStore";
import { candlesQuestion, tradesQuestion } from "@naru/router/ask";
import { parseInterval } from "@naru/router/domain/Interval";
import { InvalidRequest, type MarketDataError } from "@naru/router/errors/MarketDataError";
import { defaultRouterConfig } from "@naru/router/RouterConfig";
import * as SqliteHistory from "@naru/node/history/SqliteHistory";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import type { Connection } from "./settings.ts";

/** The store of a file that was named, or of the state folder for the exchange itself. */
export const layerOf = ({ venue }: Connection, file: Option.Option<string>): Layer.Layer<never, InvalidRequest> => {
  if (Option.isSome(file)) return SqliteHistory.layerAt(file.value);
  return isExchange(venue) ? SqliteHistory.layer() : Layer.effectDiscard(Effect.fail(fileIsNeeded()));
};

/** The name under which candles of a venue are kept, which must be one: an address by its host. */
export const keptUnder = ({ venue }: Connection): string => (venue.includes("://") ? new URL(venue).host : venue);

export interface SeriesInput {
  readonly market: string;
  readonly interval: string;
  /** The market's trades, whatever the interval. */
  readonly trades: boolean;
}

/** A series as it is kept: of trades when it has no interval. */
export type Kept = KeptSeries | KeptTrades;

/** As people write it. */
export const nameOf = (series: TradeSeries | CandleSeries): string =>
  `${series.market} ${"interval" in series ? series.interval : "trades"}`;

/** The same for a command that only looks: it makes no file and writes nothing into one. */
export const layerToLook = (flags: Connection, file: Option.Option<string>): Layer.Layer<never, InvalidRequest> =>
  Layer.unwrap(Effect.map(fileToLook(flags, file), (path) => SqliteHistory.layerAt(path, { readOnly: true })));

/** The file that a command looks at. */
export const fileToLook = (flags: Connection, file: Option.Option<string>): Effect.Effect<string, InvalidRequest> =>
  Effect.gen(function* () {
    const path = yield* Option.isSome(file) ? Effect.succeed(file.value) : usualFile(flags);
    if (existsSync(path)) return path;
    return yield* new InvalidRequest({ field: "--file", input: path, reason: "is no file; naru history sync makes one" });
  });

const usualFile = ({ venue }: Connection): Effect.Effect<string, InvalidRequest> =>
  isExchange(venue)
    ? Effect.mapError(SqliteHistory.usualPath, ({ message }) => new InvalidRequest({ field: "NARU_STATE", input: "", reason: message }))
    : Effect.fail(fileIsNeeded());

const isExchange = (venue: string): boolean => /^upbit(?:-[a-z]+)?$/.test(venue);

const fileIsNeeded = () =>
  new InvalidRequest({
    ...{ field: "--file", input: "" },
    reason: "is needed: the history of an address, or made-up one, is not kept beside the exchange's",
  });

/** The one series of a market in the file, candles or trades; of several venues the one that `--venue` names. */
export const keptSeries = ({ venue }: Connection, { market, interval, trades }: SeriesInput): Effect.Effect<Kept, MarketDataError> =>
  Effect.gen(function* () {
    const store = yield* HistoryStore;
    const wanted = trades ? undefined : yield* Effect.fromResult(parseInterval(interval));
    const all: ReadonlyArray<Kept> =
      wanted === undefined ? yield* store.tradeSeries : (yield* store.series).filter((series) => series.interval === wanted);
    const found = all.filter((series) => series.market === market);
    const [first] = found.length > 1 ? found.filter((series) => series.venue === venue) : found;
    if (first !== undefined) return first;
    const reason =
      found.length > 1
        ? `is kept of ${found.map((series) => series.venue).join(" and ")}: say which with --venue`
        : "is not kept in this file";
    return yield* new InvalidRequest({ field: "series", input: `${market} ${wanted ?? "trades"}`, reason });
  });

interface RangeText {
  readonly from: Option.Option<string>;
  readonly to: Option.Option<string>;
}

/** A range as it was written; what is not written is as wide as what is kept. */
export const rangeOf = (
  series: (TradeSeries | CandleSeries) & { readonly coverage: Coverage },
  { from, to }: RangeText,
): Effect.Effect<TimeRange, InvalidRequest> =>
  Effect.gen(function* () {
    const kept = { fromMs: series.coverage[0]?.fromMs ?? 0, toMs: series.coverage.at(-1)?.toMs ?? 0 };
    return {
      fromMs: Option.isSome(from) ? yield* momentOf(series, from.value, "from") : kept.fromMs,
      toMs: Option.isSome(to) ? yield* momentOf(series, to.value, "to") : kept.toMs,
    };
  });

/** Reads a moment as the flags of `naru candles` do; of trades to the millisecond. */
export const momentOf = (
  series: Pick<CandleSeries, "market" | "interval"> | Pick<TradeSeries, "market">,
  text: string,
  field: "from" | "to",
): Effect.Effect<number, InvalidRequest> =>
  Effect.gen(function* () {
    const nowMs = yield* Clock.currentTimeMillis;
    const bounds = { count: 1, to: text };
    const question =
      "interval" in series
        ? candlesQuestion(series.market, series.interval, bounds, defaultRouterConfig, nowMs)
        : // A moment that lies before all others is no bound in the future.
          tradesQuestion(series.market, bounds, defaultRouterConfig, Number.MAX_SAFE_INTEGER);
    const { toMs } = yield* Effect.fromResult<{ readonly toMs?: number | null }, InvalidRequest>(question).pipe(
      Effect.mapError((error) => (error.field === "to" ? new InvalidRequest({ field, input: error.input, reason: error.reason }) : error)),
    );
    return toMs ?? nowMs;
  });

/** The market and interval of a series of candles, or what is wrong with them. */
export const checkedSeries = ({
  market,
  interval,
}: Pick<SeriesInput, "market" | "interval">): Effect.Effect<Pick<CandleSeries, "market" | "interval">, InvalidRequest> =>
  Effect.map(Effect.fromResult(candlesQuestion(market, interval, { count: 1 }, defaultRouterConfig, 0)), (question) => ({
    market: question.market,
    interval: question.interval,
  }));

/** The market of a series of trades, or what is wrong with it. */
export const checkedMarket = (market: string): Effect.Effect<Pick<TradeSeries, "market">, InvalidRequest> =>
  Effect.map(Effect.fromResult(tradesQuestion(market, {}, defaultRouterConfig, 0)), (question) => ({ market: question.market }));
