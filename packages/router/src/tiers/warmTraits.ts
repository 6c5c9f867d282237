/**
 * What the warm store has to know of an answer: how long it can be true, what it weighs, and whether it differs from the one before. Pure.
 *
 * A range of closed windows can never change, an empty one included, once its last window was over for a minute by our clock and by the exchange's:
 * either alone may be ahead. Everything else ends by its kind, and with candles at the end of the window in progress, because then there is a row more.
 */
import type { WarmTraits } from "../cache/Cache.ts";
import type { Candle } from "../domain/Candle.ts";
import { nextWindowStart, windowStart } from "../domain/Interval.ts";
import type { Kind, Question } from "../domain/Question.ts";
import { finalAfterMs } from "./candleHistory.ts";
import type { TierAnswer } from "./Tier.ts";

export const traitsOf = (question: Question, ttlMs: Readonly<Record<Kind, number>>): WarmTraits<TierAnswer> => ({
  since: ({ confirmedNanos }) => confirmedNanos,
  boundMs: (answer) => boundMsOf(question, answer, ttlMs),
  bytes: (answer) => bytesOf(question, answer),
  differs: (before, after) => before.exchangeTimeMs !== after.exchangeTimeMs || rowsOf(before) !== rowsOf(after),
});

/** The longest an answer may be served, in milliseconds. */
export const boundMsOf = (question: Question, answer: TierAnswer, ttlMs: Readonly<Record<Kind, number>>): number => {
  const usual = ttlMs[question.kind];
  if (question.kind !== "candles") return usual;
  if (isFinal(question.interval, question.toMs, answer)) return Number.POSITIVE_INFINITY;
  const newest = (answer.value as ReadonlyArray<Candle>).at(-1);
  const nowMs = answer.exchangeNowMs ?? answer.receivedMs;
  const leftMs = nextWindowStart(question.interval, nowMs) - nowMs;
  // A candle in progress is as live as a ticker.
  return Math.min(usual, leftMs, newest?.state === "forming" ? ttlMs.ticker : usual);
};

const isFinal = (interval: Candle["interval"], toMs: number | null, { exchangeNowMs, kept, receivedMs }: TierAnswer): boolean => {
  if (toMs === null) return false;
  const endMs = nextWindowStart(interval, windowStart(interval, toMs - 1));
  // What is kept of the past was final when it was kept.
  const byExchangeMs = exchangeNowMs ?? (kept?.isAll === true ? Number.POSITIVE_INFINITY : 0);
  return endMs + finalAfterMs <= Math.min(receivedMs, byExchangeMs);
};

/** About what one row takes in memory: measured once with the exact numbers in it, and rounded up. */
const rowBytes: Readonly<Record<Kind, number>> = { ticker: 2_304, orderbook: 256, trades: 448, candles: 768 };

const bytesOf = (question: Question, answer: TierAnswer): number => {
  const rows = question.kind === "orderbook" ? 2 * question.levels : rowsOf(answer);
  return 512 + rows * rowBytes[question.kind];
};

const rowsOf = ({ value }: TierAnswer): number => (Array.isArray(value) ? value.length : 1);
