/** Many days of trouble, and whether what was promised for them held: a fresh answer in time, at once after a loss, and no untrue label. */
import { atLeast, exactly, noted, type Report, timings } from "../soak/Figures.ts";
import { chaosDay, type DayFigures } from "./chaosDay.ts";

export interface ChaosOptions {
  /** The first seed (1). */
  readonly from?: number | undefined;
  readonly seeds: number;
  readonly hours: number;
}

/** The share of questions answered fresh and in time, in percent. */
const promisedPercent = 99.9;
/** From the loss of a channel to the first fresh answer, in milliseconds. */
const promisedMs = 2_000;

export const chaos = async ({ from = 1, seeds, hours }: ChaosOptions, say: (line: string) => void): Promise<Report> => {
  const days: Array<DayFigures> = [];
  for (let seed = from; seed < from + seeds; seed++) {
    const one = await chaosDay({ seed, hours });
    days.push(one);
    const others = [...one.others].map(([name, count]) => `${name} ${count}`).join(", ");
    say(
      `seed ${seed}: ${one.fresh} of ${one.asked} fresh${others === "" ? "" : ` (${others})`}, slowest ${Math.max(...one.firstFreshMs)} ms`,
    );
  }
  const sum = (of: (day: DayFigures) => number) => days.reduce((total, one) => total + of(one), 0);
  const asked = sum((one) => one.asked);
  const tiers = [...new Set(days.flatMap((one) => [...one.tiers.keys()]))];
  return {
    rows: [
      atLeast("questions", asked, seeds * hours * 120),
      atLeast("answered fresh in time, %", (sum((one) => one.fresh) / asked) * 100, promisedPercent),
      timings(
        "first fresh answer after a loss",
        days.flatMap((one) => one.firstFreshMs),
        { p99: promisedMs },
      ),
      exactly(
        "labels that were not true",
        sum((one) => one.dishonest.length),
        0,
      ),
      atLeast(
        "losses of a channel",
        sum((one) => one.firstFreshMs.length),
        seeds * (hours * 6 + 1),
      ),
      noted(
        "requests that failed on purpose",
        sum((one) => one.failedRequests),
      ),
      noted(
        "sockets",
        sum((one) => one.sockets),
      ),
      ...tiers.map((tier) =>
        noted(
          `answers from ${tier}`,
          sum((one) => one.tiers.get(tier) ?? 0),
        ),
      ),
    ],
    problems: days.flatMap((one) => one.dishonest).slice(0, 10),
  };
};
