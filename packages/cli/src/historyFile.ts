/** Which history file a command means, and which series in it. */
import { existsSync } from "node:fs";
import type { TimeRange } from "@naru/router/cache/Coverage";
import { type CandleSeries, HistoryStore, type KeptSeries } from "@naru/router/cache/HistoryStore";
import { candlesQuestion } from "@naru/router/ask";
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
  if (/^upbit(?:-[a-z]+)?$/.test(venue)) return SqliteHistory.layer();
  const reason = "is needed: the candles of an address, or made-up ones, are not kept beside the exchange's";
  return Layer.effectDiscard(Effect.fail(new InvalidRequest({ field: "--file", input: "", reason })));
};

/** The name under which candles of a venue are kept, which must be one: an address by its host. */
export const keptUnder = ({ venue }: Connection): string => (venue.includes("://") ? new URL(venue).host : venue);

export interface SeriesInput {
  readonly market: string;
  readonly interval: string;
}

/** The same for a command that only looks: it makes no file. */
export const layerToLook = (flags: Connection, file: Option.Option<string>): Layer.Layer<never, InvalidRequest> =>
  Option.isSome(file) && !existsSync(file.value)
    ? Layer.effectDiscard(
        Effect.fail(new InvalidRequest({ field: "--file", input: file.value, reason: "is no file; naru history sync makes one" })),
      )
    : layerOf(flags, file);

/** The one series of a market and interval in the file; of several venues the one that `--venue` names. */
export const keptSeries = ({ venue }: Connection, { market, interval }: SeriesInput): Effect.Effect<KeptSeries, MarketDataError> =>
  Effect.gen(function* () {
    const wanted = yield* Effect.fromResult(parseInterval(interval));
    const store = yield* HistoryStore;
    const found = (yield* store.series).filter((series) => series.market === market && series.interval === wanted);
    const [first] = found.length > 1 ? found.filter((series) => series.venue === venue) : found;
    if (first !== undefined) return first;
    const reason =
      found.length > 1
        ? `is kept of ${found.map((series) => series.venue).join(" and ")}: say which with --venue`
        : "is not kept in this file";
    return yield* new InvalidRequest({ field: "series", input: `${market} ${wanted}`, reason });
  });

interface RangeText {
  readonly from: Option.Option<string>;
  readonly to: Option.Option<string>;
}

/** A range as it was written; what is not written is as wide as what is kept. */
export const rangeOf = (series: KeptSeries, { from, to }: RangeText): Effect.Effect<TimeRange, InvalidRequest> =>
  Effect.gen(function* () {
    const kept = { fromMs: series.coverage[0]?.fromMs ?? 0, toMs: series.coverage.at(-1)?.toMs ?? 0 };
    return {
      fromMs: Option.isSome(from) ? yield* momentOf(series, from.value, "from") : kept.fromMs,
      toMs: Option.isSome(to) ? yield* momentOf(series, to.value, "to") : kept.toMs,
    };
  });

/** Reads a moment as the flags of `naru candles` do. */
export const momentOf = ({ market, interval }: SeriesInput, text: string, field: "from" | "to"): Effect.Effect<number, InvalidRequest> =>
  Effect.gen(function* () {
    const nowMs = yield* Clock.currentTimeMillis;
    const { toMs } = yield* Effect.fromResult(candlesQuestion(market, interval, { count: 1, to: text }, defaultRouterConfig, nowMs)).pipe(
      Effect.mapError((error) => (error.field === "to" ? new InvalidRequest({ field, input: error.input, reason: error.reason }) : error)),
    );
    return toMs ?? nowMs;
  });

/** The market and interval of a series, or what is wrong with them. */
export const checkedSeries = ({
  market,
  interval,
}: SeriesInput): Effect.Effect<Pick<CandleSeries, "market" | "interval">, InvalidRequest> =>
  Effect.map(Effect.fromResult(candlesQuestion(market, interval, { count: 1 }, defaultRouterConfig, 0)), (question) => ({
    market: question.market,
    interval: question.interval,
  }));
