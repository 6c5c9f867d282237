/** `pnpm check`: everything a reviewer should not have to look for. Runs all checks at once, prints them in order, fails when any does. */
import { checkClocks } from "./checkClocks.ts";
import { checkEscapes } from "./checkEscapes.ts";
import { checkImports } from "./checkImports.ts";
import { checkLoading } from "./checkLoading.ts";
import { checkMetricsPage } from "./checkMetricsPage.ts";
import { checkSizes } from "./checkSizes.ts";
import { checkTestIds } from "./checkTestIds.ts";
import { checkTuningPage } from "./checkTuningPage.ts";
import { checkEffects, checkFormat, checkLint, checkTypes, checkUnused } from "./commandChecks.ts";
import { checkPlans } from "./generatePlans.ts";
import { checkReaders } from "./generateReaders.ts";
import { describe, passed, type Report } from "./report.ts";

const checks: ReadonlyArray<readonly [name: string, run: () => Promise<Report>]> = [
  ["types", checkTypes],
  ["lint", checkLint],
  ["effects", checkEffects],
  ["format", checkFormat],
  ["import table", checkImports],
  ["what is loaded", checkLoading],
  ["file sizes", checkSizes],
  ["clocks and chance", checkClocks],
  ["test ids", checkTestIds],
  ["page on metrics", checkMetricsPage],
  ["generated readers", checkReaders],
  ["generated plans", checkPlans],
  ["page on knobs", checkTuningPage],
  ["unused code and dependencies", checkUnused],
  ["escapes", checkEscapes],
];

const broken = (error: unknown): Report => ({
  looked: 0,
  unit: "anything",
  problems: [error instanceof Error ? error.message : String(error)],
});

const started = checks.map(([name, run]) => ({ name, report: run().catch(broken) }));
const failed: Array<string> = [];
for (const { name, report } of started) {
  const result = await report;
  console.log(describe(name, result));
  if (!passed(result)) failed.push(name);
}
console.log(
  failed.length === 0
    ? `\nAll ${checks.length} checks passed.`
    : `\n${failed.length} of ${checks.length} checks failed: ${failed.join(", ")}.`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
