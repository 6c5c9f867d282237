import { assert, describe, it } from "@effect/vitest";
import { HealPace } from "../../src/stream/HealPace.ts";

describe("the pace of healing", () => {
  it("is at most half of a group's limit over two windows, of which four fifths go at once", () => {
    const pace = new HealPace({ trade: { limit: 10, windowMs: 1_000 }, candle: { limit: 1, windowMs: 500 } });
    const starts = Array.from({ length: 22 }, () => pace.reserve("trade", 0));
    const times = (count: number, ms: number) => Array.from({ length: count }, () => ms);
    assert.deepStrictEqual(starts, [...times(8, 0), ...times(2, 1_000), ...times(8, 2_000), ...times(2, 3_000), ...times(2, 4_000)]);
    assert.deepStrictEqual(
      Array.from({ length: 8 }, () => pace.reserve("trade", 4_500)),
      [...times(6, 4_500), ...times(2, 5_000)],
    );
    assert.deepStrictEqual([pace.reserve("candle", 0), pace.reserve("candle", 0)], [0, 1_000]);
  });

  it("leaves room for reads in every window, however many pages wait", () => {
    const pace = new HealPace({ trade: { limit: 10, windowMs: 1_000 } });
    const starts = Array.from({ length: 1_000 }, (_, i) => pace.reserve("trade", i * 7));
    const most = (windowMs: number) => Math.max(...starts.map((from) => starts.filter((at) => at >= from && at < from + windowMs).length));
    assert.deepStrictEqual([most(1_000), most(2_000), most(20_000)], [8, 10, 100]);
  });

  it("of a group that the table does not name is that of ten requests a second", () => {
    const pace = new HealPace({});
    const starts = Array.from({ length: 9 }, () => pace.reserve("x", 0));
    assert.deepStrictEqual([starts.at(7), starts.at(8), pace.reserve("y", 10)], [0, 1_000, 10]);
  });
});
