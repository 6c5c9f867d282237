/**
 * What is kept of the past, for a question about candles: whole stretches of it take the place of requests, and what a request brings is kept for the
 * next. Nothing here fails a question, and nothing is waited for that the question does not need: a store in trouble is warned of, and the exchange is
 * asked instead; what is to be kept is written behind the caller's back.
 *
 * A window is kept a minute after its end, and not before: until then the exchange may still book a trade into it.
 */
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type { CandleColumns } from "../cache/CandleColumns.ts";
import type { Coverage, TimeRange } from "../cache/Coverage.ts";
import { type CandleSeries, HistoryStore, type HistoryStoreShape } from "../cache/HistoryStore.ts";
import type { Candle } from "../domain/Candle.ts";
import { windowStart } from "../domain/Interval.ts";
import type { CandlesQuestion } from "../domain/Question.ts";
import type { StorageError } from "../errors/MarketDataError.ts";

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

/** Made when a layer is built, with whose scope the writing ends; asked once per question. */
export const make = Effect.gen(function* () {
  const store = yield* HistoryStore;
  const scope = yield* Effect.scope;
  const given = makeGiven();
  return (venue: string, { market, interval }: CandlesQuestion): CandleHistory =>
    store.isKept ? historyOf({ store, scope, given }, { venue, market, interval }) : nothingKept;
});

interface Keeping {
  readonly store: HistoryStoreShape;
  readonly scope: Scope.Scope;
  readonly given: Given;
}

const historyOf = ({ store, scope, given }: Keeping, series: CandleSeries): CandleHistory => ({
  coverage: given(store.coverage(series), []),
  rows: (range) =>
    Effect.map(given(store.candles(series, range), undefined), (found) => (isAllOf(range, found?.coverage) ? found?.rows : undefined)),
  columns: (range) =>
    Effect.map(given(store.columns(series, range), undefined), (found) => (isAllOf(range, found?.coverage) ? found?.columns : undefined)),
  keep: (rows, { fromMs, toMs }, nowMs) =>
    Effect.suspend(() => {
      const complete = { fromMs, toMs: Math.min(toMs, windowStart(series.interval, nowMs - finalAfterMs)) };
      // A forming candle in a range that should be final is a word of the exchange against its own clock.
      const isFinal = rows.every((row) => row.state !== "forming" || row.openTimeMs >= complete.toMs);
      if (complete.fromMs >= complete.toMs || !isFinal) return Effect.void;
      return Effect.asVoid(Effect.forkIn(given(store.putCandles(series, rows, complete), undefined), scope, { startImmediately: true }));
    }),
});

/** Something of it may have been forgotten, or found damaged, since the question began. */
const isAllOf = (range: TimeRange, [whole]: Coverage = []): boolean => whole?.fromMs === range.fromMs && whole.toMs === range.toMs;

type Given = <A, B>(asked: Effect.Effect<A, StorageError>, otherwise: B) => Effect.Effect<A | B>;

/** What the store says, or something else where it is in trouble. A trouble that goes on is told once, until the store answers again. */
export const makeGiven = (): Given => {
  let told: string | undefined;
  return <A, B>(asked: Effect.Effect<A, StorageError>, otherwise: B) =>
    asked.pipe(
      Effect.tap(() => Effect.sync(() => (told = undefined))),
      Effect.catch((error): Effect.Effect<A | B> => {
        const isKnown = told === error.code;
        told = error.code ?? "";
        const warned = isKnown ? Effect.void : Effect.logWarning(`The history that is kept is not used: ${error.message}`);
        return Effect.as(warned, otherwise);
      }),
    );
};
