/** How processes divide a limit: whole requests, none lost and none too many. */
import { assert, describe, it } from "@effect/vitest";
import { apportioned, atRate, rateOf } from "../../src/limits/LimitTable.ts";

describe("a share of a limit", () => {
  it("gives the parts of any limit exactly the limit together, none more than one request above another", () => {
    for (let limit = 1; limit <= 30; limit++) {
      for (let of = 1; of <= limit; of++) {
        const parts = Array.from({ length: of }, (_, i) => apportioned({ limit, windowMs: 1_000 }, { part: i + 1, of }));
        assert.strictEqual(
          parts.reduce((sum, part) => sum + part.limit, 0),
          limit,
        );
        assert.isTrue(parts.every((part) => part.windowMs === 1_000));
        assert.isAtMost(Math.max(...parts.map((part) => part.limit)) - Math.min(...parts.map((part) => part.limit)), 1);
      }
    }
    assert.deepStrictEqual(
      [1, 2, 3].map((part) => apportioned({ limit: 10, windowMs: 1_000 }, { part, of: 3 }).limit),
      [3, 3, 4],
    );
  });

  it("makes a part of less than one request one in a longer window", () => {
    const parts = [1, 2, 3].map((part) => apportioned({ limit: 2, windowMs: 1_000 }, { part, of: 3 }));
    assert.deepStrictEqual(parts, [
      { limit: 1, windowMs: 3_000 },
      { limit: 1, windowMs: 1_000 },
      { limit: 1, windowMs: 1_000 },
    ]);
    assert.strictEqual(rateOf({ limit: 2, windowMs: 1_000 }, { limit: 1, windowMs: 3_000 }), 1 / 3);
  });

  it("keeps a broken rate on average, with no more than the next whole number in a window", () => {
    assert.deepStrictEqual(atRate({ limit: 10, windowMs: 1_000 }, 2.5), { limit: 3, windowMs: 1_200 });
    assert.deepStrictEqual(atRate({ limit: 10, windowMs: 1_000 }, 0.5), { limit: 1, windowMs: 2_000 });
    assert.deepStrictEqual(atRate({ limit: 10, windowMs: 1_000 }, 10), { limit: 10, windowMs: 1_000 });
  });
});
