/**
 * The least difference between our monotonic clock and the times that frames carry: the ordinary way of a frame, and by it the exchange's clock seen
 * from here. Kept per span of time, of which the present one and the one before count, so that two clocks may drift apart. Pure state.
 */

/** A difference this much smaller than the least is a wrong time in a frame, until it was seen so often in a row. */
const suspiciousMs = 2_000;
const believedAfter = 3;

export class LeastDifference {
  readonly #spanMs: number;
  #startMs = Number.NEGATIVE_INFINITY;
  #least = Number.POSITIVE_INFINITY;
  #leastBefore = Number.POSITIVE_INFINITY;
  #suspicious = 0;

  constructor(spanMs: number) {
    this.#spanMs = spanMs;
  }

  /** Infinity while nothing was measured in the last two spans. */
  get value(): number {
    return Math.min(this.#least, this.#leastBefore);
  }

  /** Takes one in; false where it is not believed. */
  add(difference: number, nowMs: number): boolean {
    this.#turn(nowMs);
    const { value } = this;
    if (difference < value - suspiciousMs && value !== Number.POSITIVE_INFINITY && ++this.#suspicious < believedAfter) return false;
    this.#suspicious = 0;
    this.#least = Math.min(this.#least, difference);
    return true;
  }

  #turn(nowMs: number): void {
    if (nowMs - this.#startMs < this.#spanMs) return;
    this.#leastBefore = nowMs - this.#startMs < 2 * this.#spanMs ? this.#least : Number.POSITIVE_INFINITY;
    this.#least = Number.POSITIVE_INFINITY;
    this.#startMs = nowMs;
  }
}
