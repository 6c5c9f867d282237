/**
 * Candle intervals by their names on the socket (`candle.60m` is an hour) and their windows: a week begins on Monday, a month and a year with
 * the calendar. Times are UTC; an exchange whose days begin earlier is given its offset from UTC, and everything from four hours up is shifted.
 */
export const candleUnits = ["1s", "1m", "3m", "5m", "10m", "15m", "30m", "60m", "240m", "1d", "1w", "1M", "1y"] as const;
export type CandleUnit = (typeof candleUnits)[number];

/** Those the socket can stream. */
export const streamedUnits: ReadonlyArray<CandleUnit> = ["1s", "1m", "3m", "5m", "10m", "15m", "30m", "60m", "240m"];

const dayMs = 86_400_000;
/** 1970-01-05, a Monday. */
const firstMonday = 4 * dayMs;

/** Length of the windows that are all equally long. */
export const lengthOf = (unit: CandleUnit): number | undefined => {
  if (unit === "1s") return 1_000;
  if (unit === "1d") return dayMs;
  if (unit === "1w") return 7 * dayMs;
  return unit.endsWith("m") ? Number(unit.slice(0, -1)) * 60_000 : undefined;
};

/** The start of the window that `ms` lies in. */
export const windowStart = (unit: CandleUnit, ms: number, zoneOffsetMs = 0): number => localStart(unit, ms + zoneOffsetMs) - zoneOffsetMs;

/** The end of the window that begins at `startMs`; the next one's start. */
export const windowEnd = (unit: CandleUnit, startMs: number, zoneOffsetMs = 0): number => {
  const length = lengthOf(unit);
  if (length !== undefined) return startMs + length;
  const date = new Date(startMs + zoneOffsetMs);
  const end = unit === "1M" ? Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) : Date.UTC(date.getUTCFullYear() + 1, 0, 1);
  return end - zoneOffsetMs;
};

const localStart = (unit: CandleUnit, ms: number): number => {
  const length = lengthOf(unit);
  if (length === undefined) {
    const date = new Date(ms);
    return Date.UTC(date.getUTCFullYear(), unit === "1M" ? date.getUTCMonth() : 0, 1);
  }
  const phase = unit === "1w" ? firstMonday : 0;
  return Math.floor((ms - phase) / length) * length + phase;
};
