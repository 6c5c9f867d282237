/**
 * One line from vitest's JSON report: `N passed, N failed, N skipped`. A file that could not be loaded has no tests and would count as nothing; it
 * counts as one failure here, and so does a report that is missing or cannot be read.
 */
import { readFile } from "node:fs/promises";

export interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** `text` is the report; `undefined` when there is none. */
export const summarize = (text: string | undefined): Summary => {
  const files = filesOf(text);
  if (files === undefined) return { passed: 0, failed: 1, skipped: 0 };
  let [passed, failed, skipped] = [0, 0, 0];
  for (const file of files) {
    const statuses = file.assertionResults.map(({ status }) => status);
    const failures = statuses.filter((status) => status === "failed").length;
    passed += statuses.filter((status) => status === "passed").length;
    skipped += statuses.filter((status) => status !== "passed" && status !== "failed").length;
    // Failed without a failed test: the file did not load, or a hook of it broke.
    failed += failures === 0 && file.status === "failed" ? 1 : failures;
  }
  // No test at all is not a success.
  return { passed, failed: passed + failed === 0 ? 1 : failed, skipped };
};

export const format = ({ passed, failed, skipped }: Summary): string => `${passed} passed, ${failed} failed, ${skipped} skipped`;

interface ReportedFile {
  readonly status: string;
  readonly assertionResults: ReadonlyArray<{ readonly status: string }>;
}

const filesOf = (text: string | undefined): ReadonlyArray<ReportedFile> | undefined => {
  if (text === undefined) return undefined;
  try {
    const report: unknown = JSON.parse(text);
    if (typeof report !== "object" || report === null || !("testResults" in report) || !Array.isArray(report.testResults)) return undefined;
    const files: ReadonlyArray<unknown> = report.testResults;
    return files.every(isReportedFile) ? files : undefined;
  } catch {
    return undefined;
  }
};

const isReportedFile = (file: unknown): file is ReportedFile =>
  typeof file === "object" && file !== null && "status" in file && "assertionResults" in file && Array.isArray(file.assertionResults);

if (process.argv[1] === import.meta.filename) {
  const text = await readFile(process.argv[2] ?? ".ci-report.json", "utf8").catch(() => undefined);
  const summary = summarize(text);
  process.exitCode = summary.failed === 0 ? 0 : 1;
  console.log(format(summary));
}
