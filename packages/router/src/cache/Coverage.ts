/**
 * What is known completely of something that happens in time: ranges, half open, in which nothing is missing, the empty stretches included. Only with
 * them can a store tell a quiet hour from one that nobody ever asked for. Pure.
 */

/** From `fromMs`, inclusive, to `toMs`, exclusive; epoch milliseconds. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Ascending, neither touching nor overlapping, none empty. */
export type Coverage = ReadonlyArray<TimeRange>;

export const nothing: Coverage = [];

/** With this range as well. */
export const covered = (coverage: Coverage, { fromMs, toMs }: TimeRange): Coverage => {
  if (fromMs >= toMs) return coverage;
  const before = coverage.filter((range) => range.toMs < fromMs);
  const after = coverage.filter((range) => range.fromMs > toMs);
  const touched = coverage.slice(before.length, coverage.length - after.length);
  const merged = {
    fromMs: Math.min(fromMs, touched[0]?.fromMs ?? fromMs),
    toMs: Math.max(toMs, touched.at(-1)?.toMs ?? toMs),
  };
  return [...before, merged, ...after];
};

/** Without this range: what was there is not known any more. */
export const uncovered = (coverage: Coverage, { fromMs, toMs }: TimeRange): Coverage =>
  fromMs >= toMs
    ? coverage
    : coverage.flatMap((range) =>
        range.toMs <= fromMs || range.fromMs >= toMs
          ? [range]
          : [
              { fromMs: range.fromMs, toMs: fromMs },
              { fromMs: toMs, toMs: range.toMs },
            ].filter((rest) => rest.fromMs < rest.toMs),
      );

/** The parts of a range that are not covered, ascending. */
export const missing = (coverage: Coverage, { fromMs, toMs }: TimeRange): Coverage => {
  const found: Array<TimeRange> = [];
  let atMs = fromMs;
  for (const range of coverage) {
    if (range.toMs <= atMs) continue;
    if (range.fromMs >= toMs) break;
    if (range.fromMs > atMs) found.push({ fromMs: atMs, toMs: range.fromMs });
    atMs = range.toMs;
  }
  if (atMs < toMs) found.push({ fromMs: atMs, toMs });
  return found;
};

/** How much of a range is covered, in milliseconds. */
export const coveredMs = (coverage: Coverage, within: TimeRange): number =>
  Math.max(0, within.toMs - within.fromMs) - missing(coverage, within).reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);

/** The parts of a range that are covered, ascending. */
export const within = (coverage: Coverage, range: TimeRange): Coverage => missing(missing(coverage, range), range);
