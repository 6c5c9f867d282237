import { assert, describe, it } from "@effect/vitest";
import { atLeast, atMost, exactly, failuresOf, holds, noted, percentile, tableOf, timings } from "../../src/soak/Figures.ts";

const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);

describe("a percentile", () => {
  it("is the smallest value that so many values do not exceed, whatever their order", () => {
    assert.deepStrictEqual(
      [0.5, 0.95, 0.99, 1].map((share) => percentile(hundred, share)),
      [50, 95, 99, 100],
    );
    assert.strictEqual(percentile([7], 0.5), 7);
    assert.throws(() => percentile([], 0.5), RangeError);
  });
});

describe("a row", () => {
  it("of timings holds when every bound does, and not when nothing was timed", () => {
    assert.isTrue(timings("a", hundred, { p50: 50, p95: 95, p99: 99, max: 100 }).holds);
    assert.isFalse(timings("a", hundred, { p50: 49 }).holds);
    assert.isFalse(timings("a", hundred, { p95: 94 }).holds);
    assert.isFalse(timings("a", hundred, { p99: 98 }).holds);
    assert.isFalse(timings("a", hundred, { max: 99 }).holds);
    assert.isFalse(timings("a", [], { max: 99 }).holds);
    assert.isFalse(timings("a", [Infinity], { max: 99 }).holds);
  });

  it("of a count holds as it says", () => {
    assert.deepStrictEqual(
      [exactly("a", 0, 0), exactly("a", 1, 0), atLeast("a", 1, 2), atMost("a", 3, 2), noted("a", 9)].map((row) => row.holds),
      [true, false, false, false, true],
    );
    assert.isFalse(atMost("a", Number.NaN, 5).holds);
  });
});

describe("a report", () => {
  it("holds only with rows that all hold and without problems, and shows what does not", () => {
    assert.isFalse(holds({ rows: [], problems: [] }));
    assert.isTrue(holds({ rows: [exactly("lost", 0, 0)], problems: [] }));
    assert.isFalse(holds({ rows: [exactly("lost", 0, 0)], problems: ["a trade came twice"] }));
    const report = { rows: [exactly("kept", 0, 0), exactly("lost", 3, 0)], problems: ["a trade came twice"] };
    assert.isFalse(holds(report));
    assert.deepStrictEqual(failuresOf(report), ["lost 3 = 0 DOES NOT HOLD", "a trade came twice"]);
    assert.include(tableOf(report).join("\n"), "DOES NOT HOLD");
  });
});
