/** A small deterministic generator: the schedules of a test must be the same in every run. */
export const generator = (seed: number) => () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
};

/** The most of `times` that lie in any one window of a length. */
export const mostInAny = (times: ReadonlyArray<number>, windowMs: number): number => {
  const sorted = times.toSorted((a, b) => a - b);
  let most = 0;
  for (let from = 0, to = 0; from < sorted.length; from++) {
    while (to < sorted.length && (sorted[to] ?? 0) < (sorted[from] ?? 0) + windowMs) to++;
    most = Math.max(most, to - from);
  }
  return most;
};
