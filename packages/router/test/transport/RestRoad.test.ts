/** What the way of requests asks for, by what was measured of it. */
import { assert, describe, it } from "@effect/vitest";
import { RestRoad } from "../../src/transport/RestRoad.ts";

const mostMs = 10_000;
const roadOf = (...tookMs: ReadonlyArray<number>): RestRoad => {
  const road = new RestRoad();
  for (const ms of tookMs) road.answered(ms);
  return road;
};
const times = (ms: number, count: number): ReadonlyArray<number> => Array.from({ length: count }, () => ms);

describe("the road of requests", () => {
  it("asks for nothing but the policy's limit while little was measured", () => {
    for (const road of [roadOf(), roadOf(40, 40, 40, 40)]) assert.strictEqual(road.decide(mostMs).attemptTimeoutMs, mostMs);
    assert.deepStrictEqual(roadOf().decide(mostMs), { attemptTimeoutMs: mostMs, batchWindowMs: 0, batchMarkets: 300 });
  });

  it("gives an attempt three times as long as nearly all answers took, a second at least, and never more than the policy", () => {
    for (const [ms, timeoutMs] of [
      [40, 1_000],
      [600, 1_800],
      [1_000, 3_000],
      [9_000, mostMs],
    ] as const)
      assert.strictEqual(roadOf(...times(ms, 30)).decide(mostMs).attemptTimeoutMs, timeoutMs, `${ms} ms`);
    // One in ten that is late is usual, and waited for.
    assert.strictEqual(roadOf(...times(100, 45), ...times(800, 5)).decide(mostMs).attemptTimeoutMs, 2_400);
  });

  it("gives the next attempt twice as long after each that was cut off, until an answer comes", () => {
    const road = roadOf(...times(400, 30));
    const limits = [road.decide(mostMs).attemptTimeoutMs];
    for (let i = 0; i < 4; i++) {
      road.lost(true);
      limits.push(road.decide(mostMs).attemptTimeoutMs);
    }
    assert.deepStrictEqual(limits, [1_200, 2_400, 4_800, 9_600, mostMs]);
    road.lost(false);
    road.answered(400);
    assert.strictEqual(road.decide(mostMs).attemptTimeoutMs, 1_200);
  });

  it("follows a road that changes within fifty answers", () => {
    const road = roadOf(...times(1_000, 50), ...times(30, 50));
    assert.strictEqual(road.decide(mostMs).attemptTimeoutMs, 1_000);
  });

  it("gathers callers longer on a long way, and sends smaller lists over one that loses much", () => {
    assert.deepStrictEqual(
      [20, 200, 1_000, 4_000].map((ms) => Math.round(roadOf(...times(ms, 20)).decide(mostMs).batchWindowMs * 10) / 10),
      [0.4, 4, 20, 25],
    );
    const road = roadOf(...times(40, 19));
    road.lost(false);
    assert.strictEqual(road.decide(mostMs).batchMarkets, 300);
    road.lost(false);
    assert.strictEqual(road.decide(mostMs).batchMarkets, 100);
  });

  it("takes no time from a clock that jumped", () => {
    const road = roadOf(...times(40, 10));
    for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY]) road.answered(ms);
    assert.strictEqual(road.decide(mostMs).attemptTimeoutMs, 1_000);
  });
});
