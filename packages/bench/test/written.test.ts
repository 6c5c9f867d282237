import { readFileSync } from "node:fs";
import { assert, describe, it } from "@effect/vitest";
import { goalChart } from "../src/BarChart.ts";
import { readGates } from "../src/Gates.ts";
import { goalRows, type GoalRow } from "../src/Goals.ts";
import { between, chartFile, sectionOf, tables, writtenIn } from "../src/written.ts";

const rows: ReadonlyArray<GoalRow> = [
  {
    what: { en: "bytes → `value` & <more>", ko: "바이트 → 값" },
    bound: "≤ 0.6 ×",
    figures: [
      { name: "small", median: 0.3, share: 0.5 },
      { name: "large", median: 2.4, share: 4 },
    ],
    met: false,
    unmet: "the profile says why",
  },
  { what: { en: "never measured", ko: "측정 안 함" }, bound: "≤ 1 ×", figures: [], met: false, unmet: undefined },
];

/** Cells of a table of Markdown, without the heading and its rule. */
const cellsIn = (text: string): ReadonlyArray<ReadonlyArray<string>> =>
  text
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .slice(2)
    .map((line) =>
      line
        .slice(1, -1)
        .split("|")
        .map((cell) => cell.trim()),
    );

describe("what a run writes down", () => {
  it("is put between the marks of a text, and nothing else of it changes", () => {
    const text = "# A\n\n<!-- goals:start -->\n\nold\n\n<!-- goals:end -->\n\nB\n";
    const written = between(text, sectionOf(rows, "a machine", "en"));
    assert.isTrue(written.startsWith("# A\n\n<!-- goals:start -->\n\n| what |"));
    assert.isTrue(written.endsWith("\n\na machine\n\n<!-- goals:end -->\n\nB\n"));
    assert.strictEqual(between(written, "old"), text);
    assert.strictEqual(between(text.replace("old\n\n", ""), "old"), text);
  });

  it("is refused where there are no marks", () => {
    assert.throws(() => between("# A\n", "new"), /goals:start/);
    assert.throws(() => between("<!-- goals:end --> <!-- goals:start -->", "new"), /goals:start/);
  });

  it("stands in the README, in the Korean one and in the docs with the same rows, one for each goal", () => {
    const goals = goalRows(readGates(), []);
    const [docs, ...others] = tables.map(({ file, language }) => ({ language, section: writtenIn(readFileSync(file, "utf8")) }));
    const cells = cellsIn(docs!.section);
    assert.deepStrictEqual(
      cells.map(([what]) => what),
      goals.map(({ what }) => what.en),
    );
    for (const { language, section } of others) {
      const mine = cellsIn(section);
      assert.deepStrictEqual(
        mine.map(([what]) => what),
        goals.map(({ what }) => what[language]),
      );
      const numbers = (of: typeof cells) => of.map(([, bound, measured]) => [bound, measured?.match(/\d[\d.,]*\d|\d/g)]);
      assert.deepStrictEqual(numbers(mine), numbers(cells));
      assert.strictEqual(section.split("\n").at(-1), docs!.section.split("\n").at(-1), "the line of the machine");
    }
  });

  it("is all there is in the README's section on performance", () => {
    for (const { file, language } of tables.slice(1)) {
      const text = readFileSync(file, "utf8");
      const heading = language === "en" ? "## Performance\n" : "## 성능\n";
      const section = text.slice(text.indexOf(heading) + heading.length).split("\n## ")[0]!;
      assert.strictEqual(section.trim(), `<!-- goals:start -->\n\n${writtenIn(text)}\n\n<!-- goals:end -->`);
      const lines = writtenIn(text).split("\n");
      assert.lengthOf(
        lines.filter((line) => line !== "" && !line.startsWith("|")),
        1,
      );
    }
  });
});

describe("the picture of the goals", () => {
  const chart = goalChart(rows, "a machine");

  it("has a bar for each figure that was measured, to its side of the goal", () => {
    const bars = [...chart.matchAll(/<rect x="([\d.]+)" y="\d+" width="([\d.]+)" .*class="(\w+)"/g)].map(([, x, wide, kind]) => ({
      left: Number(x),
      right: Number(x) + Number(wide),
      kind,
    }));
    assert.deepStrictEqual(
      bars.map(({ kind }) => kind),
      ["met", "open"],
    );
    // Both touch the line of the goal, and a factor of four is twice as long as one of two.
    assert.closeTo(bars[0]!.right, bars[1]!.left, 0.2);
    assert.closeTo(bars[1]!.right - bars[1]!.left, 2 * (bars[0]!.right - bars[0]!.left), 0.5);
  });

  it("is well-formed, follows light and dark, and runs nothing", () => {
    assert.include(chart, "@media (prefers-color-scheme: dark)");
    assert.notMatch(chart, /<script|href|onload|url\(/);
    assert.include(chart, "&amp; &lt;more&gt;");
    for (const tag of ["svg", "style", "text", "title"])
      assert.strictEqual(chart.split(`<${tag}`).length, chart.split(`</${tag}>`).length, tag);
  });

  it("is the one that stands in the docs, in form", () => {
    assert.match(readFileSync(chartFile, "utf8"), /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" viewBox=/);
  });
});
