import { assert, describe, it } from "@effect/vitest";
import { catchPlanted } from "../../src/world/planted/catchPlanted.ts";
import { plantedBugs } from "../../src/world/planted/plantedBugs.ts";
import { runWorld } from "../../src/world/World.ts";

/** Where a bug that shows in few worlds was caught lately: the search begins there, and goes on for as long as it must. `pnpm sim --planted` begins at 1. */
const nearby: Readonly<Record<string, number>> = {
  "label-off": 65,
  "gap-hidden": 245,
  "out-of-order": 95,
  "retry-past-deadline": 220,
  "subscription-lost": 50,
};

describe("a planted bug", () => {
  it("is one of ten", () => {
    assert.strictEqual(new Set(plantedBugs.map(({ name }) => name)).size, 10);
  });

  for (const bug of plantedBugs) {
    it(`${bug.name} is caught by the invariant named beforehand: ${bug.caughtBy}`, async () => {
      const caught = await catchPlanted(bug, { from: nearby[bug.name] ?? 1, seeds: 2_000 });
      assert.isDefined(caught);
    }, 120_000);
  }

  it("is gone again after its world", async () => {
    const before = await runWorld(2);
    for (const bug of plantedBugs) bug.plant().undo?.();
    assert.strictEqual((await runWorld(2)).hash, before.hash);
  });
});
