/** Results as text for people: one block for each case, ratios with their range first, absolute medians beside them, peers last. */
import type { Machine } from "./Machine.ts";
import type { CaseResult, FigureResult } from "./Rounds.ts";
import type { Summary } from "./Statistics.ts";
import { aligned, spell } from "./Text.ts";

/** What it ran on, in one line. */
export const machineLine = ({ cpu, cores, platform, node, versions, loadBefore, loadAfter }: Machine): string => {
  const load = (values: ReadonlyArray<number>) => (values[0] ?? Number.NaN).toFixed(1);
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `${cpu}, ${cores} cores, ${platform}, Node ${node}; load before ${load(loadBefore)}, after ${load(loadAfter)}; ${named.join(", ")}`;
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
    ...peersTable(result),
    `  medians of ${result.rounds.length} rounds${noise(result.figures)}`,
  ].join("\n");
};

const peersTable = ({ figures, peers }: CaseResult): ReadonlyArray<string> => {
  const rows = figures.flatMap((figure) =>
    Object.entries(figure.peers).map(([peer, { value, ratio }]) => [
      figure.name,
      spell(ratio.median),
      range(ratio),
      spell(value.median),
      peer,
    ]),
  );
  if (rows.length === 0) return [];
  return [
    ...Object.entries(peers).map(([peer, about]) => `  ${peer}: ${about}`),
    ...aligned([["figure", "candidate / peer", "min … max", "peer's", "peer"], ...rows]).map((line) => `  ${line}`),
  ];
};

const range = ({ min, max }: Summary): string => `${spell(min)} … ${spell(max)}`;

/** A range as wide as the ratio itself says the machine was busy with something else. */
const noise = (figures: ReadonlyArray<FigureResult>): string => {
  const noisy = figures.filter(({ ratio }) => ratio.max - ratio.min > ratio.median);
  return noisy.length === 0 ? "" : `; NOISY (range wider than the median): ${noisy.map(({ name }) => name).join(", ")}`;
};
