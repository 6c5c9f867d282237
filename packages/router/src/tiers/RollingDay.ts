/**
 * The highest and lowest price of the last 24 hours, of one market. A ticker brings those of its own day, which begins at midnight UTC; what is missing
 * lies in the day before, between this moment 24 hours ago and that midnight, and never changes any more. It is read once: candles of an hour for its
 * whole hours, candles of a minute for the hour in which it begins. So nothing has to be kept current, no feed can have a hole that matters, and a ticker
 * costs two look-ups and two comparisons. Plain state, no clock and no network.
 */
import { type Candle, closeMarginMs } from "../domain/Candle.ts";
import type { Decimal } from "../domain/Decimal.ts";
import { type Interval, nextWindowStart, windowStart } from "../domain/Interval.ts";
import type { Ticker } from "../domain/Ticker.ts";

export interface Extremes {
  readonly high: Decimal;
  readonly low: Decimal;
}

/** Candles that are needed, all of them in one request. */
export interface Reading {
  readonly interval: Extract<Interval, "1m" | "1h">;
  readonly fromMs: number;
  readonly toMs: number;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** Minutes are read for so many hours at once: as many as one request brings. */
const hoursAtOnce = 3;

/** From the window that starts here to the end of its hour, or of the day; null where nobody traded. */
type Onward = ReadonlyMap<number, Extremes | null>;

export class RollingDay {
  /** The midnight before which all of it lies. */
  readonly midnightMs: number;
  /** By the start of each hour that is known: the extremes from there to midnight. */
  #hours: Onward = new Map();
  /** By the start of each minute that is known: the extremes from there to the end of its hour. */
  #minutes: Onward = new Map();

  /** `atMs`: any moment of the day that begins at the midnight. */
  constructor(atMs: number) {
    this.midnightMs = midnightOf(atMs);
  }

  /** What has to be read before {@link figures} can answer at this moment of the day. */
  missing(atMs: number): ReadonlyArray<Reading> {
    // A trade of yesterday's last moments may still be booked.
    if (atMs < this.midnightMs + closeMarginMs) return [];
    const fromMs = beginning(atMs);
    const hourStart = windowStart("1h", fromMs);
    const readings: Array<Reading> = [];
    if (!this.#minutes.has(fromMs))
      readings.push({ interval: "1m", fromMs: hourStart, toMs: Math.min(this.midnightMs, hourStart + hoursAtOnce * hourMs) });
    const next = hourStart + hourMs;
    if (next < this.midnightMs && !this.#hours.has(next)) readings.push({ interval: "1h", fromMs: next, toMs: this.midnightMs });
    return readings;
  }

  /** All candles of what was read, in any order. Such as are not final are not taken. */
  take({ interval, fromMs, toMs }: Reading, rows: ReadonlyArray<Candle>): void {
    if (rows.some(({ state }) => state === "forming")) return;
    if (interval === "1h") this.#hours = onward(interval, fromMs, toMs, rows);
    else
      for (let atMs = fromMs; atMs < toMs; atMs += hourMs)
        this.#minutes = new Map([...this.#minutes, ...onward(interval, atMs, atMs + hourMs, rows)]);
  }

  /** Of the 24 hours before a moment of this day, by a ticker that was current then; undefined where not all is known, or nobody traded. */
  figures(ticker: Ticker, atMs: number): Extremes | undefined {
    if (midnightOf(atMs) !== this.midnightMs) return undefined;
    const fromMs = beginning(atMs);
    const next = nextWindowStart("1h", fromMs);
    const edge = this.#minutes.get(fromMs);
    const rest = next < this.midnightMs ? this.#hours.get(next) : null;
    if (edge === undefined || rest === undefined) return undefined;
    // The day of a ticker whose last trade lies before midnight is over, and its figures are those of that day.
    const hasTraded = ticker.tradeTimeMs >= this.midnightMs;
    const { dayHigh: high, dayLow: low } = ticker;
    if (hasTraded && (high === undefined || low === undefined)) return undefined;
    const today = hasTraded && high !== undefined && low !== undefined ? { high, low } : null;
    return both(both(edge, rest), today) ?? undefined;
  }
}

/** The midnight UTC at or before a moment. */
export const midnightOf = (atMs: number): number => Math.floor(atMs / dayMs) * dayMs;

/** The start of the minute that was 24 hours ago. */
const beginning = (atMs: number): number => windowStart("1m", atMs - dayMs);

/** From the last window back: the extremes from each to the end. */
const onward = (interval: Interval, fromMs: number, toMs: number, rows: ReadonlyArray<Candle>): Onward => {
  const byTime = new Map(rows.map((row) => [row.openTimeMs, row]));
  const lengthMs = nextWindowStart(interval, fromMs) - fromMs;
  const found = new Map<number, Extremes | null>();
  let extremes: Extremes | null = null;
  for (let openMs = toMs - lengthMs; openMs >= fromMs; openMs -= lengthMs) {
    extremes = both(extremes, byTime.get(openMs) ?? null);
    found.set(openMs, extremes);
  }
  return found;
};

const both = (a: Extremes | null, b: Extremes | null): Extremes | null => {
  if (a === null || b === null) return a ?? (b === null ? null : { high: b.high, low: b.low });
  return { high: a.high.compare(b.high) >= 0 ? a.high : b.high, low: a.low.compare(b.low) <= 0 ? a.low : b.low };
};
