/**
 * Numbers as the exchange spells them. It has at least four habits, by place and format, and a client must read them all: fixed decimals
 * (`36956000.00000000`), plain (`148520000`), one decimal at least (`91361000.0`) and Java's `Double.toString` (`1.16539E8`, `5.0E-4`). All
 * work on an exact integer and its number of decimals; nothing passes through a double, but for Java's spelling of what a double cannot hold.
 */

type Units = bigint | number;

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
  const { sign, whole, fraction } = split(units, decimals);
  const kept = fraction.replace(/0+$/, "");
  return kept === "" ? sign + whole : `${sign}${whole}.${kept}`;
};

/** Plain with at least one decimal: `91361000.0`. */
export const pointed = (units: Units, decimals: number): string => {
  const text = plain(units, decimals);
  return text.includes(".") ? text : `${text}.0`;
};

/** Exactly `places` decimals; more when the value needs them. */
export const fixed = (units: Units, decimals: number, places = 8): string => {
  const { sign, whole, fraction } = split(units, decimals);
  const kept =
    fraction.length <= places ? fraction.padEnd(places, "0") : fraction.slice(0, places) + fraction.slice(places).replace(/0+$/, "");
  return `${sign}${whole}.${kept}`;
};

/** Eight decimals when that is exact, else sixteen; at least `places`. */
export const money = (units: Units, decimals: number, places: 8 | 16 = 8): string => {
  const text = fixed(units, decimals, places);
  return text.length - text.indexOf(".") - 1 === places ? text : fixed(units, decimals, 16);
};

/** As Java prints a double: plain from 0.001 up to 10,000,000, else `d.dddE±n`. */
export const java = (units: Units, decimals: number): string => {
  const { sign, whole, fraction } = split(units, decimals);
  const digits = (whole + fraction).replace(/^0+/, "");
  if (digits === "") return "0.0";
  const exponent = digits.length - 1 - fraction.length;
  const kept = digits.replace(/0+$/, "");
  if (kept.length > exactDigits) return javaOfDouble(Number(`${sign}${whole}.${fraction}`));
  if (exponent >= -3 && exponent < 7) return pointed(units, decimals);
  return `${sign}${kept[0]}.${kept.slice(1) || "0"}E${exponent}`;
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

const split = (units: Units, decimals: number): { readonly sign: string; readonly whole: string; readonly fraction: string } => {
  const text = units.toString();
  const sign = text.startsWith("-") ? "-" : "";
  const digits = text.slice(sign.length).padStart(decimals + 1, "0");
  return { sign, whole: digits.slice(0, digits.length - decimals), fraction: digits.slice(digits.length - decimals) };
};
