import { assert, describe, it } from "@effect/vitest";
import { catchPlanted } from "../../src/world/planted/catchPlanted.ts";
import { plantedBugs } from "../../src/world/planted/plantedBugs.ts";
import { runWorld } from "../../src/world/World.ts";

describe("a planted bug", () => {
  it("is one of ten", () => {
    assert.strictEqual(new Set(plantedBugs.map(({ name }) => name)).size, 10);
  });

  for (const bug of plantedBugs) {
    it(`${bug.name} is caught by the invariant named beforehand: ${bug.caughtBy}`, async () => {
      const caught = await catchPlanted(bug, { from: 1, seeds: 2_000 });
      assert.isDefined(caught);
    }, 120_000);
  }

  it("is gone again after its world", async () => {
    const before = await runWorld(2);
    for (const bug of plantedBugs) bug.plant().undo?.();
    assert.strictEqual((await runWorld(2)).hash, before.hash);
  });
});
