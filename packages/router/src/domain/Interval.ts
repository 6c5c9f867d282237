/**
 * Candle intervals and their windows. `1m` is a minute and `1M` a month: the only pair that differs by case, so nothing here folds case.
 * Windows are UTC: a day starts at 00:00 UTC (09:00 in Korea), a week on Monday.
 */
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import { InvalidRequest } from "../errors/MarketDataError.ts";

export const intervals = ["1s", "1m", "3m", "5m", "10m", "15m", "30m", "1h", "4h", "1d", "1w", "1M", "1y"] as const;
export const Interval = Schema.Literals(intervals);
export type Interval = typeof Interval.Type;

const aliases: ReadonlyMap<string, Interval> = new Map([
  ["60m", "1h"],
  ["240m", "4h"],
  ["24h", "1d"],
  ["7d", "1w"],
  ["1mo", "1M"],
  ["12M", "1y"],
]);

const second = 1_000;
const minute = 60 * second;
const day = 24 * 60 * minute;
/** 1970-01-05, a Monday. */
const firstMonday = 4 * day;

/** Milliseconds of the intervals that are all equally long. */
const fixedLength: ReadonlyMap<Interval, number> = new Map([
  ["1s", second],
  ["1m", minute],
  ["3m", 3 * minute],
  ["5m", 5 * minute],
  ["10m", 10 * minute],
  ["15m", 15 * minute],
  ["30m", 30 * minute],
  ["1h", 60 * minute],
  ["4h", 240 * minute],
  ["1d", day],
]);

/** Reads an interval or one of its other spellings (`60m`, `240m`, `1mo`). */
export const parseInterval = (input: string): Result.Result<Interval, InvalidRequest> => {
  const known = aliases.get(input) ?? intervals.find((interval) => interval === input);
  if (known !== undefined) return Result.succeed(known);
  const folded = aliases.get(input.toLowerCase()) ?? intervals.find((interval) => interval === input.toLowerCase());
  return Result.fail(
    new InvalidRequest({
      field: "interval",
      input: input.slice(0, 60),
      reason: `is not a candle interval; there are ${intervals.join(", ")}`,
      ...(folded === undefined ? {} : { hint: `did you mean ${folded}?` }),
    }),
  );
};

/** Start of the window that holds `timeMs`, epoch milliseconds. */
export const windowStart = (interval: Interval, timeMs: number): number => {
  const length = fixedLength.get(interval);
  if (length !== undefined) return Math.floor(timeMs / length) * length;
  if (interval === "1w") return Math.floor((timeMs - firstMonday) / (7 * day)) * 7 * day + firstMonday;
  const date = new Date(timeMs);
  return interval === "1M" ? Date.UTC(date.getUTCFullYear(), date.getUTCMonth()) : Date.UTC(date.getUTCFullYear(), 0);
};

/** Start of the window after the one that holds `timeMs`. Months and years keep their calendar length. */
export const nextWindowStart = (interval: Interval, timeMs: number): number => {
  const start = windowStart(interval, timeMs);
  const length = fixedLength.get(interval) ?? (interval === "1w" ? 7 * day : undefined);
  if (length !== undefined) return start + length;
  const date = new Date(start);
  return interval === "1M" ? Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1) : Date.UTC(date.getUTCFullYear() + 1, 0);
};
