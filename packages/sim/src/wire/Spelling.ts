/**
 * Numbers as the exchange spells them. It has at least four habits, by place and format, and a client must read them all: fixed decimals
 * (`36956000.00000000`), plain (`148520000`), one decimal at least (`91361000.0`) and Java's `Double.toString` (`1.16539E8`, `5.0E-4`). All
 * work on an exact integer and its number of decimals; nothing passes through a double.
 */

type Units = bigint | number;

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

/** Eight decimals when that is exact, else sixteen. */
export const money = (units: Units, decimals: number): string => {
  const text = fixed(units, decimals, 8);
  return text.length - text.indexOf(".") - 1 === 8 ? text : fixed(units, decimals, 16);
};

/** As Java prints a double: plain from 0.001 up to 10,000,000, else `d.dddE±n`. */
export const java = (units: Units, decimals: number): string => {
  const { sign, whole, fraction } = split(units, decimals);
  const digits = (whole + fraction).replace(/^0+/, "");
  if (digits === "") return "0.0";
  const exponent = digits.length - 1 - fraction.length;
  if (exponent >= -3 && exponent < 7) return pointed(units, decimals);
  const mantissa = digits.slice(1).replace(/0+$/, "");
  return `${sign}${digits[0]}.${mantissa === "" ? "0" : mantissa}E${exponent}`;
};

/** `part / whole` rounded half up to ten decimals. */
export const ratio = (part: number, whole: number): string => {
  if (whole === 0) return "0.0000000000";
  const scaled = (BigInt(Math.abs(part)) * 20_000_000_000n + BigInt(whole)) / (2n * BigInt(whole));
  return fixed(part < 0 ? -scaled : scaled, 10, 10);
};

const split = (units: Units, decimals: number): { readonly sign: string; readonly whole: string; readonly fraction: string } => {
  const text = units.toString();
  const sign = text.startsWith("-") ? "-" : "";
  const digits = text.slice(sign.length).padStart(decimals + 1, "0");
  return { sign, whole: digits.slice(0, digits.length - decimals), fraction: digits.slice(digits.length - decimals) };
};
