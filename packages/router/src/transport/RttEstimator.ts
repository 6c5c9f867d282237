/**
 * How long a round trip takes and how much that varies: the two averages by which TCP sets its retransmission timer (RFC 6298). Every sample
 * counts an eighth, its distance from the average a quarter, so one odd trip moves the estimate a little and a changed road moves it within ten.
 * Pure state; all times in milliseconds.
 */

/** What a sample counts in the average of the trips, and in that of their distances. */
const smoothing = 1 / 8;
const varianceSmoothing = 1 / 4;

/** A trip that takes longer than the average and this many times the usual distance from it is not usual any more. */
const variances = 4;

/** The clock of a timer: no wait is shorter than the average and this. */
const granularityMs = 1;

export class RttEstimator {
  #smoothedMs: number | null = null;
  #varianceMs = 0;

  /** The average trip; null before the first. */
  get smoothedMs(): number | null {
    return this.#smoothedMs;
  }

  /** The average distance of a trip from the average: the jitter. Half the first trip after it, 0 before. */
  get varianceMs(): number {
    return this.#varianceMs;
  }

  /** How long to wait before an answer counts as late; null before the first trip. */
  get timeoutMs(): number | null {
    return this.#smoothedMs === null ? null : this.#smoothedMs + Math.max(granularityMs, variances * this.#varianceMs);
  }

  /** Takes one trip in. What is no time at all (negative, not finite) is left out: a clock that jumped says nothing of the road. */
  sample(rttMs: number): void {
    if (!Number.isFinite(rttMs) || rttMs < 0) return;
    if (this.#smoothedMs === null) {
      this.#smoothedMs = rttMs;
      this.#varianceMs = rttMs / 2;
      return;
    }
    // In this order: the distance is measured from the average before this trip.
    this.#varianceMs += varianceSmoothing * (Math.abs(this.#smoothedMs - rttMs) - this.#varianceMs);
    this.#smoothedMs += smoothing * (rttMs - this.#smoothedMs);
  }
}
