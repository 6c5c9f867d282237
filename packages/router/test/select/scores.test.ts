/** The published tables of the five-tier score, to the third digit. */
import { assert, describe, it } from "@effect/vitest";
import { tiers } from "../../src/domain/Provenance.ts";
import { type NetworkPolicy, type ScoringContext, tierScores } from "../../src/select/scores.ts";

const scores = (context: ScoringContext, markets: number, realtime: boolean, usage = 0, policy: NetworkPolicy = "balanced") => {
  const all = tierScores({ context, kind: "ticker", markets, realtime, usage, policy });
  return tiers.map((tier) => Math.round(all[tier] * 1_000) / 1_000);
};

describe("tier scores", () => {
  it("gives realtime trading the published numbers at 0.30 usage (R000-07)", () => {
    assert.deepStrictEqual(scores("realtime_trading", 1, true, 0.3), [0.89, 0.794, 0.666, 0.518, 0.382]);
    assert.deepStrictEqual(scores("realtime_trading", 1, true, 0.38, "aggressive"), [0.89, 0.794, 0.666, 0.518, 0.382]);
  });

  it("gives the published numbers in every other context", () => {
    const golden: ReadonlyArray<readonly [ScoringContext, number, boolean, ReadonlyArray<number>]> = [
      ["realtime_trading", 1, true, [0.85, 0.77, 0.63, 0.49, 0.37]],
      ["realtime_trading", 50, false, [0.8, 0.42, 0.68, 0.49, 0.07]],
      ["market_scanning", 1, false, [0.72, 0.52, 0.81, 0.65, 0.41]],
      ["market_scanning", 189, false, [0.72, 0.22, 0.84, 0.383, 0.11]],
      ["monitoring", 1, true, [0.81, 0.73, 0.67, 0.57, 0.41]],
      ["monitoring", 50, false, [0.76, 0.38, 0.72, 0.57, 0.11]],
      ["backtesting", 1, false, [0.52, 0.4, 0.49, 0.77, 0.69]],
      ["backtesting", 189, false, [0.52, 0.1, 0.52, 0.503, 0.39]],
      ["research", 1, false, [0.52, 0.4, 0.49, 0.69, 0.73]],
      ["maintenance", 1, false, [0.6, 0.56, 0.61, 0.57, 0.53]],
    ];
    for (const [context, markets, realtime, expected] of golden) {
      assert.deepStrictEqual(scores(context, markets, realtime), expected, `${context}, ${markets} markets`);
    }
  });

  it("makes tiers that are equal by the formula equal as numbers", () => {
    const all = tierScores({ context: "backtesting", kind: "ticker", markets: 189, realtime: false, usage: 0, policy: "balanced" });
    assert.strictEqual(all.hot_cache, all.batch_snapshot);
  });

  it("stays between 0 and 1 for any usage and number of markets", () => {
    for (const usage of [-1, 0, 0.5, 1, 7]) {
      for (const markets of [1, 20, 700, 100_000]) {
        for (const score of scores("realtime_trading", markets, true, usage)) assert.isTrue(score >= 0 && score <= 1);
      }
    }
  });
});
