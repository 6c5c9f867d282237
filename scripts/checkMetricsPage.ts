/**
 * The table of `docs/reference/metrics.md` is written from the program's own list of metrics: `node scripts/checkMetricsPage.ts --write` writes it
 * anew, and the check fails while the page says anything else.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { all, type MetricInfo } from "../packages/router/src/health/Metrics.ts";
import { type Report, runAlone } from "./report.ts";
import { root } from "./sourceFiles.ts";

const page = join(root, "docs/reference/metrics.md");
const marks = /(<!-- metrics:start -->\n)[\s\S]*(\n<!-- metrics:end -->)/;

export const tableOf = (metrics: ReadonlyArray<MetricInfo>): string =>
  [
    "| metric | type | unit | labels | what it tells |",
    "| --- | --- | --- | --- | --- |",
    ...metrics.map(({ name, type, unit, labels, words }) => {
      const listed = labels.length === 0 ? "–" : labels.map((label) => `\`${label}\``).join(", ");
      return `| \`${name}\` | ${type} | ${unit} | ${listed} | ${words} |`;
    }),
  ].join("\n");

/** The page with the table as it should be. Undefined where the page has no place for it. */
export const withTable = (text: string, metrics: ReadonlyArray<MetricInfo>): string | undefined =>
  marks.test(text) ? text.replace(marks, (_, start: string, end: string) => `${start}\n${tableOf(metrics)}\n${end}`) : undefined;

export const checkMetricsPage = async (): Promise<Report> => {
  const text = await readFile(page, "utf8");
  const right = withTable(text, all);
  if (right !== undefined && process.argv.includes("--write")) await writeFile(page, right);
  const problems =
    right === undefined
      ? ["docs/reference/metrics.md: the marks of the table are gone"]
      : right === text || process.argv.includes("--write")
        ? []
        : ["docs/reference/metrics.md: the table is old; run node scripts/checkMetricsPage.ts --write"];
  return { looked: all.length, unit: "metrics", problems };
};

await runAlone(import.meta.url, "page on metrics", checkMetricsPage);
