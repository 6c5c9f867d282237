/** Readings inside one process. */
import { summarize } from "../Statistics.ts";

export const median = (values: ReadonlyArray<number>): number => summarize(values).median;

/** CPU nanoseconds of this process, all its threads, for one of so many; at its best of some times, because the first ones compile. */
export const cpuNanosEach = (times: number, count: number, work: () => void): number => {
  const taken: Array<number> = [];
  for (let time = 0; time < times; time++) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    taken.push(((user + system) * 1_000) / count);
  }
  return median(taken);
};
