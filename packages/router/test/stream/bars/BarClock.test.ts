/** The exchange's clock as trades show it, and the grace that their lateness asks for. */
import { assert, describe, it } from "@effect/vitest";
import { BarClock } from "../../../src/stream/bars/BarClock.ts";

const clockAt = (wallMs: number) => new BarClock({ wallMs, nowMs: 0, leastGraceMs: 20, mostGraceMs: 250 });

describe("the exchange's clock", () => {
  it("is that of the beginning's wall clock until a trade shows it, and is not called known before", () => {
    const clock = clockAt(1_000_000);
    assert.deepStrictEqual([clock.isKnown, clock.exchangeMs(500), clock.monotonicMs(1_000_500)], [false, 1_000_500, 500]);
    clock.measure(2_000_000, 1_000);
    assert.deepStrictEqual([clock.isKnown, clock.exchangeMs(1_500), clock.monotonicMs(2_000_500)], [true, 2_000_500, 1_500]);
  });

  it("follows the quickest trade; what goes beyond it is delay, and forgotten when nothing is told any more", () => {
    const clock = clockAt(0);
    clock.measure(100, 130);
    clock.measure(200, 210);
    clock.measure(300, 380);
    assert.deepStrictEqual([clock.exchangeMs(310), clock.excessMs(380), clock.excessMs(20_000)], [300, 70, 0]);
  });

  it("asks for a grace as long as trades were late in the last minute, within its bounds", () => {
    const clock = clockAt(0);
    assert.strictEqual(clock.graceMs, 20);
    clock.measure(100, 110);
    clock.measure(200, 290);
    assert.strictEqual(clock.graceMs, 100);
    clock.measure(300, 1_300);
    assert.strictEqual(clock.graceMs, 250);
    clock.measure(60_000, 60_010);
    clock.measure(120_000, 120_010);
    assert.strictEqual(clock.graceMs, 20);
  });

  it("does not believe a trade from the future before others say the same", () => {
    const clock = clockAt(0);
    clock.measure(100, 110);
    clock.measure(60_200, 210);
    assert.strictEqual(clock.exchangeMs(210), 200);
    clock.measure(60_300, 310);
    clock.measure(60_400, 410);
    assert.strictEqual(clock.exchangeMs(410), 60_400);
  });
});
