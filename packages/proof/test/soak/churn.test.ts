/** The short form of `pnpm proof churn`. */
import { assert, describe, it } from "@effect/vitest";
import { churn } from "../../src/soak/churn.ts";
import { failuresOf } from "../../src/soak/Figures.ts";

describe("questions, streams and links that come and go", () => {
  it("leave no heap, fiber, timer or socket behind (R001-29)", { timeout: 60_000 }, async () => {
    assert.deepStrictEqual(failuresOf(await churn({ questions: 400, cycles: 400, reconnects: 60 }, () => {})), []);
  });
});
