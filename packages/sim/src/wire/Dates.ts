/** Dates and times as the wire writes them, and the two inputs it reads: a candle's `to` and the time of day of a trades query. All UTC but `_kst`. */

/** Korea is nine hours ahead and has no summer time. */
export const kstOffsetMs = 9 * 3_600_000;

const dayMs = 86_400_000;
/** The day last written: rows and frames of one day come by the thousand. */
let lastDay = { day: Number.NaN, text: "" };
const twoDigits: ReadonlyArray<string> = Array.from({ length: 60 }, (_, i) => String(i).padStart(2, "0"));

/** `yyyy-MM-ddTHH:mm:ss` */
export const isoSeconds = (ms: number): string => `${isoDate(ms)}T${timeOfDay(ms)}`;
/** `yyyy-MM-dd` */
export const isoDate = (ms: number): string => {
  const day = Math.floor(ms / dayMs);
  if (day !== lastDay.day) lastDay = { day, text: new Date(ms).toISOString().slice(0, 10) };
  return lastDay.text;
};
/** `HH:mm:ss` */
export const timeOfDay = (ms: number): string => {
  const seconds = Math.floor((ms - Math.floor(ms / dayMs) * dayMs) / 1_000);
  const minutes = Math.floor(seconds / 60);
  return `${twoDigits[Math.floor(minutes / 60)]}:${twoDigits[minutes % 60]}:${twoDigits[seconds % 60]}`;
};
/** `yyyyMMdd` */
export const compactDate = (ms: number): string => isoDate(ms).replaceAll("-", "");
/** `HHmmss` */
export const compactTime = (ms: number): string => timeOfDay(ms).replaceAll(":", "");

/**
 * A candle's `to`: with `Z`, an offset, or nothing, which means the exchange's own zone; whole seconds only. `undefined` when it cannot be
 * read. A fraction of zeros is a whole second too: ccxt writes every `to` so.
 */
export const parseTo = (text: string, zoneOffsetMs = 0): number | undefined => {
  const match = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.0{1,9})?(Z|[+-]\d{2}:\d{2})?$/.exec(text);
  if (match === null) return undefined;
  const ms = Date.parse(`${match[1]}T${match[2]}${match[3] ?? "Z"}`) - (match[3] === undefined ? zoneOffsetMs : 0);
  const shown = Date.parse(`${match[1]}T${match[2]}Z`);
  // Date.parse rolls 31 February over; the wire does not.
  return Number.isNaN(ms) || isoSeconds(shown) !== `${match[1]}T${match[2]}` ? undefined : ms;
};

/** `HHmmss` or `HH:mm:ss` as milliseconds since midnight. */
export const parseTimeOfDay = (text: string): number | undefined => {
  const match = /^(\d{2}):?(\d{2}):?(\d{2})$/.exec(text);
  if (match === null) return undefined;
  const [hours, minutes, seconds] = [Number(match[1]), Number(match[2]), Number(match[3])];
  return hours > 23 || minutes > 59 || seconds > 59 ? undefined : ((hours * 60 + minutes) * 60 + seconds) * 1000;
};
