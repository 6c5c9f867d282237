import { assert, describe, it } from "@effect/vitest";
import { HealPace } from "../../src/stream/HealPace.ts";

describe("the pace of healing", () => {
  it("is at most half of a group's limit in any window, after a few pages at once", () => {
    const pace = new HealPace({ trade: { limit: 10, windowMs: 1_000 }, candle: { limit: 1, windowMs: 500 } });
    const starts = Array.from({ length: 12 }, () => pace.reserve("trade", 0));
    assert.deepStrictEqual(starts, [0, 0, 0, 0, 0, 1_000, 1_000, 1_000, 1_000, 1_000, 2_000, 2_000]);
    assert.deepStrictEqual(
      [pace.reserve("trade", 2_500), pace.reserve("trade", 2_600), pace.reserve("trade", 2_700)],
      [2_500, 2_600, 2_700],
    );
    assert.strictEqual(pace.reserve("trade", 2_800), 3_000);
    assert.deepStrictEqual([pace.reserve("candle", 0), pace.reserve("candle", 0)], [0, 500]);
  });

  it("of a group that the table does not name is five pages a second", () => {
    const pace = new HealPace({});
    const starts = Array.from({ length: 6 }, () => pace.reserve("x", 0));
    assert.deepStrictEqual([starts.at(4), starts.at(5), pace.reserve("y", 10)], [0, 1_000, 10]);
  });
});
