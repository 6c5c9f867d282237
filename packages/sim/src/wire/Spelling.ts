/**
 * Numbers as the exchange spells them. It has at least four habits, by place and format, and a client must read them all: fixed decimals
 * (`36956000.00000000`), plain (`148520000`), one decimal at least (`91361000.0`) and Java's `Double.toString` (`1.16539E8`, `5.0E-4`). All
 * work on an exact integer and its number of decimals; nothing passes through a double. A busy market spells a million numbers a second, so
 * the digits are cut where they stand, without patterns or intermediate objects.
 */

/** An exact integer; a plain number must be a safe one. */
export type Units = bigint | number;

/** No trailing zeros, no exponent: `148520000`, `0.05`. */
export const plain = (units: Units, decimals: number): string => {
  const text = digitsOf(units, decimals);
  if (decimals === 0) return text;
  const point = text.length - decimals;
  const end = withoutZeros(text, point);
  return end === point ? text.slice(0, point) : `${text.slice(0, point)}.${text.slice(point, end)}`;
};

/** Plain with at least one decimal: `91361000.0`. */
export const pointed = (units: Units, decimals: number): string => {
  const text = digitsOf(units, decimals);
  const point = text.length - decimals;
  const end = withoutZeros(text, point);
  return end === point ? `${text.slice(0, point)}.0` : `${text.slice(0, point)}.${text.slice(point, end)}`;
};

/** Exactly `places` decimals; more when the value needs them. */
export const fixed = (units: Units, decimals: number, places = 8): string => {
  const text = digitsOf(units, decimals);
  const point = text.length - decimals;
  const whole = text.slice(0, point);
  if (decimals === places) return `${whole}.${text.slice(point)}`;
  if (decimals < places) return `${whole}.${text.slice(point)}${zeros.slice(0, places - decimals)}`;
  return `${whole}.${text.slice(point, withoutZeros(text, point + places))}`;
};

/** Eight decimals when that is exact, else sixteen. */
export const money = (units: Units, decimals: number): string => {
  const text = fixed(units, decimals, 8);
  return text.length - text.indexOf(".") - 1 === 8 ? text : fixed(units, decimals, 16);
};

/** As Java prints a double: plain from 0.001 up to 10,000,000, else `d.dddE±n`. */
export const java = (units: Units, decimals: number): string => {
  if (units < 0) return `-${java(-units, decimals)}`;
  const digits = units.toString();
  if (digits === "0") return "0.0";
  const exponent = digits.length - 1 - decimals;
  if (exponent >= -3 && exponent < 7) return pointed(units, decimals);
  const end = withoutZeros(digits, 1);
  return `${digits.slice(0, 1)}.${end === 1 ? "0" : digits.slice(1, end)}E${exponent}`;
};

/** `part / whole` rounded half up to ten decimals. */
export const ratio = (part: number, whole: number): string => {
  if (whole === 0) return "0.0000000000";
  const scaled = (BigInt(Math.abs(part)) * 20_000_000_000n + BigInt(whole)) / (2n * BigInt(whole));
  return fixed(part < 0 ? -scaled : scaled, 10, 10);
};

/** More than any number of places asked for. */
const zeros = "0".repeat(64);

/** Sign and digits, at least one of them before the last `decimals`. */
const digitsOf = (units: Units, decimals: number): string => {
  if (units < 0) return `-${digitsOf(-units, decimals)}`;
  const text = units.toString();
  return text.length > decimals ? text : zeros.slice(0, decimals + 1 - text.length) + text;
};

/** Where `text` ends when the zeros at its end, as far back as `from`, are left out. */
const withoutZeros = (text: string, from: number): number => {
  let end = text.length;
  while (end > from && text.charCodeAt(end - 1) === zero) end--;
  return end;
};

const zero = "0".charCodeAt(0);
