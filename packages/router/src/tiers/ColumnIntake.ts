/**
 * Closed candles collected as columns while they are read: what a store keeps of them never becomes rows. Pages of the exchange are rows already, and are
 * put between the kept pieces in the end. Plain state.
 */
import { type CandleColumns, columnsOfRows, type CoveredColumns, joinColumns, sliceColumns } from "../domain/CandleColumns.ts";
import { type Candle, closeMarginMs } from "../domain/Candle.ts";
import { nextWindowStart, windowStart } from "../domain/Interval.ts";
import type { CandlesQuestion } from "../domain/Question.ts";
import type { Added, Intake } from "./candlePages.ts";
import type { Part } from "./candleSchedule.ts";

/** All that was kept of a part. */
interface Piece {
  readonly fromMs: number;
  readonly toMs: number;
  readonly columns: CandleColumns;
}

export class ColumnIntake implements Intake<CandleColumns, CoveredColumns> {
  readonly #question: CandlesQuestion;
  /** None overlaps another. */
  readonly #pieces: Array<Piece> = [];
  /** Closed ones, by their window; none lies in a piece. */
  readonly #rows = new Map<number, Candle>();
  /** The oldest window that was not closed when it was read. */
  #formingMs = Number.POSITIVE_INFINITY;
  oldestMs = Number.POSITIVE_INFINITY;

  constructor(question: CandlesQuestion) {
    this.#question = question;
  }

  page(rows: ReadonlyArray<Candle>): Added {
    let [added, belonging, newestMs] = [0, 0, Number.NEGATIVE_INFINITY];
    for (const row of rows) {
      const { openTimeMs } = row;
      newestMs = Math.max(newestMs, openTimeMs);
      this.oldestMs = Math.min(this.oldestMs, openTimeMs);
      if (row.state === "forming") this.#formingMs = Math.min(this.#formingMs, openTimeMs);
      else if (openTimeMs < (this.#question.toMs ?? Infinity) && !this.#isKept(openTimeMs)) {
        if (!this.#rows.has(openTimeMs)) {
          added++;
          if (openTimeMs >= (this.#question.fromMs ?? -Infinity)) belonging++;
        }
        this.#rows.set(openTimeMs, row);
      }
    }
    return { added, belonging, newestMs };
  }

  kept({ fromMs, toMs = Infinity }: Part, columns: CandleColumns): Added {
    this.#pieces.push({ fromMs, toMs, columns });
    const startMs = this.#question.fromMs ?? Number.NEGATIVE_INFINITY;
    let added = columns.length;
    let belonging = columns.length - firstFrom(columns, startMs);
    // A page may have reached into the part before it came.
    for (const openTimeMs of this.#rows.keys()) {
      if (openTimeMs < fromMs || openTimeMs >= toMs) continue;
      this.#rows.delete(openTimeMs);
      added--;
      if (openTimeMs >= startMs) belonging--;
    }
    this.oldestMs = Math.min(this.oldestMs, columns.openTimeMs[0] ?? Infinity);
    return { added, belonging, newestMs: columns.openTimeMs.at(-1) ?? Number.NEGATIVE_INFINITY };
  }

  result(exchangeNowMs: number): CoveredColumns {
    const { market, interval, count, fromMs, toMs } = this.#question;
    const all = joinColumns(market, interval, this.#inOrder());
    const first = fromMs === null ? Math.max(0, all.length - (count ?? 0)) : firstFrom(all, fromMs);
    const columns = sliceColumns(all, first, all.length);
    const closedMs = Math.min(windowStart(interval, exchangeNowMs - closeMarginMs), this.#formingMs);
    const endMs = Math.min(firstWindowFrom(interval, toMs ?? Number.MAX_SAFE_INTEGER), closedMs);
    const startMs = fromMs === null ? (columns.openTimeMs[0] ?? endMs) : firstWindowFrom(interval, fromMs);
    return { ...columns, covers: { fromMs: Math.min(startMs, endMs), toMs: endMs } };
  }

  /** Pieces and the rows between them, oldest first. */
  #inOrder(): ReadonlyArray<CandleColumns> {
    const { market, interval } = this.#question;
    const rows = [...this.#rows.values()].sort((a, b) => a.openTimeMs - b.openTimeMs);
    const found: Array<CandleColumns> = [];
    let next = 0;
    const rowsBelow = (ms: number): void => {
      const start = next;
      while (next < rows.length && (rows[next]?.openTimeMs ?? Infinity) < ms) next++;
      if (next > start) found.push(columnsOfRows(market, interval, rows.slice(start, next)));
    };
    for (const { fromMs, columns } of this.#pieces.toSorted((a, b) => a.fromMs - b.fromMs)) {
      rowsBelow(fromMs);
      found.push(columns);
    }
    rowsBelow(Number.POSITIVE_INFINITY);
    return found;
  }

  #isKept(openTimeMs: number): boolean {
    return this.#pieces.some(({ fromMs, toMs }) => openTimeMs >= fromMs && openTimeMs < toMs);
  }
}

const firstFrom = ({ openTimeMs }: CandleColumns, fromMs: number): number => {
  const first = openTimeMs.findIndex((ms) => ms >= fromMs);
  return first < 0 ? openTimeMs.length : first;
};

/** The first window that starts at a moment or after it. */
const firstWindowFrom = (interval: CandlesQuestion["interval"], ms: number): number => {
  if (ms >= Number.MAX_SAFE_INTEGER) return ms;
  const start = windowStart(interval, ms);
  return start === ms ? ms : nextWindowStart(interval, ms);
};
