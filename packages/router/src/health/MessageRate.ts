/**
 * Messages a second over the last ten seconds, in buckets of one second. It is a count and not an estimate: ten seconds after the last message
 * it says 0. While it is younger than the window, the time there was is what it divides by, one second at least.
 */

const buckets = 10;
const bucketMs = 1_000;

export class MessageRate {
  readonly #startMs: number;
  readonly #counts: Array<number> = Array.from({ length: buckets }, () => 0);
  /** Number of the newest bucket, counted from the start. */
  #newest = 0;

  constructor(nowMs: number) {
    this.#startMs = nowMs;
  }

  count(nowMs: number): void {
    this.#moveTo(nowMs);
    const at = this.#newest % buckets;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
  }

  perSecond(nowMs: number): number {
    this.#moveTo(nowMs);
    const intoBucketMs = Math.max(0, nowMs - this.#startMs - this.#newest * bucketMs);
    const coveredMs = Math.max(bucketMs, Math.min(this.#newest, buckets - 1) * bucketMs + intoBucketMs);
    return this.#counts.reduce((sum, count) => sum + count, 0) / (coveredMs / 1_000);
  }

  #moveTo(nowMs: number): void {
    const bucket = Math.floor((nowMs - this.#startMs) / bucketMs);
    if (bucket <= this.#newest) return;
    for (let i = Math.max(this.#newest + 1, bucket - buckets + 1); i <= bucket; i++) this.#counts[i % buckets] = 0;
    this.#newest = bucket;
  }
}
