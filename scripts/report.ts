/** What a check of this repository hands back. A check that looked at nothing has failed: the usual reason is a moved folder. */

export interface Report {
  /** How many things were looked at. */
  readonly looked: number;
  /** What they were: `files`, `imports`, … */
  readonly unit: string;
  /** One line each, `path:line: what is wrong`. */
  readonly problems: ReadonlyArray<string>;
}

export const passed = (report: Report): boolean => report.looked > 0 && report.problems.length === 0;

export const describe = (name: string, report: Report): string => {
  const verdict = passed(report) ? "ok    " : "FAILED";
  const problems = report.looked === 0 ? [`looked at no ${report.unit}`, ...report.problems] : report.problems;
  return [`${verdict} ${name}: ${report.looked} ${report.unit}`, ...problems.map((problem) => `       ${problem}`)].join("\n");
};

/** Runs one check by itself, as `node scripts/checkSizes.ts` does. */
export const runAlone = async (moduleUrl: string, name: string, check: () => Promise<Report>): Promise<void> => {
  if (process.argv[1] === undefined || moduleUrl !== `file://${process.argv[1]}`) return;
  const report = await check();
  console.log(describe(name, report));
  process.exitCode = passed(report) ? 0 : 1;
};
