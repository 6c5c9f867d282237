/** Full jitter: the range of every wait, its spread, and no overflow. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Random } from "effect";
import { delayMs, reconnectBackoff, retryBackoff } from "../../src/transport/Backoff.ts";

describe("Backoff", () => {
  it("doubles the ceiling with every failure up to the cap", () => {
    const ceilings = Array.from({ length: 9 }, (_, failures) => delayMs(reconnectBackoff, failures, 1));
    assert.deepStrictEqual(ceilings, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    assert.deepStrictEqual([delayMs(retryBackoff, 0, 1), delayMs(retryBackoff, 1, 1), delayMs(retryBackoff, 9, 1)], [100, 200, 2_000]);
  });

  it("draws the first reconnect from nothing to half a second", () => {
    assert.deepStrictEqual(
      [0, 0.5, 0.999].map((random01) => delayMs(reconnectBackoff, 0, random01)),
      [0, 250, 499.5],
    );
  });

  it("stays at the cap for any number of failures", () => {
    for (const failures of [64, 1_023, 1_024, 1e9]) {
      assert.strictEqual(delayMs(reconnectBackoff, failures, 0.5), 15_000);
      assert.strictEqual(delayMs(reconnectBackoff, failures, 0), 0);
    }
  });

  it("spreads ten thousand waits evenly between nothing and the ceiling, whatever the seed (D13)", () => {
    for (const [backoff, failures] of [
      [retryBackoff, 0],
      [retryBackoff, 6],
      [reconnectBackoff, 0],
      [reconnectBackoff, 9],
    ] as const) {
      const cap = delayMs(backoff, failures, 1);
      const waits = Effect.runSync(
        Effect.replicateEffect(
          Effect.map(Random.next, (random01) => delayMs(backoff, failures, random01)),
          10_000,
        ).pipe(Random.withSeed(`waits to ${cap}`)),
      ).toSorted((a, b) => a - b);
      // Kolmogorov and Smirnov: the greatest distance between what was drawn and an even spread; 1.628 / √n is p = 0.01.
      const distance = Math.max(...waits.map((wait, i) => Math.max((i + 1) / waits.length - wait / cap, wait / cap - i / waits.length)));
      assert.isBelow(distance, 1.628 / Math.sqrt(waits.length), `to ${cap} ms`);
      const bins = Array.from({ length: 20 }, (_, i) => waits.filter((wait) => Math.floor((wait / cap) * 20) === i).length);
      assert.isBelow(Math.max(...bins), 1.5 * (waits.length / bins.length), `to ${cap} ms`);
    }
  });
});
