/**
 * Numbers as the exchange spells them. It has at least four habits, by place and format, and a client must read them all: fixed decimals
 * (`36956000.00000000`), plain (`148520000`), one decimal at least (`91361000.0`) and Java's `Double.toString` (`1.16539E8`, `5.0E-4`). All
 * work on an exact integer and its number of decimals; nothing passes through a double, but for Java's spelling of what a double cannot hold.
 * A busy market spells a million numbers a second, so the digits are cut where they stand, without patterns or intermediate objects.
 */

/** An exact integer; a plain number must be a safe one. */
export type Units = bigint | number;

/** `wire`: the exchange's own mixture by place and format. The others are one spelling everywhere. */
export type SpellingMode = "wire" | "fixed" | "java" | "plain";

/** The spellings a row or frame asks for by name. A mode that knows one spelling gives it under every name. */
export interface Speller {
  readonly plain: (units: Units, decimals: number) => string;
  readonly pointed: (units: Units, decimals: number) => string;
  readonly fixed: (units: Units, decimals: number, places?: number) => string;
  readonly java: (units: Units, decimals: number) => string;
  readonly money: (units: Units, decimals: number, places?: 8 | 16) => string;
  /** `part / whole` rounded half up to so many decimals. */
  readonly ratio: (part: number, whole: number, places: number) => string;
}

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

/** Eight decimals when that is exact, else sixteen; at least `places`. */
export const money = (units: Units, decimals: number, places: 8 | 16 = 8): string => {
  const text = fixed(units, decimals, places);
  return text.length - text.indexOf(".") - 1 === places ? text : fixed(units, decimals, 16);
};

/** As Java prints a double: plain from 0.001 up to 10,000,000, else `d.dddE±n`. */
export const java = (units: Units, decimals: number): string => {
  if (units < 0) return `-${java(-units, decimals)}`;
  const digits = units.toString();
  if (digits === "0") return "0.0";
  const exponent = digits.length - 1 - decimals;
  const end = withoutZeros(digits, 1);
  if (end > exactDigits) return javaOfDouble(Number(plain(units, decimals)));
  if (exponent >= -3 && exponent < 7) return pointed(units, decimals);
  return `${digits.slice(0, 1)}.${end === 1 ? "0" : digits.slice(1, end)}E${exponent}`;
};

/** {@link java} of a double that had to be rounded: its shortest digits, as both languages choose them. */
const javaOfDouble = (value: number): string => {
  const [mantissa = "0", exponent = "0"] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power >= -3 && power < 7) return String(value).includes(".") ? String(value) : `${value}.0`;
  return `${mantissa.includes(".") ? mantissa : `${mantissa}.0`}E${power}`;
};

/** Every decimal of so many digits survives a double. */
const exactDigits = 15;

/** `part / whole` rounded half up to so many decimals, all of them shown. */
export const ratio = (part: number, whole: number, places = 10): string => fixed(ratioUnits(part, whole, places), places, places);

const ratioUnits = (part: number, whole: number, places: number): bigint => {
  if (whole === 0) return 0n;
  const scaled = (BigInt(Math.abs(part)) * 2n * 10n ** BigInt(places) + BigInt(whole)) / (2n * BigInt(whole));
  return part < 0 ? -scaled : scaled;
};

const always = (spell: (units: Units, decimals: number) => string): Speller => ({
  plain: spell,
  pointed: spell,
  fixed: (units, decimals) => spell(units, decimals),
  java: spell,
  money: (units, decimals) => spell(units, decimals),
  ratio: (part, whole, places) => spell(ratioUnits(part, whole, places), places),
});

export const spellers: Readonly<Record<SpellingMode, Speller>> = {
  wire: { plain, pointed, fixed, java, money, ratio },
  fixed: always((units, decimals) => fixed(units, decimals)),
  java: always(java),
  plain: always(plain),
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
