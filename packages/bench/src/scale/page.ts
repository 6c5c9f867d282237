/** The page of curves: each has a section between two marks, with its table, what ends it and the machine, and a picture beside the page. */
import { readFileSync, writeFileSync } from "node:fs";
import type { CaseResult } from "../Rounds.ts";
import { spell } from "../Text.ts";
import { between } from "../written.ts";
import { type Curve, type DrawnLine, drawn, verdictOf } from "./Curve.ts";
import { lineChart } from "./LineChart.ts";

const folder = new URL("../../../../docs/reference/benchmarks/", import.meta.url);
export const pageFile = new URL("scale.md", folder);

/** Each is loaded when it is drawn. */
export const curves: Readonly<Record<string, () => Promise<{ readonly curve: Curve }>>> = {
  "scale-markets": () => import("./markets.ts"),
  "scale-subscribers": () => import("./subscribers.ts"),
  "scale-rates": () => import("./rates.ts"),
  "scale-keys": () => import("./keys.ts"),
  "scale-history": () => import("./history.ts"),
};

/** Writes the sections and the pictures of what was measured; the others stay as they are. Throws where the page has no marks for one. */
export const writeCurves = async (results: ReadonlyArray<CaseResult>, machine: string): Promise<void> => {
  let page = readFileSync(pageFile, "utf8");
  for (const result of results) {
    const load = curves[result.name];
    if (load === undefined) throw new RangeError(`${result.name} is no curve`);
    const { curve } = await load();
    const lines = drawn(curve, result);
    page = between(page, sectionOf(curve, result, lines, machine), result.name);
    writeFileSync(new URL(`${result.name}.svg`, folder), lineChart(curve, lines, result.about));
  }
  writeFileSync(pageFile, page);
};

export const sectionOf = (curve: Curve, result: CaseResult, lines: ReadonlyArray<DrawnLine>, machine: string): string =>
  [
    `![${result.about}](${result.name}.svg)`,
    tableOf(curve, lines),
    ...(curve.beside ?? []).map(({ name, unit }) => besideOf(result, name, unit)),
    `Candidate: ${result.candidate}. Base: ${result.base}. Medians of ${result.rounds.length} rounds.`,
    `**What ends it.** ${curve.limit}`,
    machine,
  ].join("\n\n");

const tableOf = (curve: Curve, lines: ReadonlyArray<DrawnLine>): string =>
  [
    [curve.along, "side", ...curve.sizes.map((size) => size.toLocaleString("en-US")), "exponent", "verdict"],
    ["---", "---", ...curve.sizes.map(() => "---:"), "---:", "---"],
    ...lines.flatMap((line) => [rowOf(curve, line, "candidate"), rowOf(curve, line, "base")]),
  ]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");

const rowOf = (curve: Curve, line: DrawnLine, side: "candidate" | "base"): ReadonlyArray<string> => {
  const cells = curve.sizes.map((size) => line.points.find((point) => point.size === size)?.[side]);
  return [
    side === "candidate" ? `${line.name}, ${line.unit}` : "",
    side,
    ...cells.map((cost) => (cost === undefined ? "" : spell(cost))),
    exponentOf(line.growth[side]),
    side === "candidate" ? verdictOf(line) : "",
  ];
};

/** A cost that falls with the size has an exponent below zero: as good as none. */
const exponentOf = (growth: number): string => (Math.round(100 * Math.log10(growth)) / 100).toFixed(2);

const besideOf = ({ figures }: CaseResult, name: string, unit: string): string => {
  const figure = figures.find((one) => one.name === name);
  if (figure === undefined) throw new RangeError(`no figure "${name}"`);
  return `${name}: **${spell(figure.candidate.median)}** (base ${spell(figure.base.median)}) ${unit}`;
};
