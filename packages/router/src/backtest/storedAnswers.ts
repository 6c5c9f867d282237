/**
 * Questions asked within a back-test, answered from the history store as it was known then: never a candle that had not ended, never a trade that had
 * not happened. Where something of what is asked for is not kept the question fails; an answer with a hole that nobody sees is worse than none.
 */
import * as Effect from "effect/Effect";
import { answerOf } from "../answering.ts";
import type { Asker } from "../Asker.ts";
import type { Coverage, TimeRange } from "../cache/Coverage.ts";
import type { CandleSeries } from "../cache/HistoryStore.ts";
import { closeMarginMs } from "../domain/Candle.ts";
import { windowStart } from "../domain/Interval.ts";
import type { CandlesQuestion, Question, TradesQuestion } from "../domain/Question.ts";
import type { Trade } from "../domain/Trade.ts";
import { DataUnavailable, type MarketDataError } from "../errors/MarketDataError.ts";
import { CandleReading, type Intake } from "../tiers/candlePages.ts";
import { ColumnIntake } from "../tiers/ColumnIntake.ts";
import { RowIntake } from "../tiers/RowIntake.ts";
import { notKept, type Stage, whileStill } from "./storedStreams.ts";

export interface Origin {
  readonly simulated: boolean;
}

/** Rows that are read at once, where that is all that bounds them. */
const rowsAtOnce = 2_000;
const firstSpanMs = 60_000;
const longestSpanMs = 86_400_000;

export const make = (stage: Stage, { simulated }: Origin): Pick<Asker, "begin"> => {
  let asked = 0;
  return {
    begin: (question) =>
      Effect.map(whileStill(stage.player)(rowsFor(stage, question)), ({ value, rows, lastMs }) => {
        const { clock, venue } = stage;
        const nowNanos = clock.monotonicTimeNanosUnsafe();
        const kept = { rows, isAll: true };
        const received = { receivedNanos: nowNanos, receivedMs: clock.currentTimeMillisUnsafe(), confirmedNanos: nowNanos };
        const answer = { value, channel: "rest" as const, exchangeTimeMs: lastMs, kept, ...received };
        const attempts = [{ tier: "history_store", outcome: "answered" as const, reason: "kept", durationMs: 0 }];
        const call = { venue, simulated, mode: "normal" as const, requestId: `backtest-${++asked}`, ranked, startedNanos: nowNanos };
        return answerOf(question, { tier: "history_store", answer, attempts }, call, nowNanos);
      }),
  };
};

/** There was nothing to choose from. */
const ranked = { reason: "backtest", confidence: 1, tiers: [] };

interface Found {
  readonly value: unknown;
  readonly rows: number;
  /** The exchange's time of the newest. */
  readonly lastMs: number | null;
}

const rowsFor = (stage: Stage, question: Question): Effect.Effect<Found, MarketDataError> => {
  if (question.kind === "candles") return candles(stage, question);
  return question.kind === "trades" ? trades(stage, question) : Effect.fail(notKept(question.kind));
};

/** As rows or as columns, whichever is asked for. */
const candles = (stage: Stage, question: CandlesQuestion): Effect.Effect<Found, MarketDataError> => {
  const { store } = stage;
  if (question.columns !== true) {
    const read = (series: CandleSeries, range: TimeRange) =>
      Effect.map(store.candles(series, range), ({ rows, coverage }) => ({ all: rows, coverage }));
    return Effect.map(
      reading(stage, question, (bounded) => new RowIntake(bounded), read),
      (value) => {
        return { value, rows: value.length, lastMs: value.at(-1)?.lastTradeTimeMs ?? null };
      },
    );
  }
  const read = (series: CandleSeries, range: TimeRange) =>
    Effect.map(store.columns(series, range), ({ columns, coverage }) => ({ all: columns, coverage }));
  return Effect.map(
    reading(stage, question, (bounded) => new ColumnIntake(bounded), read),
    (value) => {
      return { value, rows: value.length, lastMs: value.lastTradeTimeMs.at(-1) ?? null };
    },
  );
};

/** All that is kept of a part of a series, and how much of the part that is. */
type ReadPart<Kept> = (
  series: CandleSeries,
  range: TimeRange,
) => Effect.Effect<{ readonly all: Kept; readonly coverage: Coverage }, MarketDataError>;

const reading = Effect.fnUntraced(function* <Kept, Value>(
  { store, clock, venue }: Stage,
  asked: CandlesQuestion,
  intakeOf: (bounded: CandlesQuestion) => Intake<Kept, Value>,
  read: ReadPart<Kept>,
) {
  const { interval, market } = asked;
  const series = { venue, market, interval };
  const nowMs = clock.currentTimeMillisUnsafe();
  // Only windows that begin before the present one are over.
  const question = { ...asked, toMs: Math.min(asked.toMs ?? Number.POSITIVE_INFINITY, windowStart(interval, nowMs)) };
  const kept = yield* store.coverage(series);
  const reading = new CandleReading(question, intakeOf(question), { pageSize: rowsAtOnce, kept });
  for (let part = reading.next(); part !== undefined; part = reading.next()) {
    const range = { fromMs: part.fromMs, toMs: part.toMs ?? question.toMs };
    if (part.source === "exchange") return yield* missing(question, range.toMs);
    const found = yield* read(series, range);
    const [whole] = found.coverage;
    if (whole?.fromMs !== range.fromMs || whole.toMs !== range.toMs) return yield* missing(question, range.toMs);
    reading.kept(part, found.all);
  }
  // What is kept of a window that has ended is final: no margin of the exchange's clock is left to wait for.
  return reading.result(nowMs + closeMarginMs);
});

const trades = Effect.fnUntraced(function* ({ store, clock, venue }: Stage, question: TradesQuestion) {
  const { before, count, fromMs } = question;
  const series = { venue, market: question.market };
  const coverage = yield* store.tradeCoverage(series);
  let toMs = Math.min(clock.currentTimeMillisUnsafe() + 1, question.toMs ?? Number.POSITIVE_INFINITY);
  let spanMs = firstSpanMs;
  let rows: ReadonlyArray<Trade> = [];
  while (fromMs === undefined ? rows.length < (count ?? 0) : toMs > fromMs) {
    const known = coverage.find((range) => range.fromMs < toMs && toMs <= range.toMs);
    if (known === undefined) return yield* missing(question, toMs);
    const range = { fromMs: Math.max(known.fromMs, toMs - spanMs, fromMs ?? Number.NEGATIVE_INFINITY), toMs };
    const found = yield* store.trades(series, range);
    const [whole] = found.coverage;
    if (whole?.fromMs !== range.fromMs || whole.toMs !== range.toMs) return yield* missing(question, toMs);
    const older = before === undefined ? found.rows : found.rows.filter(isBefore(before));
    rows = [...older, ...rows];
    toMs = range.fromMs;
    spanMs = Math.min(longestSpanMs, spanMs * 2);
  }
  const wanted = count === null ? rows : rows.slice(-count);
  return { value: wanted, rows: wanted.length, lastMs: wanted.at(-1)?.tradeTimeMs ?? null };
});

/** Ids are whole numbers too long for a double. */
const isBefore = (id: string) => {
  const bound = BigInt(id);
  return (trade: Trade): boolean => BigInt(trade.id) < bound;
};

const missing = ({ kind, market }: Question, toMs: number): Effect.Effect<never, DataUnavailable> => {
  const reason = `nothing is kept right before ${new Date(toMs).toISOString()}`;
  return Effect.fail(
    new DataUnavailable({ kind, market, attempts: [{ tier: "history_store", outcome: "missed", reason, durationMs: 0 }] }),
  );
};
