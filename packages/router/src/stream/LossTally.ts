/** How many trades audits judged and how many of them were missing, over ten minutes at a time, and when that is worth a warning. */

/** A warning says so at most once in this time; the counts begin anew with it. */
const periodMs = 600_000;
/** More than one missing in so many is too much. */
const tolerated = 10_000;

export class LossTally {
  #audited = 0;
  #missing = 0;
  #sinceMs = Number.NEGATIVE_INFINITY;
  #warnedMs = Number.NEGATIVE_INFINITY;

  /** Adds one audit, on the monotonic clock; the counts to warn of, or nothing. */
  add(audited: number, missing: number, nowMs: number): { readonly audited: number; readonly missing: number } | undefined {
    if (nowMs - this.#sinceMs >= periodMs) {
      this.#audited = 0;
      this.#missing = 0;
      this.#sinceMs = nowMs;
    }
    this.#audited += audited;
    this.#missing += missing;
    if (this.#missing * tolerated <= this.#audited || nowMs - this.#warnedMs < periodMs) return undefined;
    this.#warnedMs = nowMs;
    return { audited: this.#audited, missing: this.#missing };
  }
}
