/**
 * The streams of one connection, ordered by when they are due; among those due together, the one added first goes first. A whole market
 * subscribed in three types is thousands of streams, of which one moves at a time: a binary heap finds the next in a few steps.
 */

/** What the calendar needs of a stream. */
export interface Scheduled {
  /** When something is due; `Infinity` for never. */
  readonly dueMs: number;
  /** Looks again what comes next. */
  plan(): void;
}

/** Nothing notices that a stream's due time changed: whoever changes one calls {@link StreamCalendar.settle} or {@link StreamCalendar.replan}. */
export class StreamCalendar<S extends Scheduled> {
  private readonly byKey = new Map<string, S>();
  private readonly heap: Array<Entry<S>> = [];

  /** Takes a stream in, at the due time it has now. A key is taken in once. */
  set(key: string, stream: S): void {
    this.heap.push({ stream, place: this.byKey.size, dueMs: stream.dueMs });
    this.byKey.set(key, stream);
    this.rise(this.heap.length - 1);
  }

  has(key: string): boolean {
    return this.byKey.has(key);
  }

  get(key: string): S | undefined {
    return this.byKey.get(key);
  }

  /** Keys and streams in the order they were added. */
  [Symbol.iterator](): IterableIterator<[string, S]> {
    return this.byKey.entries();
  }

  /** When the first of all is due; `Infinity` without streams. */
  get dueMs(): number {
    return this.heap[0]?.dueMs ?? Infinity;
  }

  /** The stream that is due first. */
  get first(): S | undefined {
    return this.heap[0]?.stream;
  }

  /** Finds the new place of {@link first}, whose due time changed. */
  settle(): void {
    const first = this.heap[0];
    if (first === undefined) return;
    first.dueMs = first.stream.dueMs;
    this.sink(0);
  }

  /** Every stream looks again what comes next. */
  replan(): void {
    for (const entry of this.heap) {
      entry.stream.plan();
      entry.dueMs = entry.stream.dueMs;
    }
    // A sorted list is a heap.
    this.heap.sort(byDue);
  }

  private rise(from: number): void {
    for (let at = from; at > 0;) {
      const above = (at - 1) >> 1;
      if (!this.swapIfEarlier(at, above)) return;
      at = above;
    }
  }

  private sink(from: number): void {
    for (let at = from; ;) {
      let least = 2 * at + 1;
      if (this.isEarlier(least + 1, least)) least++;
      if (!this.swapIfEarlier(least, at)) return;
      at = least;
    }
  }

  private isEarlier(left: number, right: number): boolean {
    const [a, b] = [this.heap[left], this.heap[right]];
    return a !== undefined && b !== undefined && byDue(a, b) < 0;
  }

  /** Exchanges the two when the lower one is due earlier, and says so. */
  private swapIfEarlier(lower: number, upper: number): boolean {
    const [a, b] = [this.heap[lower], this.heap[upper]];
    if (a === undefined || b === undefined || byDue(a, b) >= 0) return false;
    this.heap[lower] = b;
    this.heap[upper] = a;
    return true;
  }
}

interface Entry<S> {
  readonly stream: S;
  /** How many were added before it. */
  readonly place: number;
  /** The stream's due time when it was last looked at. */
  dueMs: number;
}

/** Two streams that are never due compare by place: `Infinity - Infinity` is no number. */
const byDue = (a: Entry<unknown>, b: Entry<unknown>): number => (a.dueMs === b.dueMs ? a.place - b.place : a.dueMs - b.dueMs);
