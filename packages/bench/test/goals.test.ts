import { assert, describe, it } from "@effect/vitest";
import { readGates } from "../src/Gates.ts";
import type { Gate } from "../src/Gates.ts";
import { goalCases, goalMarkdown, goalPeers, goalRows, goalText } from "../src/Goals.ts";
import { figureOf, resultOf } from "./results.ts";

const gate = (more: Partial<Gate>): Gate => ({
  ...{ case: "read", figures: ["small", "large"], of: "ratio", reason: "promised" },
  ...{ goal: { en: "bytes → value", ko: "바이트 → 값" } },
  ...more,
});

const results = [
  resultOf("read", [
    figureOf("small", { base: 4, candidate: 2, ccxt: 20 }, "us/frame, by the median"),
    figureOf("large", { base: 10, candidate: 7, ccxt: 14 }, "us/frame, by the median"),
  ]),
];

describe("a row of the table of goals", () => {
  it("holds where every figure of it holds", () => {
    const [both, none] = goalRows([gate({ atMost: 0.7 }), gate({ atMost: 0.6 })], results);
    assert.deepStrictEqual([both!.met, none!.met], [true, false]);
    assert.deepStrictEqual(
      both!.figures.map(({ name, median }) => [name, median]),
      [
        ["small", 0.5],
        ["large", 0.7],
      ],
    );
  });

  it("says how far each figure is: 1 is just met, above it is not", () => {
    const [least, most] = goalRows(
      [gate({ figures: ["small"], of: "candidate", atLeast: 8 }), gate({ figures: ["small"], atMost: 1 })],
      results,
    );
    assert.deepStrictEqual([least!.figures[0]!.share, most!.figures[0]!.share], [4, 0.5]);
  });

  it("spells its bound with the unit of what is bound", () => {
    const bounds = goalRows(
      [gate({ atMost: 0.6 }), gate({ of: "difference", atMost: 1_000 }), gate({ of: "candidate", atLeast: 3 })],
      results,
    ).map(({ bound }) => bound);
    assert.deepStrictEqual(bounds, ["≤ 0.6 ×", "≤ 1,000 us/frame", "≥ 3 us/frame"]);
  });

  it("is held against the peer it names, and not met where that one was not measured", () => {
    const beside = { beside: "ccxt", figures: ["small"], atMost: 0.2 };
    assert.isTrue(goalRows([gate(beside)], results)[0]!.met);
    const [missing] = goalRows([gate({ ...beside, beside: "zod" })], results);
    assert.deepStrictEqual([missing!.met, missing!.figures], [false, []]);
  });

  it("is not met where a figure of it is missing, or its case was not measured", () => {
    assert.isFalse(goalRows([gate({ figures: ["small", "huge"], atMost: 9 })], results)[0]!.met);
    assert.isFalse(goalRows([gate({ atMost: 9 })], [])[0]!.met);
  });
});

describe("the table of goals", () => {
  const rows = goalRows([gate({ atMost: 0.7 }), gate({ figures: ["large"], atMost: 0.6 }), gate({ case: "none", atMost: 1 })], results);

  it("is Markdown in two languages with the same numbers", () => {
    assert.deepStrictEqual(goalMarkdown(rows, "en").split("\n"), [
      "| what | goal | measured | met |",
      "| --- | --- | --- | --- |",
      "| bytes → value | ≤ 0.7 × | small 0.5, large 0.7 | yes |",
      "| bytes → value | ≤ 0.6 × | 0.7 | **not yet** |",
      "| bytes → value | ≤ 1 × | not measured | **not yet** |",
    ]);
    const numbers = (text: string) => text.match(/\d+(?:\.\d+)?/g);
    assert.deepStrictEqual(numbers(goalMarkdown(rows, "ko")), numbers(goalMarkdown(rows, "en")));
    assert.include(goalMarkdown(rows, "ko"), "| 바이트 → 값 |");
  });

  it("is text without marks for a terminal", () => {
    assert.notMatch(goalText(rows), /[*`|]/);
    assert.lengthOf(goalText(rows).split("\n"), 4);
  });

  it("decides which cases and peers are measured by default", () => {
    const gates = [gate({ atMost: 1 }), gate({ case: "b", beside: "ccxt", atMost: 1 }), gate({ case: "b", atMost: 2 })];
    const { goal: _, ...plain } = gate({ case: "c", atMost: 1 });
    assert.deepStrictEqual(goalCases([...gates, plain]), ["read", "b"]);
    assert.deepStrictEqual(goalPeers([...gates, plain], "b"), ["ccxt"]);
    assert.isAbove(goalCases(readGates()).length, 0);
  });
});
