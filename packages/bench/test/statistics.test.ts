import { assert, describe, it } from "@effect/vitest";
import { summarize } from "../src/Statistics.ts";

describe("a summary", () => {
  it("is the middle of an odd number of values, halfway between the two in the middle of an even number", () => {
    assert.deepStrictEqual(summarize([10, 2, 9]), { median: 9, min: 2, max: 10 });
    assert.deepStrictEqual(summarize([4, 1, 3, 100]), { median: 3.5, min: 1, max: 100 });
    assert.deepStrictEqual(summarize([7]), { median: 7, min: 7, max: 7 });
  });

  it("leaves the values as they were", () => {
    const values = [3, 1, 2];
    summarize(values);
    assert.deepStrictEqual(values, [3, 1, 2]);
  });

  it("refuses to summarize nothing, and what is no number", () => {
    assert.throws(() => summarize([]), RangeError);
    assert.throws(() => summarize([1, Number.NaN]), RangeError);
    assert.throws(() => summarize([1, Infinity]), RangeError);
  });
});
