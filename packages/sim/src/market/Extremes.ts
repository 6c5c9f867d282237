/**
 * The highest and lowest price of the last 52 weeks, which are today and the 364 UTC days before it: exact, and found without making the trades
 * of a year. The path of a market bounds its trades over days, quarters of days, and so on down to minutes; only the few stretches whose bound
 * could beat what is found already are looked into.
 */
import { dayMs, type MarketTape } from "./MarketTape.ts";
import { stretches } from "./PricePath.ts";
import { MinuteBuffer, makeMinute } from "./SeededMinute.ts";

export interface Extreme {
  readonly price: number;
  /** Start of the UTC day; the first one of several. */
  readonly dayMs: number;
}

export interface Extremes {
  readonly highest: Extreme;
  readonly lowest: Extreme;
}

/** The extremes of the 364 days before `today` (days since 1970). `undefined` when there was no trade. */
export const pastExtremes = (tape: MarketTape, today: number): Extremes | undefined => {
  const known = remembered.get(tape);
  if (known !== undefined && known.today === today && known.openedMs === tape.openedMs) return known.extremes;
  const highest = search(tape, today, 1);
  const lowest = search(tape, today, -1);
  const extremes = highest === undefined || lowest === undefined ? undefined : { highest, lowest };
  remembered.set(tape, { today, openedMs: tape.openedMs, extremes });
  return extremes;
};

/** The last answer for each tape: it changes once a day, and when a market is listed anew. */
const remembered = new WeakMap<
  MarketTape,
  { readonly today: number; readonly openedMs: number; readonly extremes: Extremes | undefined }
>();

/** 1 looks for the highest price, -1 for the lowest. */
type Sign = 1 | -1;

const dayMinutes = 1_440;
/** In markets with fewer trades a minute, looking whether a minute has any is cheaper than its bound. */
const busyRate = 2;
/** Used within one call only. */
const buffer = new MinuteBuffer();

const search = (tape: MarketTape, today: number, sign: Sign): Extreme | undefined => {
  const days: Array<{ readonly day: number; readonly bound: number }> = [];
  for (let day = Math.max(today - 364, Math.floor(tape.openedMs / dayMs)); day < today; day++)
    days.push({ day, bound: tape.isUntouched(day) ? sign * tape.path.bound(0, day * dayMinutes, sign) : Infinity });
  let best: { readonly value: number; readonly day: number } | undefined;
  for (const { day, bound } of days.toSorted((a, b) => b.bound - a.bound || a.day - b.day)) {
    if (best !== undefined && bound < best.value) break;
    const value = bound === Infinity ? folded(tape, day, sign) : inStretch(tape, 0, day * dayMinutes, sign, best?.value ?? -Infinity);
    if (value === undefined || value === -Infinity) continue;
    if (best === undefined || value > best.value || (value === best.value && day < best.day)) best = { value, day };
  }
  return best === undefined ? undefined : { price: sign * best.value, dayMs: best.day * dayMs };
};

const folded = (tape: MarketTape, day: number, sign: Sign): number | undefined => {
  const fold = tape.dayFold(day);
  return fold === undefined ? undefined : sign === 1 ? fold.high : -fold.low;
};

/** The best price of a stretch times `sign`, when that is at least `floor`; else anything below. */
const inStretch = (tape: MarketTape, level: number, from: number, sign: Sign, floor: number): number => {
  const [length, inner] = [stretches[level] ?? 1, stretches[level + 1]];
  if (inner === undefined) return inMinute(tape, from, sign);
  if (inner === 1 && tape.spec.rate < busyRate) {
    let best = -Infinity;
    for (let minute = from; minute < from + length; minute++) best = Math.max(best, inMinute(tape, minute, sign));
    return best;
  }
  const parts: Array<{ readonly at: number; readonly bound: number }> = [];
  for (let at = from; at < from + length; at += inner) parts.push({ at, bound: sign * tape.path.bound(level + 1, at, sign) });
  let best = -Infinity;
  for (const { at, bound } of parts.toSorted((a, b) => b.bound - a.bound)) {
    if (bound < Math.max(best, floor)) break;
    best = Math.max(best, inStretch(tape, level + 1, at, sign, Math.max(best, floor)));
  }
  return best;
};

const inMinute = (tape: MarketTape, minute: number, sign: Sign): number => {
  makeMinute(tape.path, minute, buffer);
  let best = -Infinity;
  for (let i = 0; i < buffer.count; i++) best = Math.max(best, sign * (buffer.price[i] ?? 0));
  return best;
};
