/** The short form of `pnpm proof churn`. */
import { assert, describe, it } from "@effect/vitest";
import { churn } from "../../src/soak/churn.ts";
import { failuresOf } from "../../src/soak/Figures.ts";

describe("streams and links that come and go", () => {
  it("leave no heap, fiber, timer or socket behind", { timeout: 60_000 }, async () => {
    assert.deepStrictEqual(failuresOf(await churn({ cycles: 400, reconnects: 60 }, () => {})), []);
  });
});
