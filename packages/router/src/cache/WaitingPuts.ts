/**
 * What is to be kept and cannot be now, in the order in which it came, up to so many rows. Beyond them the oldest is dropped and counted: nothing of it
 * is lost for good, its range is missing from what is kept and asked for again. Pure.
 */
import type { TimeRange } from "./Coverage.ts";

/** One call of the store that keeps something. */
export interface Put {
  /** Which series it is of: exchange, market, and interval or trades. */
  readonly series: string;
  readonly rows: number;
  /** What it completes. */
  readonly range: TimeRange;
}

export class WaitingPuts<P extends Put> {
  readonly #maxRows: number;
  #puts: Array<P> = [];
  #rows = 0;
  #dropped = 0;

  constructor(maxRows: number) {
    this.#maxRows = maxRows;
  }

  /** Puts that wait. */
  get size(): number {
    return this.#puts.length;
  }

  /** Rows that wait. An empty range weighs as much as a row, so that there is an end of them too. */
  get rows(): number {
    return this.#rows;
  }

  /** Rows that were dropped, ever. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The newest. What it says anew of its series is not kept twice. */
  add(put: P): void {
    const others = this.#puts.filter((one) => !replaces(put, one));
    if (others.length < this.#puts.length) {
      this.#puts = others;
      this.#rows = others.reduce((sum, one) => sum + weight(one), 0);
    }
    this.#puts.push(put);
    this.#grown(put);
  }

  /** The oldest, which waits no more. */
  take(): P | undefined {
    const oldest = this.#puts.shift();
    if (oldest !== undefined) this.#rows -= weight(oldest);
    return oldest;
  }

  /** One that was taken and could not be kept: it is the oldest again. */
  giveBack(put: P): void {
    if (this.#puts.some((one) => replaces(one, put))) return;
    this.#puts.unshift(put);
    this.#grown(put);
  }

  #grown(put: P): void {
    this.#rows += weight(put);
    while (this.#rows > this.#maxRows) this.#dropped += this.take()?.rows ?? 0;
  }
}

const weight = ({ rows }: Put): number => Math.max(1, rows);

const replaces = (newer: Put, older: Put): boolean =>
  newer.series === older.series && newer.range.fromMs <= older.range.fromMs && newer.range.toMs >= older.range.toMs;
