/**
 * What the figures must hold, from `gates.json`: a bound with its reason for some figures of a case that were promised to somebody. Some gates are goals,
 * the rows of the table in the README. A goal that is not met yet says so, and why; it does not fail the run, it shows in every table.
 */
import { readFileSync } from "node:fs";
import type { CaseResult, FigureResult } from "./Rounds.ts";

export interface Gate {
  readonly case: string;
  readonly figures: ReadonlyArray<string>;
  /**
   * Which median is meant. `ratio` is candidate / base, or candidate / `beside`; prefer it, for it stays the same on another machine. `difference` is
   * candidate - base.
   */
  readonly of: "ratio" | "difference" | "candidate" | "base";
  /** A peer of the case, for a ratio. */
  readonly beside?: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly reason: string;
  /** Its row in the table of goals, in English and in Korean. */
  readonly goal?: { readonly en: string; readonly ko: string };
  /** Why a goal is not met: what the profile says, and what was tried. */
  readonly unmet?: string;
}

export const gatesFile = new URL("../gates.json", import.meta.url);

/** Reads the file. Throws on anything that is not a list of gates: a misspelt gate would never close. */
export const readGates = (file: URL = gatesFile): ReadonlyArray<Gate> => parseGates(readFileSync(file, "utf8"));

export const parseGates = (text: string): ReadonlyArray<Gate> => {
  const list: unknown = JSON.parse(text);
  if (!Array.isArray(list)) throw new TypeError("gates: not a list");
  return list.map((entry: unknown, i) => {
    const problem = problemOf(entry);
    if (problem !== undefined) throw new TypeError(`gates[${i}]: ${problem}`);
    return entry as Gate; // `problemOf` looked at every member
  });
};

export interface Judgement {
  /** Gates whose case was measured. */
  readonly judged: number;
  /** One line for each figure that breaks a gate. */
  readonly breaches: ReadonlyArray<string>;
  /** One line for each figure of a goal that is known not to be met, and is not. */
  readonly unmet: ReadonlyArray<string>;
  /** Goals that are said not to be met, and are: what is said of them is out of date. */
  readonly surprises: ReadonlyArray<string>;
}

/** Gates of cases that did not run, or ran without the peer, are not judged; a figure no case has is a breach. */
export const judge = (gates: ReadonlyArray<Gate>, results: ReadonlyArray<CaseResult>): Judgement => {
  const judged = gates.filter((gate) => resultFor(gate, results) !== undefined);
  const linesOf = (gate: Gate) => gate.figures.flatMap((figure) => breachesOf(gate, figure, results));
  const known = judged.filter(({ unmet }) => unmet !== undefined);
  return {
    judged: judged.length,
    breaches: judged.filter(({ unmet }) => unmet === undefined).flatMap(linesOf),
    unmet: known.flatMap(linesOf),
    surprises: known.filter((gate) => linesOf(gate).length === 0).map((gate) => `${gate.case}: ${gate.figures.join(", ")}: ${gate.reason}`),
  };
};

/** The result that a gate speaks of, if it was measured. */
export const resultFor = (gate: Gate, results: ReadonlyArray<CaseResult>): CaseResult | undefined => {
  const result = results.find(({ name }) => name === gate.case);
  return result !== undefined && (gate.beside === undefined || result.peers[gate.beside] !== undefined) ? result : undefined;
};

/** The median that a gate means; `undefined` where the peer does not give the figure. */
export const medianOf = ({ of, beside }: Gate, figure: FigureResult): number | undefined =>
  beside === undefined ? figure[of].median : figure.peers[beside]?.ratio.median;

export const holds = ({ atLeast, atMost }: Gate, median: number): boolean =>
  (atLeast === undefined || median >= atLeast) && (atMost === undefined || median <= atMost);

const breachesOf = (gate: Gate, name: string, results: ReadonlyArray<CaseResult>): ReadonlyArray<string> => {
  const figure = resultFor(gate, results)?.figures.find((one) => one.name === name);
  const median = figure === undefined ? undefined : medianOf(gate, figure);
  if (median === undefined) return [`${gate.case}: a gate asks for the figure "${name}", which the case does not give`];
  if (holds(gate, median)) return [];
  const bound = gate.atLeast !== undefined && median < gate.atLeast ? `below ${gate.atLeast}` : `above ${gate.atMost}`;
  const which = gate.beside === undefined ? gate.of : `ratio to ${gate.beside}`;
  return [`${gate.case}: ${name}, median ${which} ${Number(median.toPrecision(4))}, is ${bound}: ${gate.reason}`];
};

const members = ["case", "figures", "of", "beside", "atLeast", "atMost", "reason", "goal", "unmet"];
const medians = ["ratio", "difference", "candidate", "base"];

const problemOf = (entry: unknown): string | undefined => {
  if (!isRecord(entry)) return "not an object";
  const strange = Object.keys(entry).find((name) => !members.includes(name));
  if (strange !== undefined) return `unknown member "${strange}"`;
  for (const name of ["case", "reason"]) if (!isText(entry[name])) return `no ${name}`;
  const { figures, of, beside, goal, unmet } = entry;
  if (!Array.isArray(figures) || figures.length === 0 || !figures.every(isText)) return "no figures";
  if (typeof of !== "string" || !medians.includes(of)) return `"of" is one of ${medians.join(", ")}`;
  if (beside !== undefined && (!isText(beside) || of !== "ratio")) return '"beside" names the peer of a ratio';
  if (goal !== undefined && !(isRecord(goal) && isText(goal["en"]) && isText(goal["ko"]))) return "a goal is said in English and in Korean";
  if (unmet !== undefined && (goal === undefined || !isText(unmet))) return '"unmet" says why a goal is not met';
  const bounds = [entry["atLeast"], entry["atMost"]].filter((bound) => bound !== undefined);
  return bounds.length > 0 && bounds.every((bound) => Number.isFinite(bound)) ? undefined : "no bound: atLeast or atMost, a number";
};

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
