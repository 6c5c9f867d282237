import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import type { Kind } from "../../src/domain/Question.ts";
import { LagMeter } from "../../src/stream/LagMeter.ts";

/** The exchange's clock is far from ours: only its difference may count. */
const exchangeStartMs = 1_700_000_000_000;

/** A frame made at `madeMs` of our clock, as the exchange's clock names it. */
const measure = (meter: LagMeter, madeMs: number, nowMs: number, link = 0, kind: Kind = "ticker"): number =>
  meter.measure(link, kind, exchangeStartMs + madeMs, nowMs);

/** A meter that has seen a prompt feed for a while: 80 ms on the way, every 100 ms until `untilMs`. */
const prompt = (untilMs: number): LagMeter => {
  const meter = new LagMeter();
  for (let nowMs = 0; nowMs <= untilMs; nowMs += 100) assert.strictEqual(measure(meter, nowMs - 80, nowMs), 0);
  return meter;
};

describe("how late frames are", () => {
  it("is what goes beyond the ordinary way, whatever the two clocks say", () => {
    const meter = prompt(1_000);
    assert.strictEqual(measure(meter, 1_020, 1_150), 50);
    assert.strictEqual(meter.excessMs(0, "ticker", 1_150), 50);
    assert.strictEqual(measure(meter, 1_120, 1_200), 0);
  });

  it("is known for ten seconds after the last frame that told it", () => {
    const meter = prompt(1_000);
    assert.strictEqual(measure(meter, 1_000, 11_080), 10_000);
    assert.strictEqual(meter.excessMs(0, "ticker", 21_080), 10_000);
    assert.strictEqual(meter.excessMs(0, "ticker", 21_081), 0);
  });

  it("of a kind that has told nothing for ten seconds is that of the latest beside it", () => {
    const meter = prompt(1_000);
    measure(meter, 13_000, 16_080, 0, "trades");
    measure(meter, 16_020, 16_100, 1, "trades");
    assert.deepStrictEqual([meter.excessMs(0, "ticker", 16_100), meter.excessMs(1, "ticker", 16_100)], [3_000, 0]);
  });

  it("takes a lasting delay for the ordinary way only after a minute has seen nothing better", () => {
    const meter = prompt(29_900);
    let lastMs = 0;
    for (let nowMs = 30_000; nowMs <= 120_000; nowMs += 100) if (measure(meter, nowMs - 5_080, nowMs) > 0) lastMs = nowMs;
    assert.isAtLeast(lastMs, 29_900 + 30_000);
    assert.isAtMost(lastMs, 29_900 + 60_100);
  });

  it("is not made by one frame whose time is wrong, but by a clock that has moved", () => {
    const meter = prompt(1_000);
    // Made an hour ahead of everything else: without doubt of it every frame after would be an hour late.
    assert.strictEqual(measure(meter, 3_600_000, 1_100), 0);
    assert.strictEqual(measure(meter, 1_120, 1_200), 0);
    measure(meter, 3_600_000, 1_300);
    measure(meter, 3_600_100, 1_400);
    assert.strictEqual(measure(meter, 3_600_200, 1_500), 0);
    assert.strictEqual(measure(meter, 3_600_200, 1_600), 100);
  });

  it("is known by link and by kind: a prompt feed says nothing of the one beside it", () => {
    const meter = prompt(1_000);
    measure(meter, 1_000, 4_080, 0, "orderbook");
    measure(meter, 4_020, 4_100, 1, "ticker");
    assert.deepStrictEqual(
      [meter.excessMs(0, "orderbook", 4_100), meter.excessMs(0, "ticker", 4_100), meter.excessMs(1, "ticker", 4_100)],
      [3_000, 0, 0],
    );
    // Candles are not measured, so nothing better is known of them than the worst of their link.
    assert.deepStrictEqual([meter.excessMs(0, "candles", 4_100), meter.excessMs(1, "candles", 4_100)], [3_000, 0]);
    assert.strictEqual(meter.worstMs(4_100), 3_000);
  });

  it("is nothing where nothing was measured", () => {
    const meter = new LagMeter();
    assert.deepStrictEqual([meter.excessMs(0, "candles", 5), meter.worstMs(5)], [0, 0]);
  });

  it.prop(
    "is never less than the delay that a frame has beyond the quickest of the last half minute, and never more than its whole delay",
    { delays: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_900 }))).check(Schema.isMaxLength(100)) },
    ({ delays }) => {
      const meter = new LagMeter();
      delays.forEach((delay, at) => {
        const excess = measure(meter, at * 700, at * 700 + delay);
        const recent = delays.slice(0, at + 1).filter((other, when) => at * 700 + delay - (when * 700 + other) < 30_000);
        assert.isAtLeast(excess, delay - Math.min(...recent));
        assert.isAtMost(excess, delay);
      });
    },
    { arbitrary: { runs: 200 } },
  );
});
