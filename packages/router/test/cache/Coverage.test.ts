import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import { type Coverage, covered, coveredMs, missing, nothing, uncovered } from "../../src/cache/Coverage.ts";

const range = (fromMs: number, toMs: number) => ({ fromMs, toMs });

describe("what is known completely", () => {
  it("joins ranges that overlap or touch, and keeps others apart", () => {
    const two = covered(covered(nothing, range(10, 20)), range(30, 40));
    assert.deepStrictEqual(two, [range(10, 20), range(30, 40)]);
    assert.deepStrictEqual(covered(two, range(20, 30)), [range(10, 40)]);
    assert.deepStrictEqual(covered(two, range(15, 25)), [range(10, 25), range(30, 40)]);
    assert.deepStrictEqual(covered(two, range(0, 50)), [range(0, 50)]);
    assert.deepStrictEqual(covered(two, range(25, 25)), two);
  });

  it("tells what is missing of a range, and how much is there", () => {
    const two = [range(10, 20), range(30, 40)];
    assert.deepStrictEqual(missing(two, range(0, 50)), [range(0, 10), range(20, 30), range(40, 50)]);
    assert.deepStrictEqual(missing(two, range(12, 18)), []);
    assert.deepStrictEqual(missing(nothing, range(1, 2)), [range(1, 2)]);
    assert.deepStrictEqual(missing(two, range(5, 5)), []);
    assert.strictEqual(coveredMs(two, range(15, 35)), 10);
  });

  it("forgets a part of a range", () => {
    assert.deepStrictEqual(uncovered([range(10, 40)], range(20, 30)), [range(10, 20), range(30, 40)]);
    assert.deepStrictEqual(uncovered([range(10, 20)], range(0, 50)), []);
  });

  const step = Schema.Struct({
    add: Schema.Boolean,
    from: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 40 })),
    length: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 15 })),
  });
  it.prop(
    "agrees with a set of single milliseconds, and is always in its lowest form",
    { steps: Schema.Array(step).check(Schema.isMaxLength(30)), asked: step },
    ({ steps, asked }) => {
      let coverage: Coverage = nothing;
      const known = new Set<number>();
      for (const { add, from, length } of steps) {
        const part = range(from, from + length);
        coverage = add ? covered(coverage, part) : uncovered(coverage, part);
        for (let at = from; at < from + length; at++) {
          if (add) known.add(at);
          else known.delete(at);
        }
      }
      for (const [at, { fromMs, toMs }] of coverage.entries()) {
        assert.isBelow(fromMs, toMs);
        assert.isBelow(coverage[at - 1]?.toMs ?? -1, fromMs);
      }
      const listed = coverage.flatMap(({ fromMs, toMs }) => Array.from({ length: toMs - fromMs }, (_, i) => fromMs + i));
      assert.deepStrictEqual(
        listed,
        [...known].sort((a, b) => a - b),
      );
      const within = range(asked.from, asked.from + asked.length);
      const gaps = missing(coverage, within).flatMap(({ fromMs, toMs }) => Array.from({ length: toMs - fromMs }, (_, i) => fromMs + i));
      const expected = Array.from({ length: asked.length }, (_, i) => asked.from + i).filter((at) => !known.has(at));
      assert.deepStrictEqual(gaps, expected);
      assert.strictEqual(coveredMs(coverage, within), asked.length - expected.length);
    },
    { arbitrary: { runs: 300 } },
  );
});
