/**
 * The exchange's date and time texts. All are UTC unless a field's name ends in `_kst`, and none says so in the text; so they are read by
 * their digits, never by a parser that would fall back on the process's own time zone. Impossible dates (`2026-02-30`) are refused.
 */

/** Whether the text is a real date since 1970, `yyyy-MM-dd`. */
export const isDate = (text: string): boolean =>
  text.length === 10 && text[4] === "-" && text[7] === "-" && isDay(yearAt(text, 0), twoDigits(text, 5), twoDigits(text, 8));

/** The same of `yyyyMMdd`. */
export const isCompactDate = (text: string): boolean => text.length === 8 && isDay(yearAt(text, 0), twoDigits(text, 4), twoDigits(text, 6));

/** Whether the text is a time of day, `HH:mm:ss`. */
export const isTimeOfDay = (text: string): boolean => text.length === 8 && isTimeAt(text, 0);

/** The same of `HHmmss`. */
export const isCompactTime = (text: string): boolean =>
  text.length === 6 && isTime(twoDigits(text, 0), twoDigits(text, 2), twoDigits(text, 4));

/** `yyyy-MM-ddTHH:mm:ss` in UTC as epoch milliseconds; `undefined` for anything else. */
export const parseUtc = (text: string): number | undefined => {
  if (text.length !== 19 || text[4] !== "-" || text[7] !== "-" || text[10] !== "T" || !isTimeAt(text, 11)) return undefined;
  const year = yearAt(text, 0);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  if (!isDay(year, month, day)) return undefined;
  return Date.UTC(year, month - 1, day, twoDigits(text, 11), twoDigits(text, 14), twoDigits(text, 17));
};

/** Epoch milliseconds as `yyyy-MM-ddTHH:mm:ss`; fractions of a second are cut. */
export const formatUtc = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 19);

const daysIn = (year: number, month: number): number => {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
};

/** `HH:mm:ss` from `at` on. */
const isTimeAt = (text: string, at: number): boolean =>
  text[at + 2] === ":" && text[at + 5] === ":" && isTime(twoDigits(text, at), twoDigits(text, at + 3), twoDigits(text, at + 6));

const isTime = (hours: number, minutes: number, seconds: number): boolean =>
  hours >= 0 && hours <= 23 && minutes >= 0 && minutes <= 59 && seconds >= 0 && seconds <= 59;

/** Whether there is such a day, since 1970. */
export const isDay = (year: number, month: number, day: number): boolean =>
  year >= 1970 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);

const yearAt = (text: string, at: number): number => {
  const century = twoDigits(text, at);
  const year = twoDigits(text, at + 2);
  return century < 0 || year < 0 ? -1 : century * 100 + year;
};

/** The number of two digits, -1 for anything else. */
const twoDigits = (text: string, at: number): number => {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1;
};
