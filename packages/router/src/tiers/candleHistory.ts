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
import { type Coverage, type TimeRange, uncovered } from "../cache/Coverage.ts";
import { type CandleSeries, HistoryStore, type HistoryStoreShape } from "../cache/HistoryStore.ts";
import type { Candle } from "../domain/Candle.ts";
import { nextWindowStart, windowStart } from "../domain/Interval.ts";
import type { CandlesQuestion } from "../domain/Question.ts";
import type { StorageError } from "../errors/MarketDataError.ts";

/** How long after its end a window is taken for final, in milliseconds. */
export const finalAfterMs = 60_000;
/** Windows of what is kept that are read at once, for a question about a number of rows. */
const windowsAtOnce = 2_000;

/** A stretch that is kept: all candles that open in it, as rows or as columns. */
export interface Stretch<A> {
  readonly all: A;
  readonly fromMs: number;
}

/** The store, asked by one question. */
export interface CandleHistory {
  /** All that is kept right below `toMs`; undefined where that is nothing. */
  readonly below: (question: CandlesQuestion, toMs: number) => Effect.Effect<Stretch<ReadonlyArray<Candle>> | undefined>;
  /** The same as columns. */
  readonly columnsBelow: (question: CandlesQuestion, toMs: number) => Effect.Effect<Stretch<CandleColumns> | undefined>;
  /** Keeps what the exchange sent of a range completely, as far as it is final at `nowMs`. Never waits. */
  readonly keep: (rows: ReadonlyArray<Candle>, complete: TimeRange, nowMs: number) => Effect.Effect<void>;
}

const nothingKept: CandleHistory = { below: () => Effect.undefined, columnsBelow: () => Effect.undefined, keep: () => Effect.void };

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

const historyOf = ({ store, scope, given }: Keeping, series: CandleSeries): CandleHistory => {
  /** What is kept, as far as this question knows; undefined before it asked. */
  let coverage: Coverage | undefined;
  const known = Effect.suspend(() =>
    coverage === undefined
      ? Effect.tap(given(store.coverage(series), []), (found) => Effect.sync(() => (coverage = found)))
      : Effect.succeed(coverage),
  );
  const below = Effect.fnUntraced(function* <A>(
    question: CandlesQuestion,
    toMs: number,
    read: (range: TimeRange) => Effect.Effect<{ readonly all: A; readonly coverage: Coverage }, StorageError>,
  ) {
    const range = (yield* known).find(({ fromMs, toMs: endMs }) => fromMs < toMs && toMs <= endMs);
    if (range === undefined) return undefined;
    const wanted = { fromMs: Math.max(range.fromMs, startOf(question, toMs)), toMs };
    const found = yield* given(read(wanted), undefined);
    const [whole] = found?.coverage ?? [];
    if (found !== undefined && whole?.fromMs === wanted.fromMs && whole.toMs === wanted.toMs)
      return { all: found.all, fromMs: wanted.fromMs };
    // Forgotten, or found damaged, since the question began.
    coverage = uncovered(coverage ?? [], range);
    return undefined;
  });
  return {
    below: (question, toMs) =>
      below(question, toMs, (range) => Effect.map(store.candles(series, range), ({ rows, coverage }) => ({ all: rows, coverage }))),
    columnsBelow: (question, toMs) =>
      below(question, toMs, (range) => Effect.map(store.columns(series, range), ({ columns, coverage }) => ({ all: columns, coverage }))),
    keep: (rows, { fromMs, toMs }, nowMs) =>
      Effect.suspend(() => {
        const complete = { fromMs, toMs: Math.min(toMs, windowStart(series.interval, nowMs - finalAfterMs)) };
        // A forming candle in a range that should be final is a word of the exchange against its own clock.
        const isFinal = rows.every((row) => row.state !== "forming" || row.openTimeMs >= complete.toMs);
        if (complete.fromMs >= complete.toMs || !isFinal) return Effect.void;
        return Effect.asVoid(Effect.forkIn(given(store.putCandles(series, rows, complete), undefined), scope, { startImmediately: true }));
      }),
  };
};

/** How far back to read at once: to the question's start, or so many windows. */
const startOf = ({ fromMs, fill, interval, count }: CandlesQuestion, toMs: number): number => {
  if (fromMs !== null && fill === "none") return fromMs;
  const lengthMs = nextWindowStart(interval, 0) - windowStart(interval, 0);
  const backMs = Math.max(windowsAtOnce, count ?? 0) * lengthMs;
  return windowStart(interval, Math.min(fromMs ?? toMs, toMs) - backMs);
};

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
