/** Results as text for people: one block for each case, ratios with their range first, absolute medians beside them. */
import type { Machine } from "./Machine.ts";
import type { CaseResult, FigureResult } from "./Rounds.ts";
import type { Summary } from "./Statistics.ts";

export const machineLine = (machine: Machine): string => {
  const load = (values: ReadonlyArray<number>) => values.map((value) => value.toFixed(1)).join(" ");
  return [
    `${machine.cpu}, ${machine.cores} cores, ${machine.platform}, Node ${machine.node}`,
    `load before ${load(machine.loadBefore)}, after ${load(machine.loadAfter)}; ${Object.entries(machine.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", ")}`,
  ].join("\n");
};

export const caseTable = (result: CaseResult): string => {
  const header = ["figure", "candidate / base", "min … max", "candidate", "base", "unit"];
  const rows = result.figures.map((figure) => [
    figure.name,
    spell(figure.ratio.median),
    range(figure.ratio),
    spell(figure.candidate.median),
    spell(figure.base.median),
    `${figure.unit}, ${figure.better} is better`,
  ]);
  return [
    `${result.name}: ${result.about}`,
    `  candidate: ${result.candidate}`,
    `  base:      ${result.base}`,
    ...aligned([header, ...rows]).map((line) => `  ${line}`),
    `  medians of ${result.rounds.length} rounds${noise(result.figures)}`,
  ].join("\n");
};

/** Four digits that matter; thousands apart. */
export const spell = (value: number): string => {
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString("en-US");
  return Number(value.toPrecision(3)).toString();
};

const range = ({ min, max }: Summary): string => `${spell(min)} … ${spell(max)}`;

/** A range as wide as the ratio itself says the machine was busy with something else. */
const noise = (figures: ReadonlyArray<FigureResult>): string => {
  const noisy = figures.filter(({ ratio }) => ratio.max - ratio.min > ratio.median);
  return noisy.length === 0 ? "" : `; NOISY (range wider than the median): ${noisy.map(({ name }) => name).join(", ")}`;
};

const aligned = (rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number) =>
    column === 0 || column === widths.length - 1 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return rows.map((row) => row.map(pad).join("  ").trimEnd());
};
