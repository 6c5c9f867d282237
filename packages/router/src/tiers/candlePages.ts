/**
 * Candle history as it is read, newest first, the way exchanges serve it: what is wanted and what has come of it, and how the rows become the answer.
 * What is kept already takes the place of pages; in which parts the rest is read is `candleSchedule.ts`. Plain state, no clock and no network.
 *
 * Windows without a trade have no row, so a page may cover any span and may be shorter than asked; only an empty page means the end. Rows
 * are keyed by their window, so an edge row sent twice counts once.
 */
import type { Coverage, TimeRange } from "../cache/Coverage.ts";
import { type Candle, closeMarginMs } from "../domain/Candle.ts";
import { Decimal } from "../domain/Decimal.ts";
import { type Interval, nextWindowStart, windowStart } from "../domain/Interval.ts";
import type { CandlesQuestion } from "../domain/Question.ts";
import { CandleSchedule, type Part, shortestMs } from "./candleSchedule.ts";

export interface ReadingOptions {
  /** Rows of one page at most. */
  readonly pageSize: number;
  /** Parts that may be read side by side; one after another where it is missing. */
  readonly atOnce?: number | undefined;
  /** What is kept, as far as is known. */
  readonly kept?: Coverage | undefined;
}

export class CandleReading {
  readonly #question: CandlesQuestion;
  readonly #pageSize: number;
  readonly #schedule: CandleSchedule;
  readonly #topMs: number;
  readonly #rows = new Map<number, Candle>();
  #oldestMs = Number.POSITIVE_INFINITY;
  #belonging = 0;
  /** Pages so far. */
  asked = 0;

  constructor(question: CandlesQuestion, { pageSize, atOnce = 1, kept = [] }: ReadingOptions) {
    this.#question = question;
    this.#pageSize = pageSize;
    this.#topMs = question.toMs ?? Number.POSITIVE_INFINITY;
    this.#schedule = new CandleSchedule({ interval: question.interval, pageSize, isCounted: question.count !== null, atOnce, kept });
  }

  /** Rows that belong to the answer, of those that have come. */
  get rows(): number {
    return this.#belonging;
  }

  /** Parts that were handed out and have not come. */
  get underWay(): number {
    return this.#schedule.underWay;
  }

  get isComplete(): boolean {
    const range = this.#wanted();
    return range === undefined || this.#schedule.missingIn(range).length === 0;
  }

  /** The most requests it may cost. `nowMs` ends a range without an end. */
  bound(nowMs: number): number {
    return maxPages(this.#question, this.#pageSize, nowMs) + this.#schedule.cuts;
  }

  /** How much of what is wanted has come, 0 to 1. `nowMs` ends a range without an end. */
  share(nowMs: number): number {
    const { count, fromMs } = this.#question;
    if (this.isComplete) return 1;
    if (fromMs === null) return Math.min(1, this.#belonging / (count ?? 1));
    const toMs = Math.min(this.#topMs, nowMs);
    const missingMs = this.#schedule.missingIn({ fromMs, toMs }).reduce((sum, gap) => sum + gap.toMs - gap.fromMs, 0);
    return Math.max(0, 1 - missingMs / (toMs - fromMs));
  }

  /** What to read next, beside what is being read, or undefined when there is nothing to begin now. */
  next(): Part | undefined {
    const range = this.#wanted();
    return range === undefined ? undefined : this.#schedule.take(range);
  }

  /** Rows to ask the exchange for: no more than there are windows in the part. */
  countOf({ fromMs, toMs }: Part): number {
    const { count, fill, interval } = this.#question;
    const windows = toMs === undefined ? Number.POSITIVE_INFINITY : windowsBetween(interval, fromMs, toMs);
    // A filled range needs the close before its first window.
    if (count === null) return Math.min(this.#pageSize, Math.max(1, fill === "flat" ? windows + 1 : windows));
    const missing = count - this.#schedule.knownBelow(this.#topMs).rows;
    const wanted = this.asked === 0 ? missing + unprovedRows(this.#question) : Math.min(missing, Math.max(1, windows));
    return Math.min(this.#pageSize, wanted);
  }

  /** Takes in one page of the exchange. The start of what is known from it: of its oldest row, or undefined where it reaches no further. */
  page(part: Part, rows: ReadonlyArray<Candle>): number | undefined {
    this.asked++;
    const added = this.#add(rows);
    const oldestMs = rows.reduce(
      (oldest, { openTimeMs }) => (openTimeMs < (part.toMs ?? Infinity) ? Math.min(oldest, openTimeMs) : oldest),
      Number.POSITIVE_INFINITY,
    );
    // A page that is empty, or repeats what lies above it, is the end of the history.
    const fromMs = oldestMs === Number.POSITIVE_INFINITY ? Number.NEGATIVE_INFINITY : oldestMs;
    this.#schedule.done(part, fromMs, added, this.#endOf(rows));
    return oldestMs === Number.POSITIVE_INFINITY ? undefined : oldestMs;
  }

  /** Takes in all that was kept of a part. */
  kept(part: Part, rows: ReadonlyArray<Candle>): void {
    this.#schedule.done(part, part.fromMs, this.#add(rows), this.#endOf(rows));
  }

  /** A part did not come: it is handed out again, the kept one as a page. */
  givenUp(part: Part): void {
    this.#schedule.givenUp(part);
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

  /**
   * The range in which everything is wanted; undefined when nothing is missing. So many rows take at least so many windows: those below what is known
   * are wanted for certain, and when they are known and had fewer rows, there are more.
   */
  #wanted(): TimeRange | undefined {
    const { count, fill, fromMs, interval } = this.#question;
    const toMs = this.#topMs;
    const known = this.#schedule.knownBelow(toMs);
    if (fromMs !== null) {
      const isOpen = fill === "flat" && this.#oldestMs >= fromMs && known.fromMs > Number.NEGATIVE_INFINITY && known.fromMs <= fromMs;
      // A filled range needs the close before its first window, so it reads one row past its start.
      return { fromMs: isOpen ? known.fromMs - 1 : fromMs, toMs };
    }
    const missing = (count ?? 0) - known.rows;
    if (missing <= 0 || known.fromMs === Number.NEGATIVE_INFINITY) return undefined;
    // Towards the present a page comes first: only then it is known where the windows end.
    if (known.fromMs === Number.POSITIVE_INFINITY) return { fromMs: Number.MAX_SAFE_INTEGER, toMs };
    return { fromMs: known.fromMs - missing * shortestMs(interval), toMs };
  }

  /** How many rows that belong to the answer, or would if it began earlier, came with these. */
  #add(rows: ReadonlyArray<Candle>): number {
    const { forming, fromMs, toMs } = this.#question;
    const belongs = ({ state, openTimeMs }: Candle) => (forming === "include" || state !== "forming") && openTimeMs < (toMs ?? Infinity);
    let added = 0;
    for (const row of rows) {
      const before = this.#rows.get(row.openTimeMs);
      const more = Number(belongs(row)) - Number(before !== undefined && belongs(before));
      added += more;
      if (row.openTimeMs >= (fromMs ?? -Infinity)) this.#belonging += more;
      this.#rows.set(row.openTimeMs, row);
      this.#oldestMs = Math.min(this.#oldestMs, row.openTimeMs);
    }
    return added;
  }

  /** Where the newest window of these ends. */
  #endOf(rows: ReadonlyArray<Candle>): number {
    const newestMs = rows.reduce((newest, { openTimeMs }) => Math.max(newest, openTimeMs), Number.NEGATIVE_INFINITY);
    return newestMs === Number.NEGATIVE_INFINITY ? newestMs : nextWindowStart(this.#question.interval, newestMs);
  }
}

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
