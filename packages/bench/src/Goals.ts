/**
 * The table of goals: a row for each gate that is a goal, with what was measured and whether that is enough. The same rows stand in the README, in
 * Korean in `README.ko.md`, and in the docs; a goal that was not measured says so, and counts as not met.
 */
import { type Gate, holds, medianOf, resultFor } from "./Gates.ts";
import type { CaseResult } from "./Rounds.ts";
import { aligned, spell } from "./Text.ts";

export type Language = "en" | "ko";

export interface GoalFigure {
  readonly name: string;
  readonly median: number;
  /** Of the bound: 1 is just met, less is better. */
  readonly share: number;
}

export interface GoalRow {
  readonly what: Readonly<Record<Language, string>>;
  /** Such as `≤ 0.6 ×`. */
  readonly bound: string;
  /** Empty where nothing was measured. */
  readonly figures: ReadonlyArray<GoalFigure>;
  readonly met: boolean;
  readonly unmet: string | undefined;
}

export const goalRows = (gates: ReadonlyArray<Gate>, results: ReadonlyArray<CaseResult>): ReadonlyArray<GoalRow> =>
  gates.flatMap((gate) => (gate.goal === undefined ? [] : [rowOf(gate, gate.goal, results)]));

/** Cases that some goal speaks of, in the order of the table. */
export const goalCases = (gates: ReadonlyArray<Gate>): ReadonlyArray<string> => [
  ...new Set(gates.flatMap((gate) => (gate.goal === undefined ? [] : [gate.case]))),
];

/** Peers of a case that some goal speaks of. */
export const goalPeers = (gates: ReadonlyArray<Gate>, name: string): ReadonlyArray<string> => [
  ...new Set(gates.flatMap((gate) => (gate.goal !== undefined && gate.case === name && gate.beside !== undefined ? [gate.beside] : []))),
];

const headings: Readonly<Record<Language, ReadonlyArray<string>>> = {
  en: ["what", "goal", "measured", "met"],
  ko: ["무엇을", "목표", "측정값", "달성"],
};

const words: Readonly<Record<Language, { readonly yes: string; readonly no: string; readonly missing: string }>> = {
  en: { yes: "yes", no: "**not yet**", missing: "not measured" },
  ko: { yes: "예", no: "**아직**", missing: "측정 안 함" },
};

/** As a table of Markdown. */
export const goalMarkdown = (rows: ReadonlyArray<GoalRow>, language: Language): string =>
  [headings[language], headings[language].map(() => "---"), ...rows.map((row) => cellsOf(row, language))]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");

/** As text for a terminal. */
export const goalText = (rows: ReadonlyArray<GoalRow>): string =>
  aligned([headings.en, ...rows.map((row) => cellsOf(row, "en").map((cell) => cell.replaceAll(/[*`]/g, "")))]).join("\n");

const cellsOf = ({ what, bound, figures, met }: GoalRow, language: Language): ReadonlyArray<string> => [
  what[language],
  bound,
  figures.length === 0
    ? words[language].missing
    : figures.map(({ name, median }) => (figures.length === 1 ? spell(median) : `${name} ${spell(median)}`)).join(", "),
  met ? words[language].yes : words[language].no,
];

const rowOf = (gate: Gate, what: GoalRow["what"], results: ReadonlyArray<CaseResult>): GoalRow => {
  const result = resultFor(gate, results);
  const figures = gate.figures.flatMap((name) => {
    const figure = result?.figures.find((one) => one.name === name);
    const median = figure === undefined ? undefined : medianOf(gate, figure);
    return median === undefined ? [] : [{ name, median, share: shareOf(gate, median) }];
  });
  const unit = result?.figures.find(({ name }) => gate.figures.includes(name))?.unit;
  return {
    what,
    bound: boundOf(gate, unit),
    figures,
    met: figures.length === gate.figures.length && figures.every(({ median }) => holds(gate, median)),
    unmet: gate.unmet,
  };
};

const boundOf = ({ of, atLeast, atMost }: Gate, unit: string | undefined): string => {
  const suffix = of === "ratio" ? " ×" : unit === undefined ? "" : ` ${unit.split(",")[0]}`;
  return [
    ...(atLeast === undefined ? [] : [`≥ ${spell(atLeast)}${suffix}`]),
    ...(atMost === undefined ? [] : [`≤ ${spell(atMost)}${suffix}`]),
  ].join(", ");
};

const shareOf = ({ atLeast, atMost }: Gate, median: number): number =>
  Math.max(atMost === undefined ? 0 : median / atMost, atLeast === undefined ? 0 : atLeast / median);
