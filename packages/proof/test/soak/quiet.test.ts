/** The short form of `pnpm proof quiet`. */
import { assert, describe, it } from "@effect/vitest";
import { failuresOf } from "../../src/soak/Figures.ts";
import { quiet, silence } from "../../src/soak/quiet.ts";

const minuteMs = 60_000;
const unsaid = () => {};

describe("a link without faults", () => {
  it(
    "is never given up nor called old, in an hour of a quiet market and three minutes of busy ones (R003-56)",
    { timeout: 60_000 },
    async () => {
      assert.deepStrictEqual(failuresOf(await quiet({ quietMs: 60 * minuteMs, busyMs: 3 * minuteMs }, unsaid)), []);
    },
  );

  it("is found out within 15.5 s when it falls silent while its market is quiet (R-06)", async () => {
    assert.deepStrictEqual(failuresOf(await silence({ links: 10 }, unsaid)), []);
  });
});
