/**
 * What a run writes down: the table of goals between two marks in the docs, in the README and in its Korean sister, and its picture beside the docs. The README's
 * section on performance is that table and nothing else; what is said about it stands in the docs.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { goalChart } from "./BarChart.ts";
import { goalMarkdown, type GoalRow, type Language } from "./Goals.ts";

const root = new URL("../../../", import.meta.url);

/** Where the table stands, and in which language. */
export const tables: ReadonlyArray<{ readonly file: URL; readonly language: Language }> = [
  { file: new URL("docs/reference/benchmarks/README.md", root), language: "en" },
  { file: new URL("README.md", root), language: "en" },
  { file: new URL("README.ko.md", root), language: "ko" },
];

export const chartFile = new URL("docs/reference/benchmarks/goals.svg", root);

const marksOf = (name: string) => ({ begin: `<!-- ${name}:start -->`, end: `<!-- ${name}:end -->` });

/** Writes all of it. Throws where a file has no marks, before anything is written. */
export const writeDown = (rows: ReadonlyArray<GoalRow>, machine: string): void => {
  const texts = tables.map(({ file, language }) => ({
    file,
    text: between(readFileSync(file, "utf8"), sectionOf(rows, machine, language)),
  }));
  for (const { file, text } of texts) writeFileSync(file, text);
  writeFileSync(chartFile, goalChart(rows, machine.split(";")[0] ?? machine));
};

/** The table with the line that says on what it was measured. */
export const sectionOf = (rows: ReadonlyArray<GoalRow>, machine: string, language: Language): string =>
  `${goalMarkdown(rows, language)}\n\n${machine}`;

/** What stands between the marks of a text. */
export const writtenIn = (text: string, name = "goals"): string => {
  const marks = marksOf(name);
  const [begin, end] = [text.indexOf(marks.begin), text.indexOf(marks.end)];
  if (begin === -1 || end < begin) throw new Error(`no ${marks.begin} … ${marks.end}`);
  return text.slice(begin + marks.begin.length, end).trim();
};

/** The text with a section in the place of the one between its marks. */
export const between = (text: string, section: string, name = "goals"): string => {
  const old = writtenIn(text, name);
  const { begin } = marksOf(name);
  const at = text.indexOf(begin) + begin.length;
  const rest = text.slice(at);
  return `${text.slice(0, at)}\n\n${section}\n\n${rest.slice(rest.indexOf(old) + old.length).trimStart()}`;
};
