import { assert, describe, it } from "@effect/vitest";
import { Decimal } from "@naru/router/domain/Decimal";
import { counted, duration, grouped, percent, rough } from "../../src/render/numbers.ts";
import { kst, kstMillis } from "../../src/render/time.ts";

describe("numbers for people", () => {
  it("groups the whole part by thousands and keeps every digit after the point", () => {
    assert.deepStrictEqual(
      ["1234000", "999", "-1234.5", "0.00001234", "12345678901234567890.12345678", "1000"].map((token) => grouped(Decimal.of(token))),
      ["1,234,000", "999", "-1,234.5", "0.00001234", "12,345,678,901,234,567,890.12345678", "1,000"],
    );
  });

  it("signs a percentage, and gives what rounds to nothing no sign", () => {
    assert.deepStrictEqual([1.234, -0.5, 0.001, -0.001, 12].map(percent), ["+1.23 %", "-0.50 %", "0.00 %", "0.00 %", "+12.00 %"]);
  });

  it("cuts a large turnover to whole units and leaves a small one exact", () => {
    assert.deepStrictEqual(
      ["430076192.22713", "0.00012345", "-1500.5"].map((token) => rough(Decimal.of(token))),
      ["430,076,192", "0.00012345", "-1,500"],
    );
  });

  it("gives a length of time the unit that fits, never rounding an age down to a younger unit's end", () => {
    assert.deepStrictEqual([0.25, 3.4, 999, 1_950, 59_999, 60_000, 3_600_000, 90_000_000].map(duration), [
      "0.25 ms",
      "3 ms",
      "999 ms",
      "1.9 s",
      "59.9 s",
      "1 min",
      "1 h",
      "1 d",
    ]);
  });

  it("counts with a plural", () => {
    assert.deepStrictEqual(
      [0, 1, 1_500].map((count) => counted(count, "request")),
      ["0 requests", "1 request", "1,500 requests"],
    );
  });

  it("shows times in Korea's zone, over midnight too", () => {
    const at = Date.UTC(2026, 0, 5, 15, 4, 5, 67);
    assert.deepStrictEqual([kst(at), kstMillis(at)], ["2026-01-06 00:04:05", "2026-01-06 00:04:05.067"]);
  });
});
