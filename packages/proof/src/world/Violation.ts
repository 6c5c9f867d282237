/** The six invariants of a world, and what a checker says when one is broken. */
export const invariants = ["zero-loss", "state-converges", "honest-label", "polite", "converges", "clean"] as const;

/**
 * - `zero-loss`: every trade and closed candle reaches its consumer exactly once and unaltered, or lies in a gap that the consumer was told of.
 * - `state-converges`: the newest ticker and book are the exchange's, a second after the market falls quiet, and never go back in time.
 * - `honest-label`: no value that is not labelled stale is older than the caller accepts; none is of another market or made up.
 * - `polite`: the exchange's limits hold at the exchange, nothing is sent during a ban, no `Origin` leaves.
 * - `converges`: calls end within their deadline, failures are of the one union, and the mode is normal again after the faults.
 * - `clean`: after the scope closes no fiber, sleep or socket is left.
 */
export type Invariant = (typeof invariants)[number];

export interface Violation {
  readonly invariant: Invariant;
  /** Milliseconds since the world began. */
  readonly atMs: number;
  readonly detail: string;
}

/** Enough to see what is wrong; more would be the same again. */
const maxViolations = 20;

/** Collects violations of one world. */
export class Findings {
  readonly violations: Array<Violation> = [];
  private readonly nowMs: () => number;

  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
  }

  report(invariant: Invariant, detail: string): void {
    if (this.violations.length < maxViolations) this.violations.push({ invariant, atMs: this.nowMs(), detail });
  }
}
