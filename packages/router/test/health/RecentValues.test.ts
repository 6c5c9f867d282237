import { assert, describe, it } from "@effect/vitest";
import { RecentValues } from "../../src/health/RecentValues.ts";

const filled = (capacity: number, values: ReadonlyArray<number>) => {
  const recent = new RecentValues(capacity);
  for (const value of values) recent.add(value);
  return recent;
};

describe("recent values", () => {
  it("are the last so many, oldest first, while count and sum are of all", () => {
    const recent = filled(3, [1, 2, 3, 4, 5]);
    assert.deepStrictEqual(recent.recent, [3, 4, 5]);
    assert.deepStrictEqual([recent.last, recent.mean, recent.count, recent.sum, recent.min, recent.max], [5, 4, 5, 15, 1, 5]);
    recent.add(6);
    assert.deepStrictEqual(recent.recent, [4, 5, 6]);
  });

  it("have no mean and no percentile before the first, and the one value for all of them after it", () => {
    const recent = filled(3, []);
    assert.deepStrictEqual([recent.last, recent.mean, ...recent.percentiles([0.5, 0.95])], [null, null, null, null]);
    recent.add(-7);
    assert.deepStrictEqual([recent.last, recent.mean, ...recent.percentiles([0.5, 0.95])], [-7, -7, -7, -7]);
  });

  it("give percentiles by nearest rank, in whatever order they came", () => {
    const shuffled = Array.from({ length: 100 }, (_, i) => ((i * 37) % 100) + 1);
    assert.deepStrictEqual(filled(100, shuffled).percentiles([0.5, 0.95, 1]), [50, 95, 100]);
  });
});
