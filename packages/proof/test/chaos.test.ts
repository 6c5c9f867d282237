/** The short form of `pnpm proof chaos`: three days of trouble. */
import { assert, describe, it } from "@effect/vitest";
import { chaos } from "../src/chaos/fullRun.ts";
import { failuresOf } from "../src/soak/Figures.ts";

describe("days of trouble", () => {
  it("leave 999 of 1,000 questions answered fresh in time, the first within 2 s of a loss, and no label untrue (R004-70, R002-50)", async () => {
    assert.deepStrictEqual(failuresOf(await chaos({ seeds: 3, hours: 24 }, () => {})), []);
  }, 300_000);
});
