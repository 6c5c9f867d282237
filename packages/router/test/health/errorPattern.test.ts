import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import { burst, patternOf } from "../../src/health/errorPattern.ts";

const every = (ms: number, times: number, fromMs = 0) => Array.from({ length: times }, (_, at) => fromMs + at * ms);

describe("the pattern of errors", () => {
  it("is a burst when ten come within ten seconds, until that is ten seconds ago", () => {
    const times = every(900, 10, 50_000);
    assert.deepStrictEqual(patternOf(times, 58_200), { _tag: "burst", count: 10, withinMs: burst.withinMs });
    assert.isUndefined(patternOf(times.slice(1), 58_200));
    assert.isUndefined(patternOf(times, 60_101));
  });

  it("is periodic when events come at one distance; errors of one moment are one event", () => {
    const retried = every(60_000, 5).flatMap((ms) => [ms, ms + 120, ms + 400]);
    assert.deepStrictEqual(patternOf(retried, 241_000), { _tag: "periodic", everyMs: 60_000, times: 5 });
    assert.deepStrictEqual(patternOf([0, 30_400, 59_800, 90_100], 91_000), { _tag: "periodic", everyMs: 30_033, times: 4 });
  });

  it("is none when they come at random, too few, too close, or no longer", () => {
    assert.isUndefined(patternOf([0, 10_000, 50_000, 61_000, 140_000], 141_000));
    assert.isUndefined(patternOf(every(60_000, 3), 121_000));
    assert.isUndefined(patternOf(every(2_000, 6), 11_000));
    assert.isUndefined(patternOf(every(60_000, 5), 240_000 + 73_000));
    assert.isUndefined(patternOf([], 0));
  });

  it.prop(
    "is a burst exactly when there are as many in the last ten seconds, whatever else there was",
    { gaps: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9_000 }))).check(Schema.isMaxLength(64)) },
    ({ gaps }) => {
      let at = 0;
      const times = gaps.map((gap) => (at += gap));
      const inTen = times.filter((ms) => at - ms <= burst.withinMs).length;
      assert.strictEqual(patternOf(times, at)?._tag === "burst", inTen >= burst.count);
    },
  );
});
