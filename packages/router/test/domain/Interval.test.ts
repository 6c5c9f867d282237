/** Windows of every interval against the calendar, in three time zones of the process. */
import { execFileSync } from "node:child_process";
import { assert, describe, it } from "@effect/vitest";
import { Result, Schema } from "effect";
import { type Interval, intervals, nextWindowStart, parseInterval, windowStart } from "../../src/domain/Interval.ts";

const seconds: Partial<Record<Interval, number>> = {
  "1s": 1,
  "1m": 60,
  "3m": 180,
  "5m": 300,
  "10m": 600,
  "15m": 900,
  "30m": 1_800,
  "1h": 3_600,
  "4h": 14_400,
};

/** The judge: fields of a UTC date set back one by one. */
const calendarStart = (interval: Interval, timeMs: number): Date => {
  const date = new Date(timeMs);
  const length = seconds[interval];
  if (length !== undefined) {
    const sinceMidnight = (date.getUTCHours() * 60 + date.getUTCMinutes()) * 60 + date.getUTCSeconds();
    date.setUTCHours(0, 0, 0, 0);
    date.setUTCSeconds(Math.floor(sinceMidnight / length) * length);
    return date;
  }
  date.setUTCHours(0, 0, 0, 0);
  if (interval === "1w") date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7));
  if (interval === "1M" || interval === "1y") date.setUTCDate(1);
  if (interval === "1y") date.setUTCMonth(0);
  return date;
};

const calendarNext = (interval: Interval, timeMs: number): Date => {
  const date = calendarStart(interval, timeMs);
  const length = seconds[interval];
  if (length !== undefined) date.setUTCSeconds(date.getUTCSeconds() + length);
  else if (interval === "1d") date.setUTCDate(date.getUTCDate() + 1);
  else if (interval === "1w") date.setUTCDate(date.getUTCDate() + 7);
  else if (interval === "1M") date.setUTCMonth(date.getUTCMonth() + 1);
  else date.setUTCFullYear(date.getUTCFullYear() + 1);
  return date;
};

const instant = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: Date.UTC(2096, 0) }));

describe("windows", () => {
  it.prop(
    "start and end where the UTC calendar says",
    { interval: Schema.Literals(intervals), instant },
    ({ interval, instant }) => {
      const start = windowStart(interval, instant);
      assert.strictEqual(start, calendarStart(interval, instant).getTime());
      assert.strictEqual(nextWindowStart(interval, instant), calendarNext(interval, instant).getTime());
      assert.isAtMost(start, instant);
      assert.isAbove(nextWindowStart(interval, instant), instant);
      assert.strictEqual(windowStart(interval, start), start);
      assert.strictEqual(windowStart(interval, nextWindowStart(interval, instant) - 1), start);
    },
    { arbitrary: { runs: 2_000 } },
  );

  it("follow leap days, the ends of months and the turn of years", () => {
    const iso = (ms: number) => new Date(ms).toISOString().slice(0, 10);
    assert.strictEqual(iso(nextWindowStart("1M", Date.UTC(2024, 1, 29))), "2024-03-01");
    assert.strictEqual(iso(nextWindowStart("1M", Date.UTC(2025, 0, 31))), "2025-02-01");
    assert.strictEqual(iso(nextWindowStart("1y", Date.UTC(2024, 11, 31))), "2025-01-01");
    assert.strictEqual(iso(windowStart("1w", Date.UTC(2026, 0, 4))), "2025-12-29");
    assert.strictEqual(iso(windowStart("1w", Date.UTC(2026, 0, 5))), "2026-01-05");
  });

  it("are the same instants whatever the time zone of the process, and so is a moment without a zone (C11)", () => {
    // A window of every interval on ten years of days, at an odd time of day, and three spellings of one moment.
    const script = `
      const { intervals, windowStart, nextWindowStart } = await import(${JSON.stringify(new URL("../../src/domain/Interval.ts", import.meta.url).href)});
      const { candlesQuestion } = await import(${JSON.stringify(new URL("../../src/ask.ts", import.meta.url).href)});
      const { defaultRouterConfig } = await import(${JSON.stringify(new URL("../../src/RouterConfig.ts", import.meta.url).href)});
      const days = Array.from({ length: 3653 }, (_, day) => Date.UTC(2017, 8, 25) + day * 86400000 + 59_123_456);
      const windows = days.flatMap((ms) => intervals.map((interval) => windowStart(interval, ms) + 3 * nextWindowStart(interval, ms)));
      const moments = ["2026-01-31", "2026-01-31T09:00", "2026-01-31 09:00:00", "2026-01-31T09:00:00+09:00"].map(
        (from) => candlesQuestion("KRW-BTC", "1m", { from }, defaultRouterConfig, Date.UTC(2026, 1, 1)).success.fromMs,
      );
      console.log(JSON.stringify({ offset: new Date(days[0]).getTimezoneOffset(), windows, moments }));`;
    const inZone = (TZ: string): { offset: number; windows: ReadonlyArray<number>; moments: ReadonlyArray<number> } =>
      JSON.parse(
        execFileSync(process.execPath, ["--input-type=module", "-e", script], {
          env: { ...process.env, TZ },
          encoding: "utf8",
          maxBuffer: 2 ** 24,
        }),
      );
    const zones = ["UTC", "Asia/Seoul", "America/New_York"].map(inZone);
    assert.deepStrictEqual(
      zones.map(({ offset }) => offset),
      [0, -540, 240],
    );
    for (const { windows, moments } of zones) {
      assert.deepStrictEqual(moments, [Date.UTC(2026, 0, 31), Date.UTC(2026, 0, 31, 9), Date.UTC(2026, 0, 31, 9), Date.UTC(2026, 0, 31)]);
      assert.strictEqual(windows.length, 3_653 * intervals.length);
      windows.forEach((window, index) => {
        const interval = intervals[index % intervals.length] ?? "1m";
        const ms = Date.UTC(2017, 8, 25) + Math.floor(index / intervals.length) * 86_400_000 + 59_123_456;
        assert.strictEqual(window, calendarStart(interval, ms).getTime() + 3 * calendarNext(interval, ms).getTime());
      });
    }
  });
});

describe("parseInterval", () => {
  it("reads every interval as itself, and the other spellings", () => {
    for (const interval of intervals) assert.deepStrictEqual(parseInterval(interval), Result.succeed(interval));
    const spellings = { "60m": "1h", "240m": "4h", "24h": "1d", "7d": "1w", "1mo": "1M", "12M": "1y" } as const;
    for (const [text, interval] of Object.entries(spellings)) assert.deepStrictEqual(parseInterval(text), Result.succeed(interval));
  });

  it("keeps a minute and a month apart", () => {
    assert.deepStrictEqual(parseInterval("1m"), Result.succeed("1m"));
    assert.deepStrictEqual(parseInterval("1M"), Result.succeed("1M"));
  });

  it("names the interval it refuses and all there are, before any network use (R002-14)", () => {
    const refused = parseInterval("2m");
    assert(Result.isFailure(refused));
    assert.strictEqual(refused.failure._tag, "InvalidRequest");
    assert.strictEqual(refused.failure.field, "interval");
    assert.strictEqual(refused.failure.input, "2m");
    for (const interval of intervals) assert.include(refused.failure.message, interval);
  });

  it.each([
    ["1H", "did you mean 1h?"],
    ["1D", "did you mean 1d?"],
    ["5M", "did you mean 5m?"],
    ["60M", "did you mean 1h?"],
    ["2m", undefined],
    ["", undefined],
    ["minute", undefined],
    ["toString", undefined],
  ])("hints at what %j may mean", (text, hint) => {
    const refused = parseInterval(text);
    assert(Result.isFailure(refused));
    assert.strictEqual(refused.failure.hint, hint);
  });
});
