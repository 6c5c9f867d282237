/**
 * Candle history as it is read, newest first, the way exchanges serve it: what is wanted and what has come of it, and how the rows become the answer.
 * What is kept already takes the place of pages; in which parts the rest is read is `candleSchedule.ts`. Plain state, no clock and no network.
 *
 * Windows without a trade have no row, so a page may cover any span and may be shorter than asked; only an empty page means the end. Rows
 * are keyed by their window, so an edge row sent twice counts once.
 */
import type { Coverage, TimeRange } from "../cache/Coverage.ts";
import { type Candle, closeMarginMs } from "../domain/Candle.ts";
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

/** Where what comes is collected: as rows (`RowIntake.ts`), or as columns (`ColumnIntake.ts`). */
export interface Intake<Kept, Value> {
  /** Rows of a page. */
  readonly page: (rows: ReadonlyArray<Candle>) => Added;
  /** All that was kept of a part. */
  readonly kept: (part: Part, all: Kept) => Added;
  /** The oldest window that has come, plus infinity before any. */
  readonly oldestMs: number;
  /** The answer: oldest first, cut to the question, filled where asked. `exchangeNowMs` ends the filling at the present window. */
  readonly result: (exchangeNowMs: number) => Value;
}

/** Rows that had not come before. */
export interface Added {
  /** Those that belong to the answer, or would if it began earlier. */
  readonly added: number;
  /** Those that belong to it. */
  readonly belonging: number;
  /** The newest window of all that came, minus infinity where there was none. */
  readonly newestMs: number;
}

export class CandleReading<Kept, Value> {
  readonly #question: CandlesQuestion;
  readonly #intake: Intake<Kept, Value>;
  readonly #pageSize: number;
  readonly #schedule: CandleSchedule;
  readonly #topMs: number;
  #belonging = 0;
  /** Pages so far. */
  asked = 0;

  constructor(question: CandlesQuestion, intake: Intake<Kept, Value>, { pageSize, atOnce = 1, kept = [] }: ReadingOptions) {
    this.#question = question;
    this.#intake = intake;
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
    const { count, interval } = this.#question;
    const windows = toMs === undefined ? Number.POSITIVE_INFINITY : windowsBetween(interval, fromMs, toMs);
    // One more: a filled range needs the close before its first window, and an exchange may count the window at the bound.
    if (count === null) return Math.min(this.#pageSize, windows + 1);
    const missing = count - this.#schedule.knownBelow(this.#topMs).rows;
    const wanted = this.asked === 0 ? missing + unprovedRows(this.#question) : Math.min(missing, Math.max(1, windows));
    return Math.min(this.#pageSize, wanted);
  }

  /** Takes in one page of the exchange. The start of what is known from it: of its oldest row, or undefined where it reaches no further. */
  page(part: Part, rows: ReadonlyArray<Candle>): number | undefined {
    this.asked++;
    const oldestMs = rows.reduce(
      (oldest, { openTimeMs }) => (openTimeMs < (part.toMs ?? Infinity) ? Math.min(oldest, openTimeMs) : oldest),
      Number.POSITIVE_INFINITY,
    );
    // A page that is empty, or repeats what lies above it, is the end of the history.
    const fromMs = oldestMs === Number.POSITIVE_INFINITY ? Number.NEGATIVE_INFINITY : oldestMs;
    this.#done(part, fromMs, this.#intake.page(rows));
    return oldestMs === Number.POSITIVE_INFINITY ? undefined : oldestMs;
  }

  /** Takes in all that was kept of a part. */
  kept(part: Part, all: Kept): void {
    this.#done(part, part.fromMs, this.#intake.kept(part, all));
  }

  /** A part did not come: it is handed out again, the kept one as a page. */
  givenUp(part: Part): void {
    this.#schedule.givenUp(part);
  }

  /** The answer. `exchangeNowMs`: where the present window is. */
  result(exchangeNowMs: number): Value {
    return this.#intake.result(exchangeNowMs);
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
      const isOpen =
        fill === "flat" && this.#intake.oldestMs >= fromMs && known.fromMs > Number.NEGATIVE_INFINITY && known.fromMs <= fromMs;
      // A filled range needs the close before its first window, so it reads one row past its start.
      return { fromMs: isOpen ? known.fromMs - 1 : fromMs, toMs };
    }
    const missing = (count ?? 0) - known.rows;
    if (missing <= 0 || known.fromMs === Number.NEGATIVE_INFINITY) return undefined;
    // Towards the present a page comes first: only then it is known where the windows end.
    if (known.fromMs === Number.POSITIVE_INFINITY) return { fromMs: Number.MAX_SAFE_INTEGER, toMs };
    return { fromMs: known.fromMs - missing * shortestMs(interval), toMs };
  }

  #done(part: Part, fromMs: number, { added, belonging, newestMs }: Added): void {
    this.#belonging += belonging;
    const endMs = newestMs === Number.NEGATIVE_INFINITY ? newestMs : nextWindowStart(this.#question.interval, newestMs);
    this.#schedule.done(part, fromMs, added, endMs);
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
