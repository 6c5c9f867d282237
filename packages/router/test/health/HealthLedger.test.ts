/** The ledger: what it counts, its percentiles, and its bounds. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import type { Attempt } from "../../src/errors/MarketDataError.ts";
import { Health } from "../../src/health/HealthLedger.ts";

const attempt = (outcome: Attempt["outcome"], durationMs = 0): Attempt => ({
  tier: "cold_rest",
  outcome,
  reason: `it ${outcome}`,
  durationMs,
});

const withLedger = <A, E>(use: (health: Health["Service"]) => Effect.Effect<A, E> | void) =>
  Effect.gen(function* () {
    const health = yield* Health;
    const effect = use(health);
    if (effect !== undefined) yield* effect;
  }).pipe(Effect.provide(Layer.fresh(Health.layer)));

describe("Health", () => {
  it.effect("counts attempts by tier, and takes percentiles of answers alone", () =>
    withLedger((health) => {
      for (let ms = 1; ms <= 100; ms++) health.attempted("ticker", attempt("answered", ms));
      health.attempted("ticker", attempt("failed", 9_000));
      health.attempted("ticker", attempt("missed", 9_000));
      assert.deepStrictEqual(health.tiers(), [
        { tier: "cold_rest", answered: 100, missed: 1, failed: 1, p50Ms: 50, p95Ms: 95, lastFailure: "it failed" },
      ]);
    }),
  );

  it.effect("looks back 200 attempts for percentiles, and forgets no count", () =>
    withLedger((health) => {
      for (let i = 0; i < 1_000; i++) health.attempted("ticker", attempt("answered", 10_000));
      for (let i = 0; i < 200; i++) health.attempted("ticker", attempt("answered", 5));
      const [tier] = health.tiers();
      assert.deepStrictEqual([tier?.answered, tier?.p50Ms, tier?.p95Ms], [1_200, 5, 5]);
    }),
  );

  it.effect("has no percentile before the first answer, and the one answer for both after it", () =>
    withLedger((health) => {
      health.attempted("ticker", attempt("failed"));
      assert.deepStrictEqual([health.tiers()[0]?.p50Ms, health.tiers()[0]?.p95Ms], [null, null]);
      health.attempted("ticker", attempt("answered", 7));
      assert.deepStrictEqual([health.tiers()[0]?.p50Ms, health.tiers()[0]?.p95Ms], [7, 7]);
    }),
  );

  it.effect("keeps the last hundred changes of mode, the newest last", () =>
    withLedger((health) => {
      for (let i = 0; i < 150; i++) health.modeChanged({ from: "normal", to: "degraded", level: 1, atMs: i, reason: "" });
      const modes = health.modes();
      assert.strictEqual(modes.length, 100);
      assert.deepStrictEqual([modes[0]?.atMs, modes.at(-1)?.atMs], [50, 149]);
    }),
  );
});
