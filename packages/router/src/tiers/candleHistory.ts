/**
 * What is kept of the past, for a question about candles: whole stretches of it take the place of requests, and what a request brings is kept for the
 * next, behind the caller's back: `HistoryKeeper.ts`.
 *
 * A window is kept a minute after its end, and not before: until then the exchange may still book a trade into it.
 */
import * as Effect from "effect/Effect";
import type { CandleColumns } from "../domain/CandleColumns.ts";
import type { Coverage, TimeRange } from "../cache/Coverage.ts";
import type { CandleSeries } from "../cache/HistoryStore.ts";
import type { Candle } from "../domain/Candle.ts";
import { windowStart } from "../domain/Interval.ts";
import type { CandlesQuestion } from "../domain/Question.ts";
import { HistoryKeeper } from "./HistoryKeeper.ts";

/** How long after its end a window is taken for final, in milliseconds. */
export const finalAfterMs = 60_000;

/** The store, asked by one question. */
export interface CandleHistory {
  /** The ranges that are kept. */
  readonly coverage: Effect.Effect<Coverage>;
  /** All candles that open in a range; undefined where the store does not have all of them any more. */
  readonly rows: (range: TimeRange) => Effect.Effect<ReadonlyArray<Candle> | undefined>;
  /** The same as columns. */
  readonly columns: (range: TimeRange) => Effect.Effect<CandleColumns | undefined>;
  /** Keeps what the exchange sent of a range completely, as far as it is final at `nowMs`. Never waits. */
  readonly keep: (rows: ReadonlyArray<Candle>, complete: TimeRange, nowMs: number) => Effect.Effect<void>;
}

const nothingKept: CandleHistory = {
  coverage: Effect.succeed([]),
  rows: () => Effect.undefined,
  columns: () => Effect.undefined,
  keep: () => Effect.void,
};

/** Made when a layer is built; asked once per question. */
export const make = Effect.map(
  HistoryKeeper,
  (keeper) =>
    (venue: string, { market, interval }: CandlesQuestion): CandleHistory =>
      keeper.store.isKept ? historyOf(keeper, { venue, market, interval }) : nothingKept,
);

const historyOf = ({ store, asked, keep }: HistoryKeeper["Service"], series: CandleSeries): CandleHistory => ({
  coverage: asked(store.coverage(series), []),
  rows: (range) =>
    Effect.map(asked(store.candles(series, range), undefined), (found) => (isAllOf(range, found?.coverage) ? found?.rows : undefined)),
  columns: (range) =>
    Effect.map(asked(store.columns(series, range), undefined), (found) => (isAllOf(range, found?.coverage) ? found?.columns : undefined)),
  keep: (rows, { fromMs, toMs }, nowMs) =>
    Effect.suspend(() => {
      const complete = { fromMs, toMs: Math.min(toMs, windowStart(series.interval, nowMs - finalAfterMs)) };
      // A forming candle in a range that should be final is a word of the exchange against its own clock.
      const isFinal = rows.every((row) => row.state !== "forming" || row.openTimeMs >= complete.toMs);
      if (complete.fromMs >= complete.toMs || !isFinal) return Effect.void;
      return keep({
        series: `${series.venue} ${series.market} ${series.interval}`,
        rows: rows.length,
        range: complete,
        write: store.putCandles(series, rows, complete),
      });
    }),
});

/** Something of it may have been forgotten, or found damaged, since the question began. */
const isAllOf = (range: TimeRange, [whole]: Coverage = []): boolean => whole?.fromMs === range.fromMs && whole.toMs === range.toMs;
