/** Categories, trends and the ring of twenty. */
import { assert, describe, it } from "@effect/vitest";
import { Frequency } from "../../src/select/Frequency.ts";

const ofGaps = (...gaps: ReadonlyArray<number>) => {
  const frequency = new Frequency();
  let at = 1_000;
  frequency.record(at);
  for (const gap of gaps) frequency.record((at += gap));
  return frequency.analyse();
};

describe("Frequency", () => {
  it("says nothing under three samples", () => {
    assert.deepStrictEqual(ofGaps(10), {
      category: "unknown",
      trend: "unknown",
      meanGapMs: null,
      lastGapMs: 10,
      samples: 2,
      confidence: 0.1,
    });
    assert.strictEqual(ofGaps(10, 10).category, "high");
  });

  it("changes category at mean gaps of two and ten seconds", () => {
    const categories = [1_999, 2_000, 10_000, 10_001].map((gap) => ofGaps(gap, gap).category);
    assert.deepStrictEqual(categories, ["high", "medium", "medium", "low"]);
  });

  it("compares the last three gaps with the three before", () => {
    const trend = (last: number) => ofGaps(100, 100, 100, last, last, last).trend;
    assert.deepStrictEqual([69, 70, 130, 131].map(trend), ["accelerating", "steady", "steady", "decelerating"]);
    assert.strictEqual(ofGaps(100, 100, 10, 10, 10).trend, "unknown");
  });

  it("remembers twenty questions, and is as sure as they are many", () => {
    const old = Array.from({ length: 30 }, () => 60_000);
    assert.strictEqual(ofGaps(...old).confidence, 1);
    const recent = ofGaps(...old, ...Array.from({ length: 19 }, () => 100));
    assert.deepStrictEqual([recent.meanGapMs, recent.samples], [100, 20]);
  });
});
