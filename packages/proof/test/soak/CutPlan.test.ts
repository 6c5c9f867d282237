import { assert, describe, it } from "@effect/vitest";
import { drawCuts } from "../../src/soak/cuts/CutPlan.ts";
import { Chance } from "../../src/world/engine/Chance.ts";

const plan = { count: 50, spanMs: 300_000, ways: ["reset", "half-open", "freeze"], silentMs: [4_000, 5_000] } as const;
const cuts = drawCuts(plan, new Chance(50));

describe("the plan of cuts", () => {
  it("is the same for a seed, and another for another", () => {
    assert.deepStrictEqual(drawCuts(plan, new Chance(50)), cuts);
    assert.notDeepEqual(drawCuts(plan, new Chance(51)), cuts);
  });

  it("has each way once in every three, in order, within the span", () => {
    assert.strictEqual(cuts.length, 50);
    for (let i = 0; i + 3 <= cuts.length; i += 3) assert.strictEqual(new Set(cuts.slice(i, i + 3).map(({ way }) => way)).size, 3);
    assert.deepStrictEqual(
      cuts.map(({ atMs }) => atMs),
      cuts.map(({ atMs }) => atMs).toSorted((a, b) => a - b),
    );
    assert.isBelow(cuts.at(-1)?.atMs ?? Infinity, plan.spanMs);
  });

  it("makes every silent cut as long as it was told, and no cut longer than five seconds", () => {
    for (const { way, forMs } of cuts) {
      assert.isAtMost(forMs, 5_000);
      if (way !== "reset") assert.isAtLeast(forMs, 4_000);
    }
  });
});
