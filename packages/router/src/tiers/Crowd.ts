/**
 * How many callers are to be expected together: who asks again and again for the same markets, all at once, need not be waited for once all are there.
 * Counted in callers, never in turns or time, so that a replay which brings the same questions in the same order makes the same lists of them. Pure.
 *
 * Wrong, it costs one request: those who are not waited for share the next one. It is forgotten then, so of three lists at most one is sent too soon.
 */

/** Lists of one size, one after the other, after which the next is expected to be as large. */
const timesToExpect = 2;

export class Crowd {
  #size = 0;
  #times = 0;

  /** The callers with whom a list is whole; infinity where it is not known, or one alone is: others may come beside a lone one at any time. */
  whole(): number {
    return this.#times >= timesToExpect && this.#size > 1 ? this.#size : Number.POSITIVE_INFINITY;
  }

  /** A list of so many callers goes out. */
  sent(size: number): void {
    this.#times = size === this.#size ? this.#times + 1 : 1;
    this.#size = size;
  }

  /** Somebody came while a list was on its way: they do not come together. */
  broken(): void {
    this.#size = 0;
    this.#times = 0;
  }
}
