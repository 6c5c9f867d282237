import { assert, describe, it } from "@effect/vitest";
import { MessageRate } from "../../src/health/MessageRate.ts";

const start = 5_000;

/** A message every so many milliseconds, from the start up to a moment. */
const told = (everyMs: number, untilMs: number) => {
  const rate = new MessageRate(start);
  for (let atMs = start; atMs < untilMs; atMs += everyMs) rate.count(atMs);
  return rate;
};

describe("the rate of messages", () => {
  it("is the count of the last ten seconds divided by the time it covers", () => {
    assert.strictEqual(told(100, start + 60_000).perSecond(start + 60_000), 90 / 9);
    assert.strictEqual(told(100, start + 59_500).perSecond(start + 59_500), 95 / 9.5);
  });

  it("divides by the time there was while it is young, by one second at least", () => {
    assert.strictEqual(told(100, start + 4_000).perSecond(start + 4_000), 10);
    const one = new MessageRate(start);
    one.count(start);
    assert.strictEqual(one.perSecond(start), 1);
    assert.strictEqual(one.perSecond(start + 2_000), 0.5);
  });

  it("falls while nothing comes, and is nothing after ten seconds, however long that was", () => {
    const rate = told(100, start + 60_000);
    assert.strictEqual(rate.perSecond(start + 65_000), 40 / 9);
    assert.strictEqual(rate.perSecond(start + 69_000), 0);
    assert.strictEqual(rate.perSecond(start + 10_000_000), 0);
    rate.count(start + 10_000_000);
    assert.strictEqual(rate.perSecond(start + 10_000_500), 1 / 9.5);
  });
});
