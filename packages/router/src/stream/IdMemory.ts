/**
 * The last so many ids, for removing duplicates: at least that many, and fewer than twice as many, because a whole generation is forgotten at once.
 * An id is a text, and different texts are different ids; those that are whole numbers, as every trade's of the exchange is, are kept as such.
 */
import { IdSet } from "./IdSet.ts";

/** Digits in each half of a number, and in both. */
const halfDigits = 9;
const mostDigits = 2 * halfDigits;

export class IdMemory {
  readonly #capacity: number;
  #young: Generation;
  #old: Generation;
  /** The halves of the number that was looked at last. */
  #upper = 0;
  #lower = 0;
  /** The latest time of an id that was forgotten; what is not newer may have been known once. */
  forgottenMs = Number.NEGATIVE_INFINITY;

  constructor(capacity: number) {
    this.#capacity = Math.max(1, capacity);
    this.#young = new Generation(this.#capacity);
    this.#old = new Generation(this.#capacity);
  }

  has(id: string): boolean {
    if (!this.#isNumber(id)) return this.#young.texts.has(id) || this.#old.texts.has(id);
    return this.#young.numbers.has(this.#upper, this.#lower) || this.#old.numbers.has(this.#upper, this.#lower);
  }

  /** Remembers `id`, of what happened at `atMs`; false when it was known. At capacity those before the last so many are forgotten. */
  add(id: string, atMs = Number.NEGATIVE_INFINITY): boolean {
    const young = this.#young;
    if (!this.#isNumber(id)) {
      if (this.has(id)) return false;
      young.texts.add(id);
    } else if (this.#old.numbers.has(this.#upper, this.#lower) || !young.numbers.add(this.#upper, this.#lower)) return false;
    if (atMs > young.newestMs) young.newestMs = atMs;
    if (young.numbers.size + young.texts.size >= this.#capacity) this.#turn();
    return true;
  }

  #turn(): void {
    this.forgottenMs = Math.max(this.forgottenMs, this.#old.newestMs);
    this.#old = this.#young;
    this.#young = new Generation(this.#capacity);
  }

  /** A whole number written as numbers are, without a zero before it, that fits into two halves. Notes these. */
  #isNumber(id: string): boolean {
    const { length } = id;
    if (length === 0 || length > mostDigits || (length > 1 && id.charCodeAt(0) === zero)) return false;
    const middle = Math.max(0, length - halfDigits);
    let upper = 0;
    let lower = 0;
    for (let at = 0; at < length; at++) {
      const digit = id.charCodeAt(at) - zero;
      if (digit < 0 || digit > 9) return false;
      if (at < middle) upper = upper * 10 + digit;
      else lower = lower * 10 + digit;
    }
    this.#upper = upper;
    this.#lower = lower;
    return true;
  }
}

const zero = 48;

class Generation {
  readonly numbers: IdSet;
  readonly texts = new Set<string>();
  /** The latest time in it. */
  newestMs = Number.NEGATIVE_INFINITY;

  constructor(capacity: number) {
    this.numbers = new IdSet(capacity);
  }
}
