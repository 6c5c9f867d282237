/** Curves as a picture: a panel for each line, both axes logarithmic, the candidate with a whole line and the base with a broken one. Plain SVG, as the goals'. */
import { line as rule, round, style, text } from "../BarChart.ts";
import { spell } from "../Text.ts";
import type { Curve, DrawnLine } from "./Curve.ts";

const [panelWidth, panelHeight, perRow] = [300, 210, 3];
const inner = { left: 62, right: 14, top: 46, bottom: 34 };
const head = 48;

const lineStyle = `
  path { fill: none; stroke-width: 2; }
  .ours { stroke: #0969da; fill: #0969da; }
  .theirs { stroke: #bc4c00; fill: #bc4c00; }
  path.ours, path.theirs { fill: none; }
  path.theirs { stroke-dasharray: 5 4; }
  @media (prefers-color-scheme: dark) {
    .ours { stroke: #4493f8; fill: #4493f8; }
    .theirs { stroke: #f0883e; fill: #f0883e; }
    path.ours, path.theirs { fill: none; }
  }`;

export const lineChart = (curve: Curve, lines: ReadonlyArray<DrawnLine>, title: string): string => {
  const columns = Math.min(perRow, lines.length);
  const [width, height] = [columns * panelWidth, head + Math.ceil(lines.length / perRow) * panelHeight];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${title}</title>`,
    `<style>${style}${lineStyle}\n</style>`,
    text(12, 20, title, "title"),
    text(12, 38, "whole: candidate, broken: base", "dim"),
    ...lines.flatMap((line, i) => panel(curve, line, (i % perRow) * panelWidth, head + Math.floor(i / perRow) * panelHeight)),
    "</svg>",
    "",
  ].join("\n");
};

const panel = ({ along }: Curve, { name, unit, points }: DrawnLine, left: number, top: number): ReadonlyArray<string> => {
  const x = axis(
    points.map(({ size }) => size),
    left + inner.left,
    left + panelWidth - inner.right,
  );
  const y = axis(
    points.flatMap(({ candidate, base }) => [candidate, base]),
    top + panelHeight - inner.bottom,
    top + inner.top,
  );
  const path = (side: "candidate" | "base") =>
    points.map((point, i) => `${i === 0 ? "M" : "L"}${x.at(point.size)} ${y.at(point[side])}`).join("");
  const dots = (side: "candidate" | "base", kind: string) =>
    points.map((point) => `<circle cx="${x.at(point.size)}" cy="${y.at(point[side])}" r="3" class="${kind}"/>`);
  return [
    text(left + 12, top + 16, name),
    text(left + 12, top + 32, shortened(unit), "dim"),
    ...x.decades.map((decade) => rule(x.at(decade), y.top, y.bottom, "grid")),
    ...x.decades.map((decade) => text(x.at(decade), y.bottom + 14, power(decade), "tick", "middle")),
    ...y.decades.map((decade) => `<line x1="${x.top}" x2="${x.bottom}" y1="${y.at(decade)}" y2="${y.at(decade)}" class="grid"/>`),
    ...y.decades.map((decade) => text(left + 12, y.at(decade) + 4, power(decade), "tick")),
    text(left + panelWidth / 2, top + panelHeight - 6, shortened(along), "dim", "middle"),
    `<path d="${path("base")}" class="theirs"/>`,
    ...dots("base", "theirs"),
    `<path d="${path("candidate")}" class="ours"/>`,
    ...dots("candidate", "ours"),
  ];
};

/** Whole decades around the values, at least one, from one pixel to another. */
const axis = (values: ReadonlyArray<number>, from: number, to: number) => {
  const least = Math.floor(Math.log10(Math.min(...values)));
  const most = Math.max(least + 1, Math.ceil(Math.log10(Math.max(...values))));
  return {
    at: (value: number): number => round(from + ((Math.log10(value) - least) / (most - least)) * (to - from)),
    decades: Array.from({ length: most - least + 1 }, (_, i) => 10 ** (least + i)),
    top: Math.min(from, to),
    bottom: Math.max(from, to),
  };
};

/** Such as `0.1`, `100`, `10 k` and `1 M`. */
const power = (decade: number): string => {
  if (decade >= 1e6) return `${spell(decade / 1e6)} M`;
  return decade >= 1e4 ? `${spell(decade / 1e3)} k` : spell(decade).replace(",", "");
};

const shortened = (words: string): string => (words.length > 42 ? `${words.slice(0, 41)}…` : words);
