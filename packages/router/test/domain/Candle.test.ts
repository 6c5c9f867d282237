/** A candle's fields, and when it counts as closed. */
import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import { Candle, candleStateAt, closeMarginMs } from "../../src/domain/Candle.ts";
import { candle } from "../samples.ts";

describe("Candle", () => {
  it("has market, interval, four prices, volume, value, both times and a state, all of them required (R004-38)", () => {
    const whole = candle(60_000);
    assert.deepStrictEqual(Object.keys(whole).sort(), [
      "close",
      "high",
      "interval",
      "lastTradeTimeMs",
      "low",
      "market",
      "open",
      "openTimeMs",
      "state",
      "value",
      "volume",
    ]);
    assert.deepStrictEqual(Schema.decodeUnknownSync(Candle)(whole), whole);
    for (const field of Object.keys(whole)) {
      const { [field]: _gone, ...rest } = whole as Record<string, unknown>;
      assert.throws(() => Schema.decodeUnknownSync(Candle)(rest), new RegExp(`Missing key[^]*\\["${field}"\\]`));
    }
    assert.throws(() => Schema.decodeUnknownSync(Candle)({ ...whole, state: "maybe" }));
  });

  it("is closed once the exchange's clock is past its end by the margin, and not a millisecond before", () => {
    const open = Date.UTC(2026, 0, 31);
    assert.strictEqual(candleStateAt("1m", open, open + 60_000 + closeMarginMs - 1), "forming");
    assert.strictEqual(candleStateAt("1m", open, open + 60_000 + closeMarginMs), "closed");
    const january = Date.UTC(2026, 0);
    assert.strictEqual(candleStateAt("1M", january, Date.UTC(2026, 1) + closeMarginMs - 1), "forming");
    assert.strictEqual(candleStateAt("1M", january, Date.UTC(2026, 1) + closeMarginMs), "closed");
  });
});
