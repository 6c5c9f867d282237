/**
 * How many retries a host is given: a tenth of the first attempts of the last ten seconds, and never fewer than one per second of them, so
 * that a single caller may always try again. Without it a host that fails everybody is asked three times as much as one that works.
 * Pure state on monotonic milliseconds.
 */
export interface RetryBudgetOptions {
  readonly windowMs: number;
  /** Retries per first attempt. */
  readonly share: number;
  /** Retries per second that are always allowed. */
  readonly floorPerSecond: number;
}

export const defaultRetryBudgetOptions: RetryBudgetOptions = { windowMs: 10_000, share: 0.1, floorPerSecond: 1 };

interface Slice {
  readonly index: number;
  readonly firsts: number;
  readonly retries: number;
}

/** At most {@link slicesPerWindow} and one slices, the newest last. */
export type RetryBudget = ReadonlyArray<Slice>;

export const empty: RetryBudget = [];

/** Books a first attempt. */
export const first = (options: RetryBudgetOptions, state: RetryBudget, nowMs: number): RetryBudget => booked(options, state, nowMs, 1, 0);

/** Books a retry if one is left; undefined if not. */
export const retry = (options: RetryBudgetOptions, state: RetryBudget, nowMs: number): RetryBudget | undefined => {
  const next = booked(options, state, nowMs, 0, 1);
  const firsts = next.reduce((sum, slice) => sum + slice.firsts, 0);
  const retries = next.reduce((sum, slice) => sum + slice.retries, 0);
  const allowed = Math.max(options.share * firsts, (options.floorPerSecond * options.windowMs) / 1_000);
  return retries <= allowed ? next : undefined;
};

const slicesPerWindow = 10;

const booked = (options: RetryBudgetOptions, state: RetryBudget, nowMs: number, firsts: number, retries: number): RetryBudget => {
  const index = Math.floor((nowMs * slicesPerWindow) / options.windowMs);
  const kept = state.filter((slice) => slice.index > index - slicesPerWindow);
  const last = kept.at(-1);
  if (last?.index !== index) return [...kept, { index, firsts, retries }];
  return [...kept.slice(0, -1), { index, firsts: last.firsts + firsts, retries: last.retries + retries }];
};
