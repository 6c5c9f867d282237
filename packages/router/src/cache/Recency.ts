/**
 * Things in the order of their last use, or writing, as a chain through their own places: to move one, and to find the oldest, costs the same among any
 * number. The order of a `Map` does not give that: what left its front are holes, and each look for the first walks over all of them.
 */
export interface Linked<A> {
  older: A | undefined;
  newer: A | undefined;
}

export class Recency<A extends Linked<A>> {
  #oldest: A | undefined;
  #newest: A | undefined;

  get oldest(): A | undefined {
    return this.#oldest;
  }

  /** One that is in no chain, as the newest. */
  add(one: A): void {
    one.older = this.#newest;
    one.newer = undefined;
    if (this.#newest === undefined) this.#oldest = one;
    else this.#newest.newer = one;
    this.#newest = one;
  }

  /** One of this chain; it may be added again. */
  remove(one: A): void {
    const { older, newer } = one;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    // Whoever still holds this one must not hold those beside it.
    one.older = undefined;
    one.newer = undefined;
  }

  /** One of this chain becomes the newest. */
  touch(one: A): void {
    if (one === this.#newest) return;
    this.remove(one);
    this.add(one);
  }

  clear(): void {
    this.#oldest = undefined;
    this.#newest = undefined;
  }
}
