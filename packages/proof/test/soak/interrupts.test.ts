/** The short form of `pnpm proof interrupts`. */
import { assert, describe, it } from "@effect/vitest";
import { failuresOf } from "../../src/soak/Figures.ts";
import { interrupts } from "../../src/soak/interrupts.ts";

describe("a client that is interrupted in the middle of connecting, subscribing, reading back or writing", () => {
  it("leaves no fiber, timer, socket or subscription, nor does a caller of one that goes on (E09)", { timeout: 30_000 }, async () => {
    assert.deepStrictEqual(failuresOf(await interrupts({ every: { client: 149, caller: 97 } }, () => {})), []);
  });
});
