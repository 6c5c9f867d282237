/** When callers are expected together, and when they are not any more. */
import { assert, describe, it } from "@effect/vitest";
import { Crowd } from "../../src/tiers/Crowd.ts";

/** What is expected after lists of these sizes, each answered before the next begins; 0: somebody came while the one before was on its way. */
const wholeAfter = (...sizes: ReadonlyArray<number>): number => {
  const crowd = new Crowd();
  for (const [at, size] of sizes.entries()) {
    if (size === 0) crowd.begun();
    else crowd.sent(size);
    if (sizes[at + 1] !== 0) crowd.back();
  }
  assert.isFalse(crowd.isOnTheWay);
  return crowd.begun();
};

const unknown = Number.POSITIVE_INFINITY;

describe("Crowd", () => {
  it("expects as many callers as the last two lists had", () => {
    assert.strictEqual(wholeAfter(), unknown);
    assert.strictEqual(wholeAfter(16), unknown);
    assert.strictEqual(wholeAfter(16, 16), 16);
    assert.strictEqual(wholeAfter(3, 16, 16, 16), 16);
    assert.strictEqual(wholeAfter(16, 16, 3), unknown);
  });

  it("never expects a lone caller to stay alone", () => {
    assert.strictEqual(wholeAfter(1, 1, 1, 1), unknown);
  });

  it("forgets what it knew when somebody comes beside a list", () => {
    assert.strictEqual(wholeAfter(4, 4, 4, 0), unknown);
    assert.strictEqual(wholeAfter(4, 4, 4, 0, 4), unknown);
    assert.strictEqual(wholeAfter(4, 4, 4, 0, 4, 4), 4);
  });
});
