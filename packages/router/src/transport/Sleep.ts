/**
 * Whether this process slept between two looks at its clocks: the lid was closed, the machine was moved, somebody stopped the process. Nothing that
 * is known from before can be believed then, and no socket: the other side may have given it up long ago without a word.
 *
 * A clock that counts may stand still while the machine sleeps, so the time since the machine started is asked as well, where there is one who knows.
 * A process that was only busy, and looked up late, did not sleep: it used the processor all that time, and its event loop stood still. Pure.
 */
export interface Look {
  /** The clock that everything else goes by. */
  readonly monotonicMs: number;
  /** Since the machine started, its sleep included, whole seconds at the worst; undefined where nobody knows. */
  readonly bootMs: number | undefined;
  /** Processor time that this process has used; undefined where nobody knows. */
  readonly cpuMs: number | undefined;
}

export interface Sleep {
  readonly sleptMs: number;
  /** The part of it that {@link Look.monotonicMs} knows nothing of: so much older is everything than it seems. */
  readonly unseenMs: number;
}

/** Shorter than this is a pause as any busy machine makes. */
export const leastSleepMs = 5_000;
/** A look that comes so late is worth a line: long enough for a person to feel it, and longer than collecting garbage takes. */
export const leastStallMs = 400;
/** Two readings in whole seconds are off by as much between them. */
const coarseMs = 1_000;

/** `lookEveryMs`: how far apart the two were meant to be. */
export const sleepBetween = (before: Look, now: Look, lookEveryMs = 1_000): Sleep | undefined => {
  const seenMs = now.monotonicMs - before.monotonicMs;
  const unseenMs = grown(before.bootMs, now.bootMs) - seenMs - coarseMs;
  const hiddenMs = unseenMs > coarseMs ? unseenMs : 0;
  const idleMs = Math.max(0, seenMs - lookEveryMs - grown(before.cpuMs, now.cpuMs));
  const sleptMs = idleMs + hiddenMs;
  return sleptMs > leastSleepMs ? { sleptMs, unseenMs: hiddenMs } : undefined;
};

/**
 * How long this process did nothing but one piece of work, at least, in milliseconds; undefined where it was no time worth telling, or a sleep. A stall
 * that began between two looks is longer by what was left until the second of them.
 */
export const stallBetween = (before: Look, now: Look, lookEveryMs = 1_000): number | undefined => {
  const lateMs = now.monotonicMs - before.monotonicMs - lookEveryMs;
  return lateMs >= leastStallMs && sleepBetween(before, now, lookEveryMs) === undefined ? lateMs : undefined;
};

const grown = (before: number | undefined, now: number | undefined): number =>
  before === undefined || now === undefined ? 0 : Math.max(0, now - before);
