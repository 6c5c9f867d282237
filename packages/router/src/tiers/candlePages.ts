/**
 * Candle history as it is read, newest first, the way exchanges serve it: what to ask next from what has come, and how the rows become the answer. What
 * is kept already takes the place of pages. Plain state, no clock and no network.
 *
 * Windows without a trade have no row, so a page may cover any span and may be shorter than asked; only an empty page means the end. Rows
 * are keyed by their window, so an edge row sent twice counts once.
 */
import { type Candle, closeMarginMs } from "../domain/Candle.ts";
import { Decimal } from "../domain/Decimal.ts";
import { type Interval, nextWindowStart, windowStart } from "../domain/Interval.ts";
import type { CandlesQuestion } from "../domain/Question.ts";

/** What is to be read next: up to so many rows that open before `toMs`; undefined for the newest. */
export interface Wanted {
  readonly count: number;
  readonly toMs: number | undefined;
}

export class CandleReading {
  readonly #question: CandlesQuestion;
  readonly #pageSize: number;
  readonly #rows = new Map<number, Candle>();
  /** Rows that will belong to the answer, but for the cut at its start. */
  #belonging = 0;
  #oldestMs: number | undefined;
  /** From here on everything is known. */
  #knownFromMs: number | undefined;
  /** The last page was empty, or brought nothing new: there is no more. */
  #isExhausted = false;
  /** Pages so far. */
  asked = 0;

  constructor(question: CandlesQuestion, pageSize: number) {
    this.#question = question;
    this.#pageSize = pageSize;
  }

  /** Rows so far. */
  get rows(): number {
    return this.#rows.size;
  }

  /** What to read next, or undefined when nothing is missing. */
  next(): Wanted | undefined {
    if (this.#isExhausted) return undefined;
    return nextWanted(this.#question, this.#pageSize, {
      ...{ knownFromMs: this.#knownFromMs, belonging: this.#belonging },
      reachedMs: this.#question.fill === "flat" ? this.#oldestMs : this.#knownFromMs,
    });
  }

  /** Takes in one page of the exchange. The start of what is known from it: of its oldest row, or undefined where it brought nothing new. */
  page(rows: ReadonlyArray<Candle>): number | undefined {
    const before = this.#rows.size;
    for (const row of rows) this.#add(row);
    this.asked++;
    this.#isExhausted = this.#rows.size === before;
    this.#knownFromMs = this.#oldestMs;
    return this.#isExhausted ? undefined : this.#oldestMs;
  }

  /** Takes in what was kept from `fromMs` to where {@link next} wanted to go on: all that is there. */
  kept(rows: ReadonlyArray<Candle>, fromMs: number): void {
    for (const row of rows) this.#add(row);
    this.#knownFromMs = fromMs;
  }

  /** The answer: oldest first, cut to the question, filled where asked. `exchangeNowMs` ends the filling at the present window. */
  result(exchangeNowMs: number): ReadonlyArray<Candle> {
    const question = this.#question;
    let rows = [...this.#rows.values()].sort((a, b) => a.openTimeMs - b.openTimeMs);
    if (question.forming === "exclude") rows = rows.filter((row) => row.state !== "forming");
    if (question.fill === "flat") rows = fillFlat(rows, question, exchangeNowMs);
    const from = question.fromMs ?? Number.NEGATIVE_INFINITY;
    const to = question.toMs ?? Number.POSITIVE_INFINITY;
    rows = rows.filter((row) => row.openTimeMs >= from && row.openTimeMs < to);
    return question.count === null ? rows : rows.slice(-question.count);
  }

  #add(row: Candle): void {
    const { forming, toMs } = this.#question;
    const known = this.#rows.get(row.openTimeMs);
    const belongs = ({ state, openTimeMs }: Candle) => (forming === "include" || state !== "forming") && openTimeMs < (toMs ?? Infinity);
    if (known !== undefined && belongs(known)) this.#belonging--;
    if (belongs(row)) this.#belonging++;
    this.#rows.set(row.openTimeMs, row);
    if (this.#oldestMs === undefined || row.openTimeMs < this.#oldestMs) this.#oldestMs = row.openTimeMs;
  }
}

/** How far a reading has come. */
interface Reached {
  /** From here on everything is known. */
  readonly knownFromMs: number | undefined;
  /** What a range must have come down to. */
  readonly reachedMs: number | undefined;
  /** Rows that will belong to the answer. */
  readonly belonging: number;
}

/** What a reading wants next, or undefined when nothing is missing. */
export const nextWanted = (
  question: CandlesQuestion,
  pageSize: number,
  { knownFromMs, reachedMs, belonging }: Reached,
): Wanted | undefined => {
  const { fromMs, fill, count } = question;
  const toMs = knownFromMs ?? question.toMs ?? undefined;
  if (fromMs !== null) {
    // A filled range needs the close before its first window, so it reads one row past its start.
    const isReached = reachedMs !== undefined && (fill === "flat" ? reachedMs < fromMs : reachedMs <= fromMs);
    return isReached ? undefined : { count: pageSize, toMs };
  }
  const missing = (count ?? 0) - belonging;
  if (missing <= 0) return undefined;
  return { count: Math.min(pageSize, knownFromMs === undefined ? missing + unprovedRows(question) : missing), toMs };
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

/** Rows that may have to be thrown away: the window in progress, and those whose end is not longer ago than the margin. */
const unprovedRows = ({ forming, interval }: CandlesQuestion): number =>
  forming === "include" ? 0 : 1 + Math.ceil(closeMarginMs / (nextWindowStart(interval, 0) - windowStart(interval, 0)));

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
