/** A seeded sequence of chances, some nanoseconds each: a run of millions of frames spends its time in the decoders and not here. */

export class Draws {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 to less than `limit`, which is at most 2^32. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  /** True once in so many times. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<A>(items: ReadonlyArray<A>): A {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError("nothing to pick from");
    return item;
  }

  /** So many digits, the first of them not zero. */
  digits(count: number): string {
    let text = String(1 + this.below(9));
    for (let left = count - 1; left > 0; left -= 7) {
      const size = Math.min(7, left);
      text += String(this.below(10 ** size)).padStart(size, "0");
    }
    return text;
  }

  /** The same items in another order. */
  shuffled<A>(items: ReadonlyArray<A>): ReadonlyArray<A> {
    const mixed = [...items];
    for (let i = mixed.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [mixed[i], mixed[j]] = [mixed[j]!, mixed[i]!];
    }
    return mixed;
  }
}
