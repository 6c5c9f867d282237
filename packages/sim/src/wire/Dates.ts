/** Dates and times as the wire writes them, and the two inputs it reads: a candle's `to` and the time of day of a trades query. All UTC but `_kst`. */

/** Korea is nine hours ahead and has no summer time. */
export const kstOffsetMs = 9 * 3_600_000;

/** `yyyy-MM-ddTHH:mm:ss` */
export const isoSeconds = (ms: number): string => new Date(ms).toISOString().slice(0, 19);
/** `yyyy-MM-dd` */
export const isoDate = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
/** `HH:mm:ss` */
export const timeOfDay = (ms: number): string => new Date(ms).toISOString().slice(11, 19);
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
