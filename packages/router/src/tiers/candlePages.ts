/**
 * Candle history as pages, newest page first, the way exchanges serve it. Pure: what to ask next from what has come, and how the rows
 * become the answer.
 *
 * Windows without a trade have no row, so a page may cover any span and may be shorter than asked; only an empty page means the end. Rows
 * are keyed by their window, so an edge row sent twice counts once.
 */
import { type Candle, closeMarginMs } from "../domain/Candle.ts";
import { Decimal } from "../domain/Decimal.ts";
import { type Interval, nextWindowStart, windowStart } from "../domain/Interval.ts";
import type { CandlesQuestion } from "../domain/Question.ts";

export interface CandlePages {
  readonly question: CandlesQuestion;
  readonly pageSize: number;
  /** By window start. */
  readonly rows: ReadonlyMap<number, Candle>;
  readonly asked: number;
  /** The last page was empty, or brought nothing new: there is no more. */
  readonly exhausted: boolean;
}

export const firstPage = (question: CandlesQuestion, pageSize: number): CandlePages => ({
  question,
  pageSize,
  rows: new Map(),
  asked: 0,
  exhausted: false,
});

/** The next page to ask for, or undefined when nothing is missing. */
export const nextPage = (pages: CandlePages): { readonly count: number; readonly toMs: number | undefined } | undefined => {
  const { question, pageSize, rows } = pages;
  if (pages.exhausted) return undefined;
  const oldest = oldestStart(pages);
  const toMs = oldest ?? question.toMs ?? undefined;
  if (question.fromMs !== null) {
    // A filled range needs the close before its first window, so it reads one row past its start.
    const reached = oldest !== undefined && (question.fill === "flat" ? oldest < question.fromMs : oldest <= question.fromMs);
    return reached ? undefined : { count: pageSize, toMs };
  }
  const missing = (question.count ?? 0) - countOf(question, rows);
  if (missing <= 0) return undefined;
  return { count: Math.min(pageSize, rows.size === 0 ? missing + unprovedRows(question) : missing), toMs };
};

/** Takes in one page. */
export const addPage = (pages: CandlePages, page: ReadonlyArray<Candle>): CandlePages => {
  const rows = new Map(pages.rows);
  for (const row of page) rows.set(row.openTimeMs, row);
  return { ...pages, rows, asked: pages.asked + 1, exhausted: rows.size === pages.rows.size };
};

/** The most requests a question can cost: a bound that holds on any market, however sparse. `nowMs` ends a range without an end. */
export const maxPages = (question: CandlesQuestion, pageSize: number, nowMs: number): number => {
  const rows =
    question.fromMs === null
      ? (question.count ?? 0) + unprovedRows(question)
      : windowsBetween(question.interval, question.fromMs, question.toMs ?? nowMs);
  return Math.ceil(rows / pageSize) + 2;
};

/** Requests that a question costs where every window has a trade. */
export const likelyPages = (question: CandlesQuestion, pageSize: number, nowMs: number): number =>
  Math.max(1, maxPages(question, pageSize, nowMs) - 2);

/** How many windows start in `[fromMs, toMs)`. */
export const windowsBetween = (interval: Interval, fromMs: number, toMs: number): number => {
  let start = windowStart(interval, fromMs) === fromMs ? fromMs : nextWindowStart(interval, fromMs);
  if (interval !== "1M" && interval !== "1y") return Math.max(0, Math.ceil((toMs - start) / (nextWindowStart(interval, start) - start)));
  // Months and years differ in length, and there are few of them.
  let count = 0;
  for (; start < toMs; start = nextWindowStart(interval, start)) count++;
  return count;
};

/** The answer: oldest first, cut to the question, filled where asked. `exchangeNowMs` ends the filling at the present window. */
export const toRows = (pages: CandlePages, exchangeNowMs: number): ReadonlyArray<Candle> => {
  const { question } = pages;
  let rows = [...pages.rows.values()].sort((a, b) => a.openTimeMs - b.openTimeMs);
  if (question.forming === "exclude") rows = rows.filter((row) => row.state !== "forming");
  if (question.fill === "flat") rows = fillFlat(rows, question, exchangeNowMs);
  const from = question.fromMs ?? Number.NEGATIVE_INFINITY;
  const to = question.toMs ?? Number.POSITIVE_INFINITY;
  rows = rows.filter((row) => row.openTimeMs >= from && row.openTimeMs < to);
  return question.count === null ? rows : rows.slice(-question.count);
};

/** Rows that will belong to the answer. */
const countOf = ({ forming, toMs }: CandlesQuestion, rows: CandlePages["rows"]): number => {
  let count = 0;
  for (const row of rows.values()) if ((forming === "include" || row.state !== "forming") && row.openTimeMs < (toMs ?? Infinity)) count++;
  return count;
};

/** Rows that may have to be thrown away: the window in progress, and those whose end is not longer ago than the margin. */
const unprovedRows = ({ forming, interval }: CandlesQuestion): number =>
  forming === "include" ? 0 : 1 + Math.ceil(closeMarginMs / (nextWindowStart(interval, 0) - windowStart(interval, 0)));

const oldestStart = (pages: CandlePages): number | undefined => {
  let oldest: number | undefined;
  for (const start of pages.rows.keys()) if (oldest === undefined || start < oldest) oldest = start;
  return oldest;
};

/**
 * Puts an `empty` candle into every window without a trade, up to the last closed window of the question. Works back from the newest row and
 * stops at the question's count or start, so a lone old row never costs more windows than are wanted.
 */
const fillFlat = (rows: ReadonlyArray<Candle>, question: CandlesQuestion, exchangeNowMs: number): Array<Candle> => {
  const wanted = question.count ?? Number.POSITIVE_INFINITY;
  const from = question.fromMs ?? Number.NEGATIVE_INFINITY;
  const newestFirst: Array<Candle> = [];
  // A window that ended just now may yet get the trades that the exchange books late.
  let end = Math.min(question.toMs ?? Number.POSITIVE_INFINITY, windowStart(question.interval, exchangeNowMs - closeMarginMs));
  for (let i = rows.length - 1; i >= 0 && newestFirst.length < wanted; i--) {
    const row = rows[i];
    if (row === undefined) break;
    for (let start = windowBefore(row, end); start > row.openTimeMs && start >= from; start = windowStart(row.interval, start - 1)) {
      newestFirst.push(emptyAfter(row, start));
      if (newestFirst.length >= wanted) break;
    }
    newestFirst.push(row);
    end = row.openTimeMs;
  }
  return newestFirst.reverse();
};

const windowBefore = (row: Candle, endMs: number): number =>
  endMs <= row.openTimeMs ? row.openTimeMs : windowStart(row.interval, endMs - 1);

const emptyAfter = (last: Candle, openTimeMs: number): Candle => ({
  market: last.market,
  interval: last.interval,
  openTimeMs,
  open: last.close,
  high: last.close,
  low: last.close,
  close: last.close,
  volume: Decimal.zero,
  value: Decimal.zero,
  lastTradeTimeMs: last.lastTradeTimeMs,
  state: "empty",
});
