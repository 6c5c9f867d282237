/** The averages of RFC 6298, against its own formulas worked by hand. */
import { assert, describe, it } from "@effect/vitest";
import { RttEstimator } from "../../src/transport/RttEstimator.ts";

const after = (samples: ReadonlyArray<number>) => {
  const rtt = new RttEstimator();
  for (const sample of samples) rtt.sample(sample);
  return [rtt.smoothedMs, rtt.varianceMs, rtt.timeoutMs];
};

describe("the estimate of a round trip", () => {
  const table: ReadonlyArray<readonly [string, ReadonlyArray<number>, ReadonlyArray<number | null>]> = [
    ["is nothing before the first trip", [], [null, 0, null]],
    ["is the first trip, half of it its variance", [100], [100, 50, 300]],
    // RTTVAR = 3/4 × 50 + 1/4 × |100 - 180| = 57.5; SRTT = 7/8 × 100 + 1/8 × 180 = 110.
    ["moves an eighth of the way, its variance a quarter", [100, 180], [110, 57.5, 340]],
    ["keeps the old average for the distance, as the order of the two formulas demands", [100, 180, 110], [110, 43.125, 282.5]],
    ["leaves out what is no time", [100, -5, Number.NaN, Number.POSITIVE_INFINITY], [100, 50, 300]],
    ["never waits less than a clock's tick beyond a steady trip", [0, 0], [0, 0, 1]],
  ];
  for (const [title, samples, expected] of table) it(title, () => assert.deepStrictEqual(after(samples), expected));

  it("has found a road that changed within some ten trips, and its timeout covers the way there", () => {
    const steady = Array.from({ length: 50 }, () => 20);
    const [smoothed = 0] = after(steady);
    assert.closeTo(smoothed ?? 0, 20, 1e-9);
    const rtt = new RttEstimator();
    for (const sample of steady) rtt.sample(sample);
    rtt.sample(220);
    assert.isAtLeast(rtt.timeoutMs ?? 0, 220);
    for (let trip = 0; trip < 12; trip++) rtt.sample(220);
    assert.closeTo(rtt.smoothedMs ?? 0, 220, 40);
  });
});
