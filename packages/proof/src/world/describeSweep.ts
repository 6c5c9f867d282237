/** What a sweep showed, as lines to read, and whether it holds. */
import { spawnSync } from "node:child_process";
import { expectedFor } from "./Expected.ts";
import { printPlan } from "./Plan.ts";
import type { SweepReport, WorldResult } from "./sweep.ts";

/** No breach but expected ones, no expectation out of date, no world that was another one the second time. */
export const sweepHolds = (report: SweepReport): boolean => report.failures.length + report.outOfDate.length + report.unlike.length === 0;

/** One line for each thing to know; a breach's line holds all that is needed to see it again. */
export const describeSweep = (report: SweepReport): ReadonlyArray<string> => [
  ...report.failures.map(lineOf),
  ...report.expected.map(
    ({ entry, worlds, firstSeed }) =>
      `expected: ${entry.invariant} under ${entry.verb} in ${worlds} worlds, first in seed ${firstSeed}: ${entry.why}`,
  ),
  ...report.outOfDate.map((entry) => `out of date: ${entry.invariant} holds under ${entry.verb} now; remove it from Expected.ts`),
  ...report.unlike.map((seed) => `not the same twice: seed ${seed}`),
  `probes: ${[...report.probes]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([name, count]) => `${name} ${count}`)
    .join(", ")}`,
  ...(report.unreached.length > 0 ? [`not reached: ${report.unreached.join(", ")}`] : []),
];

const lineOf = ({ seed, violations, plan }: WorldResult): string => {
  const verbs = plan.faults.map(({ fault }) => fault.verb);
  const first = violations.find((violation) => expectedFor(violation, verbs) === undefined);
  const what = first === undefined ? "" : `${first.invariant} at ${first.atMs} ms: ${first.detail}`;
  return `BREACH seed ${seed} commit ${commit()} ${what} | again: pnpm sim --from ${seed} --seeds 1 | plan ${printPlan(plan)}`;
};

const commit = (): string => spawnSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).stdout?.trim() || "unknown";
