/**
 * A question about candles, read: from what is kept, and the rest from the exchange in pages, some of them side by side. `candleSchedule.ts` says which;
 * here they are asked for, kept as they come, and told of. Whatever ends a reading, what came of it is kept, and the next one goes on from there.
 *
 * One page at a time has the caller's priority. Those beside it have the lowest, so that a long history takes of the limit what others leave; one that
 * finds no place in half of its time is given back, and fewer are asked side by side from then on.
 */
import * as Clock from "effect/Clock";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as FiberSet from "effect/FiberSet";
import type * as Scope from "effect/Scope";
import type { CandleColumns, CoveredColumns } from "../domain/CandleColumns.ts";
import { type Coverage, missing, type TimeRange } from "../cache/Coverage.ts";
import type { Candle } from "../domain/Candle.ts";
import type { CandlesQuestion } from "../domain/Question.ts";
import { DecodeError, InvalidRequest, type MarketDataError } from "../errors/MarketDataError.ts";
import { RouterConfig } from "../RouterConfig.ts";
import { Rest, type RestResult } from "../transport/RestCall.ts";
import { Venue } from "../transport/Venue.ts";
import * as CandleHistory from "./candleHistory.ts";
import { CandleReading, type Intake } from "./candlePages.ts";
import { type OnProgress, ProgressListener, tell } from "./candleProgress.ts";
import type { Part } from "./candleSchedule.ts";
import { ColumnIntake } from "./ColumnIntake.ts";
import type { HistoryKeeper } from "./HistoryKeeper.ts";
import { RowIntake } from "./RowIntake.ts";

const dayMs = 86_400_000;
/** How far back candles of seconds can be had: three months, the shortest three there are. */
const secondsReachMs = 89 * dayMs;

export interface CandlesRead {
  /** Oldest first, as the question wants them: rows or columns. */
  readonly value: ReadonlyArray<Candle> | CoveredColumns;
  /** The page that came first; undefined where the exchange was not asked. */
  readonly first: RestResult<Candle> | undefined;
  /** Rows that were kept. */
  readonly keptRows: number;
}

export type CandleReader = (question: CandlesQuestion) => Effect.Effect<CandlesRead, MarketDataError>;

export const make: Effect.Effect<CandleReader, never, Rest | Venue | HistoryKeeper> = Effect.gen(function* () {
  const deps: Deps = {
    rest: yield* Rest,
    venue: yield* Venue,
    clock: yield* Clock.Clock,
    history: yield* CandleHistory.make,
    atOnce: (yield* RouterConfig).candlePagesAtOnce,
  };
  return (question) => {
    const history = deps.history(deps.venue.id, question);
    const asked = { deps, question, history };
    const reading: Effect.Effect<CandlesRead, MarketDataError, Scope.Scope> =
      question.columns === true
        ? read<CandleColumns, CoveredColumns>({ ...asked, intake: new ColumnIntake(question), keptOf: history.columns })
        : read<ReadonlyArray<Candle>, ReadonlyArray<Candle>>({ ...asked, intake: new RowIntake(question), keptOf: history.rows });
    return Effect.scoped(reading);
  };
});

interface Deps {
  readonly rest: Rest["Service"];
  readonly venue: Venue["Service"];
  readonly clock: Clock.Clock;
  readonly history: Effect.Success<typeof CandleHistory.make>;
  readonly atOnce: number;
}

interface Asked<Kept, Value> {
  readonly deps: Deps;
  readonly question: CandlesQuestion;
  readonly history: CandleHistory.CandleHistory;
  readonly intake: Intake<Kept, Value>;
  /** All that is kept of a range; undefined where the store does not have all of it any more. */
  readonly keptOf: (range: TimeRange) => Effect.Effect<Kept | undefined>;
}

/** One question while it is read. */
interface Run<Kept, Value> extends Asked<Kept, Value> {
  readonly reading: CandleReading<Kept, Value>;
  readonly listener: OnProgress | undefined;
  first: RestResult<Candle> | undefined;
  keptRows: number;
}

interface Counted {
  readonly length: number;
}

const read = Effect.fnUntraced(function* <Kept extends Counted, Value>(asked: Asked<Kept, Value>) {
  const { deps, question, history, intake } = asked;
  const { atOnce, clock, venue } = deps;
  const kept = yield* history.coverage;
  yield* refuseLostSeconds(question, kept, clock.currentTimeMillisUnsafe());
  const reading = new CandleReading(question, intake, { pageSize: venue.paging.candles, atOnce, kept });
  const run: Run<Kept, Value> = { ...asked, reading, listener: yield* ProgressListener, first: undefined, keptRows: 0 };
  yield* readAll(run);
  // An exchange that keeps sending short pages would make the answer short without a word.
  if (!reading.isComplete) {
    const detail = `${reading.asked} pages brought only ${reading.rows} candles`;
    return yield* new DecodeError({ stage: "answer", path: "", detail });
  }
  const value = reading.result(run.first?.exchangeNowMs ?? clock.currentTimeMillisUnsafe());
  return { value, first: run.first, keptRows: run.keptRows };
});

/** Seconds that the exchange does not have any more look like seconds without a trade. Who kept them is answered. */
const refuseLostSeconds = (question: CandlesQuestion, kept: Coverage, nowMs: number): Effect.Effect<void, InvalidRequest> => {
  const { fromMs, interval, toMs } = question;
  if (interval !== "1s" || fromMs === null) return Effect.void;
  const lost = missing(kept, { fromMs, toMs: Math.min(toMs ?? nowMs, nowMs - secondsReachMs) });
  if (lost.length === 0) return Effect.void;
  const reason = `is further back than candles of a second can be had: ${secondsReachMs / dayMs} days`;
  return Effect.fail(new InvalidRequest({ field: "from", input: new Date(fromMs).toISOString(), reason }));
};

/** Ends when nothing is missing, when the bound is reached, or with the first failure; what is under way ends with it. */
const readAll = Effect.fnUntraced(function* <Kept extends Counted, Value>(run: Run<Kept, Value>) {
  const { deps, reading } = run;
  const readers = yield* FiberSet.make<void, MarketDataError>();
  const ended = yield* Deferred.make<void>();
  const next = (): Part | undefined =>
    reading.asked + reading.underWay < reading.bound(deps.clock.currentTimeMillisUnsafe()) ? reading.next() : undefined;
  const reader = (begun: Part): Effect.Effect<void, MarketDataError> =>
    Effect.gen(function* () {
      for (let part: Part | undefined = begun; part !== undefined;) {
        yield* part.source === "kept" ? readKept(run, part) : readPage(run, part);
        yield* told(run);
        part = next();
        // What has come may show that there is work for others.
        for (let side = part && next(); side !== undefined; side = next()) yield* FiberSet.run(readers, reader(side));
      }
      if (reading.underWay === 0) yield* Deferred.succeed(ended, undefined);
    });
  const first = next();
  if (first === undefined) return;
  yield* FiberSet.run(readers, reader(first));
  yield* Effect.raceFirst(Deferred.await(ended), FiberSet.join(readers));
});

const readKept = <Kept extends Counted, Value>(run: Run<Kept, Value>, part: Part): Effect.Effect<void> =>
  Effect.map(run.keptOf({ fromMs: part.fromMs, toMs: part.toMs ?? Infinity }), (all) => {
    if (all === undefined) return run.reading.givenUp(part);
    run.keptRows += all.length;
    run.reading.kept(part, all);
  });

const readPage = <Kept, Value>(run: Run<Kept, Value>, part: Part): Effect.Effect<void, MarketDataError> =>
  page(run, part).pipe(
    Effect.flatMap((result) => {
      run.first ??= result;
      const { fromMs } = run.question;
      const { rows } = result;
      const oldestMs = run.reading.page(part, rows) ?? (rows.length === 0 && fromMs !== null ? emptyFromMs(run, fromMs) : Infinity);
      // Down to its oldest row a page is all there is; an empty one says that there is nothing, as far as anybody asked.
      const complete = { fromMs: oldestMs, toMs: part.toMs ?? Infinity };
      // Final by both clocks: one of them that is ahead would freeze a window that is still open.
      return run.history.keep(rows, complete, Math.min(result.exchangeNowMs, result.receivedMs));
    }),
    Effect.catchIf(
      (error) => !part.isLead && foundNoPlace(error),
      () => Effect.sync(() => run.reading.givenUp(part)),
    ),
  );

/** That seconds are not there any more does not make them empty. */
const emptyFromMs = ({ deps, question }: Pick<Run<unknown, unknown>, "deps" | "question">, fromMs: number): number =>
  question.interval === "1s" ? Math.max(fromMs, deps.clock.currentTimeMillisUnsafe() - secondsReachMs + dayMs) : fromMs;

/** Every page has the whole deadline: a long history may take its time, a stuck page may not. One that is read beside has half of it. */
const page = <Kept, Value>({ deps, question, reading }: Run<Kept, Value>, part: Part): Effect.Effect<RestResult<Candle>, MarketDataError> =>
  Effect.gen(function* () {
    const { clock, rest, venue } = deps;
    const { market, interval, intent } = question;
    const { toMs } = part;
    const deadlineMs = part.isLead ? intent.deadlineMs : intent.deadlineMs / 2;
    const deadlineNanos = clock.monotonicTimeNanosUnsafe() + BigInt(Math.round(deadlineMs * 1e6));
    const priority = part.isLead ? intent.priority : "low";
    const below = Effect.fnUntraced(function* (boundMs: number | undefined) {
      const call = yield* Effect.fromResult(venue.candles(market, interval, { count: reading.countOf(part), toMs: boundMs }));
      const result = yield* rest.run(call, { priority, deadlineNanos, expects: (row) => row.market === market });
      // A missing row in the middle would look like a quiet window.
      const [rejected] = result.rejected;
      if (rejected !== undefined) return yield* rejected;
      return passesOver(result.rows, boundMs) ? yield* boundIgnored : result;
    });
    // A bound in the future is the present; what it means on the wire is not documented.
    if (toMs === undefined || toMs <= clock.currentTimeMillisUnsafe()) return yield* below(toMs);
    const result = yield* below(undefined);
    // Only by our clock it was: a page that lies above the bound says nothing of what is below.
    const isAbove = result.rows.length > 0 && result.rows.every(({ openTimeMs }) => openTimeMs >= toMs);
    return isAbove ? yield* below(toMs) : result;
  });

/**
 * A page that does not keep to its bound is no end of the history, which would make all that is below it quiet. The window at the bound may be in it: an
 * exchange may count that, and then it is what the last page of all brings.
 */
const passesOver = (rows: ReadonlyArray<Candle>, boundMs = Infinity): boolean =>
  rows.every(({ openTimeMs }) => openTimeMs >= boundMs) && rows.some(({ openTimeMs }) => openTimeMs > boundMs);

const boundIgnored = new DecodeError({
  stage: "answer",
  path: "",
  detail: "a page of candles lies above the bound that it was asked below",
});

const foundNoPlace = (error: MarketDataError): boolean =>
  (error._tag === "RateLimited" && error.scope === "local") || (error._tag === "TimeoutError" && error.phase === "deadline");

const told = <Kept, Value>({ deps, listener, reading }: Run<Kept, Value>): Effect.Effect<void> => {
  if (listener === undefined) return Effect.void;
  const share = reading.share(deps.clock.currentTimeMillisUnsafe());
  return tell(listener, { rows: reading.rows, requests: reading.asked, share });
};
