/** Weights fitted to past decisions: better where they were not fitted, or not taken. */
import { assert, describe, it } from "@effect/vitest";
import { fitOf, type PastDecision, tune } from "../../src/select/tuning.ts";
import { defaultRankOptions } from "../../src/select/TierRank.ts";
import { facts, ticker } from "./questions.ts";

/** A short sequence of fractions that is always the same. */
const fractions = (seed: number) => {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 0) / 4_294_967_296;
  };
};

/** A scanner whose memory is fresh three times in four, beside a REST of 40 ms: what memory has, it has at once. */
const scanner = (count: number): ReadonlyArray<PastDecision> => {
  const random = fractions(7);
  return Array.from({ length: count }, (_, i) => {
    const isFresh = random() < 0.75;
    return {
      question: ticker({ context: "market_scanning" }),
      facts: facts({ hot: isFresh ? "fresh" : "absent", subscribed: isFresh }),
      atMs: i * 1_000,
      restMs: 40,
      socketMs: isFresh ? 0 : Infinity,
    };
  });
};
const unmeasured = { ...defaultRankOptions, measuredBound: 0 };

describe("the tuner", () => {
  it("finds weights that choose better on what it was not fitted to, and the same ones for the same seed (R001-48)", () => {
    const tuning = tune(scanner(400), fractions(1), unmeasured);
    assert.isTrue(tuning.isBetter);
    assert.isBelow(tuning.before.accuracy, 0.5);
    assert.isAbove(tuning.after.accuracy, 0.95);
    assert.isBelow(tuning.after.regretMs, tuning.before.regretMs);
    assert.deepStrictEqual(fitOf(scanner(400).slice(240), tuning.options), tuning.after);
    const { fit, network, preference, special } = tuning.options.weights;
    assert.closeTo(fit + network + preference + special, 1, 0.01);
    assert.deepStrictEqual(tune(scanner(400), fractions(1), unmeasured), tuning);
  });

  it("keeps the weights it was given where fitted ones are no better later: what was right at first need not stay so", () => {
    const first = scanner(240);
    // From here on what memory has is late every time, and REST is right, as the weights said all along.
    const later = first.map((decision, i) => ({ ...decision, atMs: (240 + i) * 1_000, socketMs: Infinity }));
    const tuning = tune([...first, ...later.slice(0, 160)], fractions(1), unmeasured);
    assert.isFalse(tuning.isBetter);
    assert.deepStrictEqual(tuning.options, unmeasured);
    assert.deepStrictEqual(tuning.after, tuning.before);
  });

  it("goes through the past with evidence, which needs no weights to learn that memory is quicker", () => {
    const withEvidence = fitOf(scanner(400), defaultRankOptions);
    assert.isAbove(withEvidence.accuracy, fitOf(scanner(400), unmeasured).accuracy + 0.3);
    assert.isFalse(tune(scanner(400), fractions(1)).after.accuracy < withEvidence.accuracy - 0.05);
  });

  it("has no opinion of decisions that were none", () => {
    const nobody = scanner(40).map((decision) => ({ ...decision, restMs: Infinity, socketMs: Infinity }));
    assert.isNaN(fitOf(nobody, defaultRankOptions).accuracy);
    assert.isFalse(tune(nobody, fractions(1)).isBetter);
    assert.isFalse(tune([], fractions(1)).isBetter);
  });
});
