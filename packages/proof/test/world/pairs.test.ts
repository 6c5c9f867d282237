/** The short form of `pnpm proof pairs`. */
import { assert, describe, it } from "@effect/vitest";
import { failuresOf } from "../../src/soak/Figures.ts";
import { allPairs, pairedVerbs, pairPlan, pairs } from "../../src/world/pairs.ts";
import { endMs, faultVerbs } from "../../src/world/PlannedFault.ts";

describe("two faults at once", () => {
  it("are every pair of twenty that worlds know, and overlap wherever both end in time", () => {
    assert.strictEqual(new Set(pairedVerbs).size, 20);
    for (const verb of pairedVerbs) assert.include(faultVerbs, verb);
    assert.strictEqual(new Set(allPairs.map((pair) => pair.toSorted().join())).size, 190);
    for (const [index, pair] of allPairs.entries()) {
      const { faults } = pairPlan(index, pair);
      assert.deepStrictEqual(faults.map(({ fault }) => fault.verb).sort(), pair.toSorted());
      assert.isAtMost(Math.max(...faults.map(endMs)), 28_000);
      const [one, other] = faults;
      assert.isTrue(one !== undefined && other !== undefined && other.atMs <= endMs(one), pair.join());
    }
  });

  it("break no invariant, and everything is normal a minute after the last has ended (I10)", { timeout: 60_000 }, async () => {
    const chosen = allPairs.filter((_, index) => index % 38 === 5);
    assert.strictEqual(chosen.length, 5);
    assert.deepStrictEqual(failuresOf(await pairs({ pairs: chosen, seeds: 1 }, () => {})), []);
  });
});
