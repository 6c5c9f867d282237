/**
 * Our limiter beside three that people use, each held to ten a second: a case for each of them. What counts is the most that one second holds, since an
 * exchange that allows ten refuses the eleventh; beside it the pace that is kept up, and the price of a place.
 */
import type { Case, Reading, Side } from "../Case.ts";
import { bottleneck, ccxts, effects, type LimiterSide, ours } from "./limiterSides.ts";

const callers = 40;
/** So long after its making the callers come: just before the next second of a limiter that counts by the second. */
const quietMs = 950;
const secondMs = 1_000;

/** The most grants in any one second. */
const mostInASecond = (times: ReadonlyArray<number>): number =>
  Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + secondMs).length));

const measured = async (side: LimiterSide): Promise<Reading> => {
  const times = (await side.burst(callers, quietMs)).toSorted((a, b) => a - b);
  const [first = 0, last = 0] = [times[0], times.at(-1)];
  return {
    figures: {
      "most in a second": mostInASecond(times),
      // The first ten come at once: what is kept up is what comes after them.
      pace: ((times.length - 10) * 1_000) / (last - first),
      acquire: await side.cost(),
    },
    work: times.length,
  };
};

const beside = (name: string, base: LimiterSide): Case => ({
  name,
  about: "a limit of ten a second under forty callers at once, and the CPU time of a place granted at once",
  base: base.label,
  candidate: ours.label,
  figures: [
    { name: "most in a second", unit: "grants, 10 allowed", better: "lower" },
    { name: "pace", unit: "grants/s, 10 allowed", better: "higher" },
    { name: "acquire", unit: "us/call", better: "lower" },
  ],
  rounds: 5,
  isolation: "child",
  run: (side: Side) => measured(side === "base" ? base : ours),
});

export const besideEffect = beside("limiter-effect", effects);
export const besideBottleneck = beside("limiter-bottleneck", bottleneck);
export const besideCcxt = beside("limiter-ccxt", ccxts);
