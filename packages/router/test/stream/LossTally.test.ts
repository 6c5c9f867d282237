import { assert, it } from "@effect/vitest";
import { LossTally } from "../../src/stream/LossTally.ts";

it("more than one trade in 10,000 missing is worth a warning, once in ten minutes", () => {
  const tally = new LossTally();
  assert.isUndefined(tally.add(10_000, 0, 0));
  assert.isUndefined(tally.add(10_000, 2, 1_000));
  assert.deepStrictEqual(tally.add(100, 1, 2_000), { audited: 20_100, missing: 3 });
  assert.isUndefined(tally.add(100, 50, 599_999));
  // The counts begin anew: what was warned of is not warned of again.
  assert.isUndefined(tally.add(100, 0, 700_000));
  assert.deepStrictEqual(tally.add(100, 1, 700_001), { audited: 200, missing: 1 });
});
