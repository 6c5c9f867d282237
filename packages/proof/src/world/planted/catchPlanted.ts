/**
 * Looks for a world in which a planted bug is caught by the invariant named beforehand. A world that breaks the same invariant without the bug
 * does not count.
 */
import type { Violation } from "../Violation.ts";
import { planOf, runWorld, type WorldReport } from "../World.ts";
import type { PlantedBug } from "./plantedBugs.ts";

export interface Caught {
  readonly seed: number;
  readonly violation: Violation;
}

export const catchPlanted = async (
  bug: PlantedBug,
  { from, seeds }: { readonly from: number; readonly seeds: number },
): Promise<Caught | undefined> => {
  for (let seed = from; seed < from + seeds; seed++) {
    if (!bug.canShow(planOf(seed))) continue;
    const violation = breach(await runPlanted(seed, bug), bug);
    if (violation !== undefined && breach(await runWorld(seed), bug) === undefined) return { seed, violation };
  }
  return undefined;
};

const runPlanted = async (seed: number, bug: PlantedBug): Promise<WorldReport> => {
  const { undo, ...meddling } = bug.plant();
  try {
    return await runWorld(seed, { meddling });
  } finally {
    undo?.();
  }
};

const breach = (report: WorldReport, bug: PlantedBug): Violation | undefined =>
  report.violations.find(({ invariant }) => invariant === bug.caughtBy);
