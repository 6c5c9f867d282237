import { assert, describe, it } from "vitest";
import { aggregate, type ShadowRecord } from "../../src/shadow/records.ts";

const record = (given: Partial<ShadowRecord>): ShadowRecord => ({
  ...{ kind: "ticker", market: "KRW-BTC", tier: "hot_cache", channel: "websocket", verdict: "equal" },
  ...{ quickerMs: 20, newerMs: 0, refuted: false, atMs: 0 },
  ...given,
});

describe("what comparisons come to", () => {
  it("is told by tier and channel: how many of each verdict, and the medians of those that were answered twice", () => {
    assert.deepStrictEqual(aggregate([]), []);
    const none = { equal: 0, different: 0, moved: 0, behind: 0, failed: 0 };
    const seen = aggregate([
      record({ quickerMs: 10 }),
      record({ quickerMs: 30, newerMs: 400, verdict: "moved" }),
      record({ tier: "cold_rest", channel: "rest", verdict: "behind", quickerMs: -5, newerMs: -40 }),
      record({ quickerMs: 90, newerMs: 800, verdict: "moved" }),
      record({ quickerMs: 2_000, newerMs: 0, verdict: "failed" }),
      record({ channel: "rest", verdict: "failed" }),
    ]);
    assert.deepStrictEqual(seen, [
      { tier: "hot_cache", channel: "websocket", verdicts: { ...none, equal: 1, moved: 2, failed: 1 }, quickerMs: 30, newerMs: 400 },
      { tier: "cold_rest", channel: "rest", verdicts: { ...none, behind: 1 }, quickerMs: -5, newerMs: -40 },
      { tier: "hot_cache", channel: "rest", verdicts: { ...none, failed: 1 }, quickerMs: null, newerMs: null },
    ]);
  });
});
