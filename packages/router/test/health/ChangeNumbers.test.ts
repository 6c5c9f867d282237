/** Changes of the subscription: what is a duration, what counts as good, and what happens at the bounds. */
import { assert, describe, it } from "@effect/vitest";
import { ChangeNumbers } from "../../src/health/ChangeNumbers.ts";
import type { KeyId } from "../../src/domain/StreamKey.ts";

const id = (name: string) => name as KeyId;
const btc = id("ticker:KRW-BTC");
const eth = id("ticker:KRW-ETH");
const numbers = () => new ChangeNumbers({ limit: 3 });

describe("changes of the subscription", () => {
  it("last from the wish to the first element, so that a path that brings nothing has no duration (R003-27, R003-36)", () => {
    const changes = numbers();
    changes.started(btc, "swap", 1_000);
    changes.started(eth, "swap", 1_000);
    assert.deepStrictEqual(changes.toMetrics().recentMs, []);
    assert.strictEqual(changes.toMetrics().averageMs, null);
    changes.done(btc, 1_180);
    assert.deepStrictEqual([changes.toMetrics().recentMs, changes.toMetrics().open], [[180], 1]);
    // Every later element of the key is no change.
    changes.done(btc, 1_500);
    assert.deepStrictEqual(changes.toMetrics().recentMs, [180]);
    assert.deepStrictEqual(changes.modes.swap.buckets, [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    assert.strictEqual(changes.modes.swap.sumMs, 180);
  });

  it("are averaged over the last ten that completed, exactly (R003-30)", () => {
    const changes = numbers();
    for (let i = 1; i <= 13; i++) {
      changes.started(btc, "swap", 0);
      changes.done(btc, i * 100);
      changes.started(eth, "swap", 0);
      changes.failed(eth);
    }
    const { recentMs, averageMs } = changes.toMetrics();
    assert.deepStrictEqual(recentMs, [400, 500, 600, 700, 800, 900, 1_000, 1_100, 1_200, 1_300]);
    assert.strictEqual(averageMs, 850);
  });

  it("are counted apart for a swap on the open link and for a link opened anew, with their rates of success (R003-25, R003-28)", () => {
    const changes = numbers();
    for (const [mode, good, bad] of [
      ["swap", 9, 1],
      ["full", 1, 3],
    ] as const) {
      for (let i = 0; i < good + bad; i++) {
        changes.started(btc, mode, 0);
        if (i < good) changes.done(btc, 10);
        else changes.failed(btc);
      }
    }
    const { swap, full } = changes.toMetrics();
    assert.deepStrictEqual(swap, { completed: 9, failed: 1, withdrawn: 0, successRate: 0.9 });
    assert.deepStrictEqual(full, { completed: 1, failed: 3, withdrawn: 0, successRate: 0.25 });
  });

  it("that go on in the other mode have failed in the first, and last from the first wish", () => {
    const changes = numbers();
    changes.started(btc, "swap", 0);
    changes.started(btc, "swap", 400);
    changes.started(btc, "full", 500);
    changes.done(btc, 900);
    const { swap, full, recentMs } = changes.toMetrics();
    assert.deepStrictEqual([swap.failed, full.completed, recentMs], [1, 1, [900]]);
  });

  it("that nobody wants any more count neither way; at the bound the oldest is given up so", () => {
    const changes = numbers();
    changes.started(btc, "swap", 0);
    changes.withdrawn(btc);
    changes.withdrawn(btc);
    assert.isFalse(changes.failed(btc));
    for (const name of ["a", "b", "c", "d"]) changes.started(id(name), "swap", 0);
    changes.done(id("a"), 10);
    changes.done(id("d"), 10);
    assert.deepStrictEqual(changes.toMetrics().swap, { completed: 1, failed: 0, withdrawn: 2, successRate: 1 });
    assert.strictEqual(changes.toMetrics().open, 2);
  });
});
