/** What the figures must hold, from `gates.json`: a bound with its reason for each figure that was promised to somebody. */
import { readFileSync } from "node:fs";
import type { CaseResult } from "./Rounds.ts";

export interface Gate {
  readonly case: string;
  readonly figure: string;
  /** Which median is meant. A ratio is candidate / base; prefer it, for it stays the same on another machine. */
  readonly of: "ratio" | "candidate" | "base";
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly reason: string;
}

/** Reads the file. Throws on anything that is not a list of gates: a misspelt gate would never close. */
export const readGates = (file: URL): ReadonlyArray<Gate> => parseGates(readFileSync(file, "utf8"));

export const parseGates = (text: string): ReadonlyArray<Gate> => {
  const list: unknown = JSON.parse(text);
  if (!Array.isArray(list)) throw new TypeError("gates: not a list");
  return list.map((entry: unknown, i) => {
    const problem = problemOf(entry);
    if (problem !== undefined) throw new TypeError(`gates[${i}]: ${problem}`);
    return entry as Gate; // `problemOf` looked at every member
  });
};

/** One line for each gate that does not hold. Gates of cases that did not run are not judged; a figure no case has is a breach. */
export const breachesOf = (gates: ReadonlyArray<Gate>, results: ReadonlyArray<CaseResult>): ReadonlyArray<string> =>
  gates.flatMap((gate) => {
    const result = results.find(({ name }) => name === gate.case);
    if (result === undefined) return [];
    const figure = result.figures.find(({ name }) => name === gate.figure);
    if (figure === undefined) return [`${gate.case}: a gate asks for the figure "${gate.figure}", which the case does not give`];
    const { median } = figure[gate.of];
    const bounds = [
      ...(gate.atLeast !== undefined && !(median >= gate.atLeast) ? [`below ${gate.atLeast}`] : []),
      ...(gate.atMost !== undefined && !(median <= gate.atMost) ? [`above ${gate.atMost}`] : []),
    ];
    return bounds.map(
      (bound) => `${gate.case}: ${gate.figure}, median ${gate.of} ${Number(median.toPrecision(4))}, is ${bound}: ${gate.reason}`,
    );
  });

const members = ["case", "figure", "of", "atLeast", "atMost", "reason"];

const problemOf = (entry: unknown): string | undefined => {
  if (typeof entry !== "object" || entry === null) return "not an object";
  const gate: Readonly<Record<string, unknown>> = { ...entry };
  const strange = Object.keys(gate).find((name) => !members.includes(name));
  if (strange !== undefined) return `unknown member "${strange}"`;
  for (const name of ["case", "figure", "reason"]) if (typeof gate[name] !== "string" || gate[name] === "") return `no ${name}`;
  if (gate["of"] !== "ratio" && gate["of"] !== "candidate" && gate["of"] !== "base") return '"of" is ratio, candidate or base';
  const bounds = [gate["atLeast"], gate["atMost"]].filter((bound) => bound !== undefined);
  return bounds.length > 0 && bounds.every((bound) => Number.isFinite(bound)) ? undefined : "no bound: atLeast or atMost, a number";
};
