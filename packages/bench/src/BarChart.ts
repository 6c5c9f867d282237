/**
 * The goals as a picture: a bar for each figure from its goal at 1, to the left where it is better, to the right where it is not there yet, on a scale of
 * factors. Plain SVG by its own style, which follows light and dark; no script, no font of its own, nothing loaded.
 */
import type { GoalRow } from "./Goals.ts";
import { spell } from "./Text.ts";

const width = 900;
const [labelWidth, barWidth] = [520, 300];
const [rowHeight, barHeight, top, bottom] = [22, 14, 56, 40];
const fontSize = 12;

/** Of every picture here: it follows light and dark. */
export const style = `
  text { font: ${fontSize}px system-ui, sans-serif; fill: #1f2328; }
  .title { font-size: 15px; font-weight: 600; }
  .dim, .tick { fill: #59636e; }
  .line { stroke: #59636e; }
  .grid { stroke: #d1d9e0; }
  .met { fill: #1a7f37; }
  .open { fill: #bc4c00; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .dim, .tick { fill: #9198a1; }
    .line { stroke: #9198a1; }
    .grid { stroke: #3d444d; }
    .met { fill: #3fb950; }
    .open { fill: #f0883e; }
  }`;

/** One picture of all rows that were measured. */
export const goalChart = (rows: ReadonlyArray<GoalRow>, caption: string): string => {
  const bars = rows.flatMap(({ what, bound, figures }) =>
    figures.map(({ name, median, share }) => ({
      label: figures.length === 1 ? plain(what.en) : `${plain(what.en)}: ${name}`,
      value: `${spell(median)} (${bound})`,
      share,
    })),
  );
  const exponents = bars.map(({ share }) => Math.log2(clamped(share)));
  const [least, most] = [Math.floor(Math.min(-1, ...exponents)), Math.ceil(Math.max(1, ...exponents))];
  const x = (exponent: number): number => labelWidth + ((exponent - least) / (most - least)) * barWidth;
  const height = top + bars.length * rowHeight + bottom;
  const foot = height - bottom + 4;
  const ticks = Array.from({ length: most - least + 1 }, (_, i) => least + i);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>How far each goal is</title>`,
    `<style>${style}\n</style>`,
    text(12, 22, "How far each goal is", "title"),
    text(12, 40, caption, "dim"),
    ...ticks.map((tick) => line(x(tick), top - 6, foot, tick === 0 ? "line" : "grid")),
    ...ticks.map((tick) => text(x(tick), foot + 14, factor(tick), "tick", "middle")),
    text(x(0), foot + 30, "better ← goal → not there yet", "dim", "middle"),
    ...bars.flatMap(({ label, value, share }, i) => barOf(label, value, share, top + i * rowHeight, x)),
    "</svg>",
    "",
  ].join("\n");
};

const barOf = (label: string, value: string, share: number, y: number, x: (exponent: number) => number): ReadonlyArray<string> => {
  const [from, to] = [x(0), x(Math.log2(clamped(share)))].toSorted((a, b) => a - b) as [number, number];
  return [
    text(12, y + barHeight - 2, shortened(`${label}, ${value}`)),
    `<rect x="${round(from)}" y="${y}" width="${round(Math.max(1, to - from))}" height="${barHeight}" class="${share <= 1 ? "met" : "open"}"/>`,
  ];
};

/** A figure a thousand times better or worse than its goal needs no longer bar. */
const clamped = (share: number): number => Math.min(1_024, Math.max(1 / 1_024, share));
const factor = (exponent: number): string => (exponent < 0 ? `1/${2 ** -exponent}` : `${2 ** exponent}`);
const plain = (markdown: string): string => markdown.replaceAll(/[`*]/g, "");
/** What fits beside the bars. */
const shortened = (label: string): string => (label.length > 84 ? `${label.slice(0, 50)}…${label.slice(-33)}` : label);
export const round = (value: number): number => Math.round(value * 10) / 10;

export const text = (x: number, y: number, content: string, kind?: string, anchor?: "middle"): string =>
  `<text x="${round(x)}" y="${round(y)}"${kind === undefined ? "" : ` class="${kind}"`}${anchor === undefined ? "" : ` text-anchor="${anchor}"`}>${escaped(content)}</text>`;

export const line = (x: number, from: number, to: number, kind: string): string =>
  `<line x1="${round(x)}" x2="${round(x)}" y1="${from}" y2="${to}" class="${kind}"/>`;

const escaped = (content: string): string => content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
