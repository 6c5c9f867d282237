/**
 * The exchange's date and time texts. All are UTC unless a field's name ends in `_kst`, and none says so in the text; so they are read by
 * their digits, never by a parser that would fall back on the process's own time zone. Impossible dates (`2026-02-30`) are refused.
 */

const dateTime = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})$/;

/** `yyyy-MM-ddTHH:mm:ss` in UTC as epoch milliseconds; `undefined` for anything else. */
export const parseUtc = (text: string): number | undefined => {
  const match = dateTime.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match.map(Number);
  const time = Date.UTC(year ?? 0, (month ?? 0) - 1, day, hour, minute, second);
  return formatUtc(time) === text ? time : undefined;
};

/** Epoch milliseconds as `yyyy-MM-ddTHH:mm:ss`; fractions of a second are cut. */
export const formatUtc = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 19);

/** Whether the text is a real date, `yyyy-MM-dd`. */
export const isDate = (text: string): boolean => parseUtc(`${text}T00:00:00`) !== undefined;

/** Whether the text is a time of day, `HH:mm:ss`. */
export const isTimeOfDay = (text: string): boolean => parseUtc(`2000-01-01T${text}`) !== undefined;
