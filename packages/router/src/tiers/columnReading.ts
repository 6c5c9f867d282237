/**
 * Closed candles as columns while they are read, newest first: what `CandleReading` is for rows, without a row for what comes from a store. Pages of the
 * exchange become columns as they come. Plain state, no clock and no network.
 */
import { type CandleColumns, columnsOfRows, type CoveredColumns, joinColumns, sliceColumns } from "../cache/CandleColumns.ts";
import { type Candle, closeMarginMs } from "../domain/Candle.ts";
import { nextWindowStart, windowStart } from "../domain/Interval.ts";
import type { CandlesQuestion } from "../domain/Question.ts";
import { nextWanted, type Wanted } from "./candlePages.ts";

export class ColumnReading {
  readonly #question: CandlesQuestion;
  readonly #pageSize: number;
  /** Newest first; none overlaps another. */
  readonly #pieces: Array<CandleColumns> = [];
  #rows = 0;
  /** From here on everything is known. */
  #knownFromMs: number | undefined;
  /** The oldest window that was not closed when it was read. */
  #formingMs = Number.POSITIVE_INFINITY;
  #isExhausted = false;
  /** Pages so far. */
  asked = 0;

  constructor(question: CandlesQuestion, pageSize: number) {
    this.#question = question;
    this.#pageSize = pageSize;
  }

  /** Rows so far. */
  get rows(): number {
    return this.#rows;
  }

  /** What to read next, or undefined when nothing is missing. */
  next(): Wanted | undefined {
    if (this.#isExhausted) return undefined;
    return nextWanted(this.#question, this.#pageSize, {
      ...{ knownFromMs: this.#knownFromMs, reachedMs: this.#knownFromMs, belonging: this.#rows },
    });
  }

  /** Takes in one page of the exchange. The start of what is known from it: of its oldest row, or undefined where it brought nothing new. */
  page(rows: ReadonlyArray<Candle>): number | undefined {
    const belowMs = this.#knownFromMs ?? Number.POSITIVE_INFINITY;
    // A window that two pages hold belongs to the newer one; within a page, to its last word.
    const byTime = new Map<number, Candle>();
    for (const row of rows) if (row.openTimeMs < belowMs) byTime.set(row.openTimeMs, row);
    const ascending = [...byTime.values()].sort((a, b) => a.openTimeMs - b.openTimeMs);
    this.asked++;
    this.#isExhausted = ascending.length === 0;
    this.#knownFromMs = ascending[0]?.openTimeMs ?? this.#knownFromMs;
    const { market, interval, toMs } = this.#question;
    this.#formingMs = Math.min(this.#formingMs, ascending.find(({ state }) => state === "forming")?.openTimeMs ?? Infinity);
    const endMs = Math.min(this.#formingMs, toMs ?? Infinity);
    this.#add(
      columnsOfRows(
        market,
        interval,
        ascending.filter(({ openTimeMs }) => openTimeMs < endMs),
      ),
    );
    return ascending[0]?.openTimeMs;
  }

  /** Takes in what was kept from `fromMs` to where {@link next} wanted to go on: all that is there. */
  kept(columns: CandleColumns, fromMs: number): void {
    this.#add(columns);
    this.#knownFromMs = fromMs;
  }

  /** The answer, oldest first, cut to the question. `exchangeNowMs` ends what is closed. */
  result(exchangeNowMs: number): CoveredColumns {
    const { market, interval, count, fromMs, toMs } = this.#question;
    const all = joinColumns(market, interval, this.#pieces.toReversed());
    const first = fromMs === null ? Math.max(0, all.length - (count ?? 0)) : all.openTimeMs.findIndex((ms) => ms >= fromMs);
    const columns = sliceColumns(all, first < 0 ? all.length : first, all.length);
    const closedMs = Math.min(windowStart(interval, exchangeNowMs - closeMarginMs), this.#formingMs);
    const endMs = Math.min(firstWindowFrom(interval, toMs ?? Number.MAX_SAFE_INTEGER), closedMs);
    const startMs = fromMs === null ? (columns.openTimeMs[0] ?? endMs) : firstWindowFrom(interval, fromMs);
    return { ...columns, covers: { fromMs: Math.min(startMs, endMs), toMs: endMs } };
  }

  #add(columns: CandleColumns): void {
    this.#pieces.push(columns);
    this.#rows += columns.length;
  }
}

/** The first window that starts at a moment or after it. */
const firstWindowFrom = (interval: CandlesQuestion["interval"], ms: number): number => {
  if (ms >= Number.MAX_SAFE_INTEGER) return ms;
  const start = windowStart(interval, ms);
  return start === ms ? ms : nextWindowStart(interval, ms);
};
