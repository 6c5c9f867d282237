/**
 * The exchange's date and time texts. All are UTC unless a field's name ends in `_kst`, and none says so in the text; so they are read by
 * their digits, never by a parser that would fall back on the process's own time zone. Impossible dates (`2026-02-30`) are refused.
 */

const datePattern = /^(\d{4})-(\d{2})-(\d{2})$/;
const timePattern = /^(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d$/;

/** Whether the text is a real date since 1970, `yyyy-MM-dd`. */
export const isDate = (text: string): boolean => {
  const match = datePattern.exec(text);
  if (match === null) return false;
  const year = Number(match[1]);
  const month = Number(match[2]);
  const day = Number(match[3]);
  return year >= 1970 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
};

/** Whether the text is a time of day, `HH:mm:ss`. */
export const isTimeOfDay = (text: string): boolean => timePattern.test(text);

/** `yyyy-MM-ddTHH:mm:ss` in UTC as epoch milliseconds; `undefined` for anything else. */
export const parseUtc = (text: string): number | undefined => {
  if (text.length !== 19 || text[10] !== "T" || !isDate(text.slice(0, 10)) || !isTimeOfDay(text.slice(11))) return undefined;
  const part = (from: number, to: number): number => Number(text.slice(from, to));
  return Date.UTC(part(0, 4), part(5, 7) - 1, part(8, 10), part(11, 13), part(14, 16), part(17, 19));
};

/** Epoch milliseconds as `yyyy-MM-ddTHH:mm:ss`; fractions of a second are cut. */
export const formatUtc = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 19);

const daysIn = (year: number, month: number): number => {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
};
