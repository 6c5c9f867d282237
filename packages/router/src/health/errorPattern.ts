/**
 * What a row of errors looks like: many at once, or one again and again at the same distance. A burst says that something broke; a rhythm says that
 * something is scheduled, or that a limit is hit by ourselves. Pure.
 *
 * Errors closer together than a second are one event: a failure that is tried again three times is not three rhythms.
 */
export type ErrorPattern =
  | { readonly _tag: "burst"; readonly count: number; readonly withinMs: number }
  | { readonly _tag: "periodic"; readonly everyMs: number; readonly times: number };

/** So many errors within so long are a burst. */
export const burst = { count: 10, withinMs: 10_000 } as const;

const eventGapMs = 1_000;
/** Events needed to call their distance a rhythm, the least distance, and how much distances may differ: deviation as a share of the mean. */
const rhythm = { events: 4, leastMs: 5_000, deviation: 0.1 } as const;

/** `timesMs` ascending, on the clock of `nowMs`. A burst that ended more than its own length ago is over, and so is a rhythm that missed a beat. */
export const patternOf = (timesMs: ReadonlyArray<number>, nowMs: number): ErrorPattern | undefined => {
  const recent = timesMs.filter((ms) => nowMs - ms <= burst.withinMs);
  if (recent.length >= burst.count) return { _tag: "burst", count: recent.length, withinMs: burst.withinMs };
  const events = timesMs.filter((ms, at) => at === 0 || ms - (timesMs[at - 1] ?? ms) > eventGapMs);
  const distances = events.slice(1).map((ms, at) => ms - (events[at] ?? ms));
  if (distances.length < rhythm.events - 1) return undefined;
  const last = distances.slice(-8);
  const mean = last.reduce((sum, ms) => sum + ms, 0) / last.length;
  const deviation = Math.sqrt(last.reduce((sum, ms) => sum + (ms - mean) ** 2, 0) / last.length);
  const missedABeat = nowMs - (events.at(-1) ?? nowMs) > mean * (1 + 2 * rhythm.deviation);
  if (mean < rhythm.leastMs || deviation > mean * rhythm.deviation || missedABeat) return undefined;
  return { _tag: "periodic", everyMs: Math.round(mean), times: last.length + 1 };
};
