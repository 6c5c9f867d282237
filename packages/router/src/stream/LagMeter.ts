/**
 * How late frames are, although their link is alive. The exchange's clock and ours cannot be compared, but their difference hardly moves: the
 * least difference of the last minute is the ordinary way of a frame, and what goes beyond it is delay. Only the monotonic clock is read, so a
 * step of the wall clock makes nothing late and nothing current.
 */

/** The least difference is kept per span; the present one and the one before count. */
const spanMs = 30_000;
/** A difference this much smaller than the least is a wrong time in a frame, until it was seen so often in a row. */
const suspiciousMs = 2_000;
const believedAfter = 3;
/** What the last frame said of the delay is forgotten after so long. */
const rememberMs = 10_000;

export class LagMeter {
  #spanStartMs = Number.NEGATIVE_INFINITY;
  #least = Number.POSITIVE_INFINITY;
  #leastBefore = Number.POSITIVE_INFINITY;
  #suspicious = 0;
  #excessMs = 0;
  #measuredMs = Number.NEGATIVE_INFINITY;

  /** A frame that told something as it happened. Returns how much later than usual it came, in milliseconds. */
  measure(exchangeTimeMs: number, nowMs: number): number {
    const difference = nowMs - exchangeTimeMs;
    this.#turn(nowMs);
    const least = Math.min(this.#least, this.#leastBefore);
    if (difference < least - suspiciousMs && least !== Number.POSITIVE_INFINITY && ++this.#suspicious < believedAfter)
      return this.#excessMs;
    this.#suspicious = 0;
    this.#least = Math.min(this.#least, difference);
    this.#measuredMs = nowMs;
    return (this.#excessMs = Math.max(0, difference - Math.min(this.#least, this.#leastBefore)));
  }

  /** How late frames are now, as the last ones said. */
  excessMs(nowMs: number): number {
    return nowMs - this.#measuredMs > rememberMs ? 0 : this.#excessMs;
  }

  #turn(nowMs: number): void {
    if (nowMs - this.#spanStartMs < spanMs) return;
    this.#leastBefore = nowMs - this.#spanStartMs < 2 * spanMs ? this.#least : Number.POSITIVE_INFINITY;
    this.#least = Number.POSITIVE_INFINITY;
    this.#spanStartMs = nowMs;
  }
}
