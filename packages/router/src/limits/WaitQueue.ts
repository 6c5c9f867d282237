/**
 * The order in which those who wait are served: the most urgent first, in order of arrival among equals, and every tenth place goes to whoever
 * has waited longest. So urgent callers pass the others by, and yet nobody starves: a caller with `n` older ones before it is served after at most
 * `10 (n + 1)` places, whatever comes later.
 *
 * A plain structure without a clock. The age that counts is the order of arrival, so a place does not move while nobody comes, leaves or is served.
 */

/** Of so many places one goes to the longest-waiting. */
export const placesPerTurn = 10;

/** 0 is the most urgent. */
export type Rank = 0 | 1 | 2 | 3;

export class WaitQueue<A extends { readonly rank: Rank }> {
  /** By rank: who waits, with the number of its arrival. A map keeps the order of arrival and gives a place back in constant time. */
  readonly #ranks: ReadonlyArray<Map<A, number>> = [new Map(), new Map(), new Map(), new Map()];
  #arrivals = 0;
  /** Places given to others since the longest-waiting had one. */
  #passed = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  join(waiter: A): void {
    this.#ranks[waiter.rank]?.set(waiter, this.#arrivals++);
    this.#size++;
  }

  /** Gives a place back; false for one that does not wait. */
  leave(waiter: A): boolean {
    const left = this.#ranks[waiter.rank]?.delete(waiter) ?? false;
    if (left) this.#size--;
    return left;
  }

  /** Who is served next. */
  first(): A | undefined {
    return this.#size === 0 ? undefined : served(this.#ranks.map(headOf), this.#passed).next?.waiter;
  }

  /** Serves the first. */
  take(): A | undefined {
    if (this.#size === 0) return undefined;
    const { next, passed } = served(this.#ranks.map(headOf), this.#passed);
    this.#passed = passed;
    if (next !== undefined) this.leave(next.waiter);
    return next?.waiter;
  }

  /** How many at most are served before a newcomer of this rank, if nobody else comes. */
  ahead(rank: Rank): number {
    if (this.#size === 0) return 0;
    let before = 0;
    for (let i = 0; i <= rank; i++) before += this.#ranks[i]?.size ?? 0;
    const behind = this.#size - before;
    return before + Math.min(behind, Math.floor((this.#passed + before) / (placesPerTurn - 1)));
  }

  /** Everybody, as they will be served if nobody else comes. */
  inOrder(): ReadonlyArray<A> {
    const queues = this.#ranks.map((rank) => rank.entries());
    const heads = queues.map(nextOf);
    const order: Array<A> = [];
    let passed = this.#passed;
    for (let turn = served(heads, passed); turn.next !== undefined; turn = served(heads, passed)) {
      const { next } = turn;
      order.push(next.waiter);
      passed = turn.passed;
      const queue = queues[next.waiter.rank];
      heads[next.waiter.rank] = queue === undefined ? undefined : nextOf(queue);
    }
    return order;
  }
}

interface Head<A> {
  readonly waiter: A;
  readonly arrival: number;
}

/** The step itself: whose turn it is among the first of every rank, and how often the longest-waiting has been passed by after it. */
const served = <A>(
  heads: ReadonlyArray<Head<A> | undefined>,
  passed: number,
): { readonly next: Head<A> | undefined; readonly passed: number } => {
  let urgent: Head<A> | undefined;
  let oldest: Head<A> | undefined;
  for (const head of heads) {
    if (head === undefined) continue;
    urgent ??= head;
    if (oldest === undefined || head.arrival < oldest.arrival) oldest = head;
  }
  if (urgent === oldest || passed >= placesPerTurn - 1) return { next: oldest, passed: 0 };
  return { next: urgent, passed: passed + 1 };
};

const headOf = <A>(rank: Map<A, number>): Head<A> | undefined => nextOf(rank.entries());

const nextOf = <A>(entries: MapIterator<[A, number]>): Head<A> | undefined => {
  const { value } = entries.next();
  return value === undefined ? undefined : { waiter: value[0], arrival: value[1] };
};
