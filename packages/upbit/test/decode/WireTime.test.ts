/** The exchange's dates and times, read by their digits. */
import { assert, describe, it } from "@effect/vitest";
import { formatUtc, isDate, isTimeOfDay, parseUtc } from "../../src/decode/WireTime.ts";

describe("wire time", () => {
  it("every day from 1970 to 2100 is a date and reads as its UTC midnight; the day after each month's last is none", () => {
    const end = Date.UTC(2101, 0);
    for (let day = 0; day < end; day += 86_400_000) {
      const text = new Date(day).toISOString();
      assert.isTrue(isDate(text.slice(0, 10)), text);
      assert.strictEqual(parseUtc(text.slice(0, 19)), day);
      if (new Date(day + 86_400_000).getUTCDate() === 1) {
        const next = `${text.slice(0, 8)}${Number(text.slice(8, 10)) + 1}`;
        assert.isFalse(isDate(next), next);
      }
    }
  });

  it("a written time reads back, and other texts are refused", () => {
    for (const time of [0, 999_999_000, Date.UTC(2026, 6, 30, 23, 59, 59)]) assert.strictEqual(parseUtc(formatUtc(time)), time);
    const texts = [
      "",
      "2026-07-30",
      "2026-07-30 07:46:00",
      "2026-07-30T07:46:00Z",
      "2026-07-30T07:46",
      "0099-01-01T00:00:00",
      "2026-00-01T00:00:00",
      "2026-07-30T07:60:00",
    ];
    for (const text of texts) assert.strictEqual(parseUtc(text), undefined, text);
    assert.deepStrictEqual(["00:00:00", "23:59:59", "24:00:00", "9:00:00", "09:00"].map(isTimeOfDay), [true, true, false, false, false]);
  });
});
