/** Curves: what their points come to, what their verdict says, and that every curve has its place on the page. */
import { readFileSync } from "node:fs";
import { assert, describe, it } from "@effect/vitest";
import { caseNames, loadCase } from "../../src/cases/all.ts";
import { readGates } from "../../src/Gates.ts";
import { groups } from "../../src/groups.ts";
import { type Curve, drawn, exponent, figuresOf, growth, growthName, pointName, readingOf, verdictOf } from "../../src/scale/Curve.ts";
import { lineChart } from "../../src/scale/LineChart.ts";
import { curves, pageFile, sectionOf } from "../../src/scale/page.ts";
import { writtenIn } from "../../src/written.ts";
import { figureOf, resultOf } from "../results.ts";

const sizes = [10, 100, 1_000, 10_000];
const curve: Curve = {
  name: "scale-things",
  along: "things",
  sizes,
  lines: [
    { name: "put", unit: "ns/put", whole: "times size" },
    { name: "page", unit: "us/page", whole: "itself", sizes: sizes.slice(1) },
  ],
  beside: [{ name: "most", unit: "things", better: "higher" }],
  limit: "Something.",
};

describe("growth", () => {
  it("is the slope on logarithmic axes: 10 for what is linear, 100 for squares, 1 for what stays", () => {
    for (const power of [0, 0.5, 1, 2]) {
      const costs = sizes.map((size) => 3 * size ** power);
      assert.closeTo(exponent(sizes, costs), power, 1e-9);
      assert.closeTo(growth(sizes, costs), 10 ** power, 1e-6);
    }
  });

  it("is not hidden by what every size pays", () => {
    // A square that shows only at the end: over all points it looks like less than a straight line.
    const costs = sizes.map((size) => 1e7 + size ** 2);
    assert.isBelow(exponent(sizes, costs), 0.5);
    assert.isAbove(growth(sizes, costs), 10 ** 0.5);
  });

  it("of one size, or of no cost, is refused", () => {
    assert.throws(() => exponent([10], [1]), RangeError);
    assert.throws(() => exponent([10, 10], [1, 2]), RangeError);
    assert.throws(() => exponent([10, 100], [1, 0]), RangeError);
    assert.throws(() => exponent([10, 100], [1]), RangeError);
  });
});

describe("a curve", () => {
  const points = { put: [5, 5, 5, 5], page: [7, 7, 7] };

  it("has a figure for each point and each growth, of what all cost", () => {
    const reading = { ...readingOf(curve, points), most: 3 };
    assert.deepStrictEqual(
      Object.keys(reading),
      figuresOf(curve).map(({ name }) => name),
    );
    const [put, page] = curve.lines.map((line) => reading[growthName(line) as keyof typeof reading]);
    assert.closeTo(put ?? 0, 10, 1e-6);
    assert.closeTo(page ?? 0, 1, 1e-6);
    assert.strictEqual((reading as Record<string, number>)[pointName(curve.lines[0], 10_000)], 5);
  });

  it("with a point too few is refused", () => {
    assert.throws(() => readingOf(curve, { ...points, put: [5, 5, 5] }), /put: 3 points, not 4/);
  });

  it("is linear up to an exponent of 1.1, and beyond that judged beside the base", () => {
    const verdict = (candidate: number, base: number) => verdictOf({ growth: { candidate: 10 ** candidate, base: 10 ** base } });
    assert.strictEqual(verdict(1.1, 0), "linear or better");
    assert.strictEqual(verdict(1.3, 1.25), "as the base");
    assert.strictEqual(verdict(1.3, 1), "worse");
  });

  it("is written as a table with a row for either side, and as a picture with a panel for each line", () => {
    const reading = readingOf(curve, points);
    const figures = [...Object.entries(reading), ["most", 3] as const].map(([name, value]) =>
      figureOf(name, { base: 2 * value, candidate: value }),
    );
    const result = resultOf(curve.name, figures);
    const lines = drawn(curve, result);
    const rows = sectionOf(curve, result, lines, "a machine")
      .split("\n")
      .filter((line) => line.startsWith("|"));
    assert.deepStrictEqual(rows.slice(2), [
      "| put, ns/put | candidate | 5 | 5 | 5 | 5 | 1.00 | linear or better |",
      "|  | base | 10 | 10 | 10 | 10 | 1.30 |  |",
      "| page, us/page | candidate |  | 7 | 7 | 7 | 0.00 | linear or better |",
      "|  | base |  | 14 | 14 | 14 | 0.30 |  |",
    ]);
    const chart = lineChart(curve, lines, "things");
    assert.lengthOf([...chart.matchAll(/<path /g)], 4);
    assert.lengthOf([...chart.matchAll(/<circle /g)], 14);
    assert.notMatch(chart, /NaN|undefined|<script|href/);
  });
});

describe("the page of curves", () => {
  it("has a section for each curve, and each curve's growth has a gate", async () => {
    const page = readFileSync(pageFile, "utf8");
    assert.deepStrictEqual(Object.keys(curves), [...groups.scale]);
    assert.deepStrictEqual(
      Object.keys(curves),
      caseNames.filter((name) => name.startsWith("scale-")),
    );
    for (const [name, load] of Object.entries(curves)) {
      const { curve: one } = await load();
      assert.strictEqual(one.name, name);
      assert.strictEqual((await loadCase(name)).name, name);
      assert.match(writtenIn(page, name), /\*\*What ends it\.\*\*|^Not measured yet/, name);
      const gated = readGates().flatMap((gate) => (gate.case === name ? gate.figures : []));
      for (const line of one.lines) assert.include(gated, growthName(line), name);
    }
  });
});
