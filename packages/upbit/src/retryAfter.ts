/**
 * How long to wait, as far as an answer says so: the `Retry-After` header, and the body of HTTP 418, whose form Upbit does not publish. Dates
 * are measured against the server's own `Date` header, never against our clock, which may be wrong by hours; without that header a date says
 * nothing. Everything here is bounded, and whatever is not understood is `undefined`.
 */

type Headers = Readonly<Record<string, string | undefined>>;

const minRetryMs = 1_000;
const maxRetryMs = 10 * 60_000;
/** The longest ban believed. A longer one is asked about again after a day. */
const maxBlockMs = 24 * 60 * 60_000;
const koreaOffsetMs = 9 * 60 * 60_000;

/** `Retry-After` in seconds or as an HTTP date, brought into 1 s to 10 min; `undefined` when absent or unreadable. */
export const retryAfterMs = (headers: Headers): number | undefined => {
  const text = headers["retry-after"]?.trim();
  if (text === undefined || text === "" || text.length > 60) return undefined;
  if (/^[+-]?\d+(\.\d+)?$/.test(text)) return clamp(Number(text) * 1_000, minRetryMs, maxRetryMs);
  const until = parseHttpDate(text);
  const now = serverTimeMs(headers);
  return until === undefined || now === undefined ? undefined : clamp(until - now, minRetryMs, maxRetryMs);
};

/** The exchange's clock at the answer, epoch milliseconds, by its `Date` header. */
export const serverTimeMs = (headers: Headers): number | undefined => {
  const text = headers["date"]?.trim();
  return text === undefined ? undefined : parseHttpDate(text);
};

/**
 * How long an IP is blocked, by the body of HTTP 418: `30 seconds`, `30초`, `30000ms`, `5분`, a bare number of seconds, or the date it ends.
 * At most a day; `undefined` when nothing of that can be read, or when the end has passed.
 */
export const blockMs = (body: string, headers: Headers): number | undefined => {
  const text = body.slice(0, 2_000);
  const found = durationMs(text) ?? untilMs(text, serverTimeMs(headers));
  return found === undefined || found <= 0 ? undefined : clamp(found, minRetryMs, maxBlockMs);
};

/** Milliseconds by unit. The long names stand first, for `ms` begins like `m`. */
const units: ReadonlyArray<readonly [RegExp, number]> = [
  [/(\d+(?:\.\d+)?)\s*(?:milliseconds?|millis|msecs?|ms\b|밀리초)/i, 1],
  [/(\d+(?:\.\d+)?)\s*(?:seconds?|secs?|s\b|초)/i, 1_000],
  [/(\d+(?:\.\d+)?)\s*(?:minutes?|mins?|분)/i, 60_000],
  [/(\d+(?:\.\d+)?)\s*(?:hours?|hrs?|시간)/i, 60 * 60_000],
];

/** A key that names its own unit or purpose, as in `"retry_after_ms":30000`. */
const keyed = /"[a-z_-]*(?:retry|remain|block|ban|wait|expire)[a-z_-]*"\s*:\s*"?(\d+(?:\.\d+)?)"?\s*[,}]/i;
const keyedMillis = /"[a-z_-]*(?:_ms|millis|milliseconds)"\s*:\s*"?(\d+(?:\.\d+)?)"?\s*[,}]/i;
/** A number that follows a word of waiting, with no unit: seconds. */
const afterWord = /\b(?:for|in|after)\s*:?\s*(\d+(?:\.\d+)?)(?=["'.\s,}]|$)(?!\s*[-:/]\d)/i;

const durationMs = (text: string): number | undefined => {
  let total: number | undefined;
  // A clock time such as 10:02:30s is no duration, so dates are taken out first.
  const plain = text.replace(isoDate, " ").replace(httpDate, " ");
  for (const [pattern, unit] of units) {
    const match = pattern.exec(plain);
    if (match !== null) total = (total ?? 0) + Number(match[1]) * unit;
  }
  if (total !== undefined) return total;
  const millis = keyedMillis.exec(plain);
  if (millis !== null) return Number(millis[1]);
  const seconds = keyed.exec(plain) ?? afterWord.exec(plain) ?? /^\s*"?(\d+(?:\.\d+)?)"?\s*$/.exec(plain);
  // A count of seconds that reaches past a year is an epoch; `untilMs` reads it.
  return seconds === null || Number(seconds[1]) > 366 * 86_400 ? undefined : Number(seconds[1]) * 1_000;
};

const isoDate = /(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:\.\d+)?\s*(Z|UTC|GMT|KST|[+-]\d{2}:?\d{2})?/i;
const httpDate = /(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? [0-9A-Za-z :-]{10,30}(?:GMT|\d{4})/;
const epoch = /(?<!\d)(\d{13}|\d{10})(?!\d)/;

/** Milliseconds to an end that is given as a date or an epoch. */
const untilMs = (text: string, now: number | undefined): number | undefined => {
  if (now === undefined) return undefined;
  const iso = isoDate.exec(text);
  if (iso !== null) return untilIso(iso, now);
  const http = httpDate.exec(text);
  if (http !== null) {
    const until = parseHttpDate(http[0]);
    return until === undefined ? undefined : until - now;
  }
  const stamp = epoch.exec(text)?.[1];
  return stamp === undefined ? undefined : Number(stamp) * (stamp.length === 13 ? 1 : 1_000) - now;
};

const untilIso = (match: RegExpExecArray, now: number): number | undefined => {
  const [, year, month, day, hour, minute, second] = match.map(Number);
  const utc = Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second);
  const zone = match[7]?.toUpperCase();
  if (zone === "Z" || zone === "UTC" || zone === "GMT") return utc - now;
  if (zone === "KST") return utc - koreaOffsetMs - now;
  if (zone !== undefined) {
    const sign = zone.startsWith("-") ? -1 : 1;
    return utc - sign * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2))) * 60_000 - now;
  }
  // Without a zone it is Korean time, unless that has passed already: then it is UTC.
  const korean = utc - koreaOffsetMs - now;
  return korean > 0 ? korean : utc - now;
};

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** The three forms of RFC 9110, all of them UTC: `Wed, 23 Sep 2026 10:00:00 GMT`, `Wednesday, 23-Sep-26 …` and `Wed Sep 23 10:00:00 2026`. */
const parseHttpDate = (text: string): number | undefined => {
  const day = /^[A-Z][a-z]+, (\d{2})[ -]([A-Z][a-z]{2})[ -](\d{2}|\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/.exec(text);
  if (day !== null) return utcOf(Number(day[3]), day[2], Number(day[1]), Number(day[4]), Number(day[5]), Number(day[6]));
  const asctime = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/.exec(text);
  if (asctime === null) return undefined;
  return utcOf(Number(asctime[6]), asctime[1], Number(asctime[2]), Number(asctime[3]), Number(asctime[4]), Number(asctime[5]));
};

const utcOf = (
  year: number,
  monthName: string | undefined,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number | undefined => {
  const month = months.indexOf(monthName ?? "");
  if (month === -1 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return undefined;
  return Date.UTC(year < 100 ? 2000 + year : year, month, day, hour, minute, second);
};

const clamp = (value: number, min: number, max: number): number => Math.min(Math.max(value, min), max);
