/** Median and range of a few numbers. No mean: on a machine that others use too, one bad round would move it. */

export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Throws a RangeError for no numbers, and for one that is not finite: a summary of those would look like a result. */
export const summarize = (values: ReadonlyArray<number>): Summary => {
  if (values.length === 0) throw new RangeError("no numbers to summarize");
  if (!values.every(Number.isFinite)) throw new RangeError(`not all finite: ${values.join(", ")}`);
  const sorted = values.toSorted((a, b) => a - b);
  return { median: middle(sorted), min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN };
};

/** The middle one, or halfway between the two in the middle. */
const middle = (sorted: ReadonlyArray<number>): number => {
  const half = sorted.length / 2;
  const upper = sorted[Math.floor(half)] ?? Number.NaN;
  return Number.isInteger(half) ? ((sorted[half - 1] ?? Number.NaN) + upper) / 2 : upper;
};
