/** Five minutes of outcomes in sixty slots: against a plain list of everything that was added. */
import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import { OutcomeWindow, windowMs } from "../../src/health/OutcomeWindow.ts";

const Added = Schema.Struct({
  waitMs: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 40_000 })),
  ok: Schema.Boolean,
  durationMs: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 20_000 })),
});

const slotMs = 5_000;

describe("a window of outcomes", () => {
  it.prop(
    "counts what a list would count, to the granularity of a slot, and never says a percentile is lower than it is",
    {
      added: Schema.Array(Added).check(Schema.isMaxLength(200)),
      startMs: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1e9 })),
    },
    ({ added, startMs }) => {
      const window = new OutcomeWindow();
      const list: Array<{ readonly atMs: number; readonly ok: boolean; readonly durationMs: number }> = [];
      let nowMs = startMs;
      for (const { waitMs, ok, durationMs } of added) {
        nowMs += waitMs;
        window.add(nowMs, ok, durationMs);
        list.push({ atMs: nowMs, ok, durationMs });
      }
      const from = (Math.floor(nowMs / slotMs) - windowMs / slotMs + 1) * slotMs;
      const within = list.filter(({ atMs }) => atMs >= from);
      const found = window.summary(nowMs);
      const failures = within.filter(({ ok }) => !ok).length;
      assert.deepStrictEqual([found.samples, found.failures], [within.length, failures]);
      if (within.length > 0) assert.approximately(found.successRate ?? -1, 1 - failures / within.length, 1e-9);
      const times = within.flatMap(({ ok, durationMs }) => (ok ? [durationMs] : [])).toSorted((a, b) => a - b);
      const p95 = times[Math.ceil(times.length * 0.95) - 1];
      if (p95 === undefined) assert.isNull(found.p95Ms);
      else {
        assert.isAtLeast(found.p95Ms ?? 0, p95);
        // The bound that alerts ask about is exact.
        assert.strictEqual((found.p95Ms ?? 0) > 1_000, p95 > 1_000);
      }
    },
  );

  it("forgets what is older than five minutes, of rates and of times, also after a long silence, and looks back less when asked (R004-53)", () => {
    const window = new OutcomeWindow();
    for (let i = 0; i < 30; i++) window.add(0, false);
    window.add(200_000, true, 10);
    assert.deepStrictEqual(window.summary(200_000), { samples: 31, failures: 30, successRate: 1 / 31, p50Ms: 10, p95Ms: 10 });
    assert.deepStrictEqual(window.summary(200_000, 60_000).samples, 1);
    assert.strictEqual(window.summary(300_000).samples, 1);
    assert.deepStrictEqual(window.summary(10_000_000), { samples: 0, failures: 0, successRate: null, p50Ms: null, p95Ms: null });
    window.add(10_000_000, false);
    assert.strictEqual(window.summary(10_000_000).samples, 1);
    // As it slides on, what was slow and failed leaves, and only what is recent is told.
    const sliding = new OutcomeWindow();
    for (let at = 0; at < windowMs; at += 1_000) sliding.add(at, at % 2_000 === 0, 2_000);
    for (let at = windowMs; at < windowMs * 1.5; at += 1_000) sliding.add(at, true, 10);
    assert.deepStrictEqual(sliding.summary(windowMs * 1.5 - 1_000), {
      samples: 300,
      failures: 75,
      successRate: 0.75,
      p50Ms: 10,
      p95Ms: 2_000,
    });
    for (let at = windowMs * 1.5; at < windowMs * 2; at += 1_000) sliding.add(at, true, 10);
    assert.deepStrictEqual(sliding.summary(windowMs * 2 - 1_000), { samples: 300, failures: 0, successRate: 1, p50Ms: 10, p95Ms: 10 });
  });
});
