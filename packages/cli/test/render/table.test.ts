import { assert, describe, it } from "@effect/vitest";
import { redraw } from "../../src/render/redraw.ts";
import { coloured, plain, printable, styleOf } from "../../src/render/style.ts";
import { type Column, simColumn, table } from "../../src/render/table.ts";

interface Row {
  readonly name: string;
  readonly price: string;
  readonly made: boolean;
}

const columns: ReadonlyArray<Column<Row>> = [
  { header: "NAME", align: "left", text: (row) => row.name },
  { header: "PRICE", align: "right", text: (row) => row.price, tone: () => "rise" },
  { header: "NOTE", align: "left", text: () => "x" },
];

const rows: ReadonlyArray<Row> = [
  { name: "비트코인", price: "1,000", made: true },
  { name: "Ether", price: "9", made: true },
];

describe("tables", () => {
  it("aligns by terminal cells, so that Korean names take two each", () => {
    assert.deepStrictEqual(table(columns, rows, plain), ["NAME      PRICE  NOTE", "비트코인  1,000  x", "Ether         9  x"]);
  });

  it("adds colour after measuring, and only colour", () => {
    const withColour = table(columns, rows, coloured);
    assert.include(withColour[1], "\u001b[31m1,000\u001b[39m");
    // eslint-disable-next-line no-control-regex -- the escapes are what is looked for
    const stripped = withColour.map((line) => line.replace(/\u001b\[\d+m/g, ""));
    assert.deepStrictEqual(stripped, [...table(columns, rows, plain)]);
  });

  it("says SIM in every row of made-up prices, and has no such column otherwise", () => {
    const marked = table([...simColumn(rows, (row) => row.made), ...columns], rows, plain);
    assert.deepStrictEqual(
      marked.slice(1).map((line) => line.slice(0, 3)),
      ["SIM", "SIM"],
    );
    assert.deepStrictEqual(
      simColumn(rows, () => false),
      [],
    );
  });

  it("has no escape in a style without colour", () => {
    assert.strictEqual(styleOf(false).paint("alarm", "x"), "x");
    assert.strictEqual(styleOf(true).paint("alarm", "x"), "\u001b[91mx\u001b[39m");
  });

  it("lets no character of the network act on the terminal", () => {
    assert.strictEqual(printable("a\u001b[2Jb\nc\u202ed"), "a\ufffd[2Jb\ufffdc\ufffdd");
    const hostile = table(columns, [{ name: "\u001b]0;owned\u0007", price: "1", made: false }], plain);
    assert.isFalse(hostile.join("").includes("\u001b"));
  });
});

describe("drawing over", () => {
  it("goes back over exactly the lines drawn before", () => {
    const first = redraw(["a", "b"], 0, 24);
    assert.deepStrictEqual(first, { text: "\u001b[?7la\nb\u001b[?7h", height: 2 });
    assert.strictEqual(redraw(["c", "d"], first.height, 24).text, "\u001b[?7l\u001b[2A\u001b[Jc\nd\u001b[?7h");
  });

  it("draws no more than the terminal has, and says what is missing", () => {
    const picture = redraw(["1", "2", "3", "4", "5"], 0, 4);
    assert.strictEqual(picture.height, 3);
    assert.include(picture.text, "… and 3 more below the edge");
    assert.strictEqual(redraw(["1", "2", "3", "4", "5"], 0, 0).height, 5);
  });
});
