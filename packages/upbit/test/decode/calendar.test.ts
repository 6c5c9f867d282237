/** Moments at which calendars and clocks like to stumble: leap seconds and days, ends of years, the ends of 32 bits, the beginning of time. */
import { assert, it } from "@effect/vitest";
import { intervals, nextWindowStart, windowStart } from "@naru/router/domain/Interval";
import { formatUtc, parseUtc } from "../../src/decode/WireTime.ts";

const moments = [
  "1970-01-01T00:00:00",
  "1972-07-01T00:00:00", // after the first leap second
  "1999-12-31T23:59:59",
  "2000-02-29T00:00:00", // a leap year that most centuries are not
  "2000-03-01T00:00:00",
  "2016-12-31T23:59:59", // before the last leap second
  "2017-01-01T00:00:00",
  "2024-02-29T23:59:59",
  "2024-12-30T00:00:00", // a week that belongs to the next year
  "2025-12-31T14:59:59", // the year's end in Korea
  "2025-12-31T15:00:00",
  "2026-01-01T00:00:00",
  "2026-03-29T01:00:00", // clocks go forward in Europe; here they do not
  "2038-01-19T03:14:07", // the end of 32 bits with a sign
  "2038-01-19T03:14:08",
  "2100-02-28T23:59:59", // no leap year
  "2100-03-01T00:00:00",
  "2106-02-07T06:28:15", // the end of 32 bits without one
  "2106-02-07T06:28:16",
  "9999-12-31T23:59:58",
];

it("a boundary of the calendar is a moment like any other: read, written, and in one window of each interval (I09)", () => {
  for (const text of moments) {
    const atMs = parseUtc(text) ?? assert.fail(text);
    assert.strictEqual(formatUtc(atMs), text);
    for (const ms of [atMs - 1_000, atMs - 1, atMs, atMs + 1, atMs + 999]) {
      if (ms < 0) continue;
      // A second of the wire is all of that second.
      assert.strictEqual(parseUtc(formatUtc(ms)), ms - (ms % 1_000), text);
      for (const interval of intervals) {
        const start = windowStart(interval, ms);
        const next = nextWindowStart(interval, ms);
        const where = `${interval} at ${new Date(ms).toISOString()}`;
        assert.isTrue(start <= ms && ms < next, where);
        assert.deepStrictEqual(
          [windowStart(interval, start), windowStart(interval, next - 1), windowStart(interval, next)],
          [start, start, next],
          where,
        );
        assert.isFalse(Object.is(start, -0) || Object.is(next, -0), where);
      }
    }
  }
  // Leap seconds are not on the exchange's clock, and days that are not are no days.
  for (const text of ["2016-12-31T23:59:60", "2025-02-29T00:00:00", "2100-02-29T00:00:00", "2026-01-01T24:00:00", "1969-12-31T23:59:59"])
    assert.isUndefined(parseUtc(text), text);
  assert.isTrue(Object.is(parseUtc("1970-01-01T00:00:00"), 0));
});
