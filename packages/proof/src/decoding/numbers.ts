/**
 * Numbers as the exchange spells them (Java's doubles in full frames, eight places, plain and with an exponent), and as it does not: what JSON
 * forbids, what only a very long or very large number is, and digits at the edge of what a double holds.
 */
import type { Draws } from "./Draws.ts";

/** `unscaled × 10^-scale` in one of the spellings seen on the wire. `unscaled` is positive. */
export const spell = (unscaled: string, scale: number, draws: Draws): string => {
  const style = draws.below(8);
  if (style < 3) return plain(unscaled, scale);
  if (style < 5) return padded(unscaled, scale, 8);
  if (style === 5) return padded(unscaled, scale, 1);
  return scientific(unscaled, scale);
};

/** A number above zero that the exchange could have printed. */
export const anyNumber = (draws: Draws): string => {
  const sort = draws.below(16);
  if (sort === 0) return `${draws.digits(11 + draws.below(5))}.${draws.digits(8)}`;
  if (sort === 1) return padded(draws.digits(1 + draws.below(4)), 8, 8);
  return spell(draws.digits(1 + draws.below(10)), draws.below(9), draws);
};

export const anySize = (draws: Draws): string => (draws.once(40) ? draws.pick(zeros) : anyNumber(draws));

export const zeros: ReadonlyArray<string> = ["0", "0.0", "0.00000000", "0E-8", "-0.0", "0e5"];

const plain = (unscaled: string, scale: number): string => {
  if (scale <= 0) return unscaled + "0".repeat(-scale);
  const digits = unscaled.padStart(scale + 1, "0");
  return `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
};

const padded = (unscaled: string, scale: number, places: number): string => {
  const text = plain(unscaled, scale);
  const missing = places - Math.max(0, scale);
  return missing <= 0 ? text : `${text}${text.includes(".") ? "" : "."}${"0".repeat(missing)}`;
};

/** As Java prints a double: `1.16539E8`, `6.0E-8`; often without the `.0`. */
const scientific = (unscaled: string, scale: number): string => {
  const fraction = unscaled.slice(1).replace(/0+$/, "");
  return `${unscaled[0]}${fraction === "" ? "" : `.${fraction}`}E${unscaled.length - 1 - scale}`;
};

/** A number, or what looks like one, that the exchange never sent. */
export const oddNumber = (draws: Draws): string => (draws.once(2) ? draws.pick(fixedOddities) : madeOddity(draws));

const fixedOddities: ReadonlyArray<string> = [
  ...["1.16539E8", "6E-8", "-0.0", "-0", "-1", "-0.00000001", "1e400", "-1e400", "1E-400", "0e400", "1e30", "1e31", "1e-30", "1e-31"],
  ...[
    "01",
    "00",
    "-01",
    "007.5",
    "1.",
    ".5",
    "-.5",
    "+1",
    "1.e5",
    "1e",
    "1e+",
    "1E-",
    "-",
    "--1",
    "1..2",
    "1.2.3",
    "0x10",
    "NaN",
    "Infinity",
    "1_0",
  ],
  ...["1e5", "1E+5", "1e+05", "1E00005", "1E0000005", "1E00000005", "1e-00000005", "1E+000000000000000005", "1E-0"],
  ...["9007199254740991", "9007199254740992", "9007199254740993", "-9007199254740993", "900719925474099.1", "900719925474099.3"],
  ...["4503599627370497.5", "999999999999999", "9999999999999999", "999999999999999999", "1000000000000000000", "18446744073709551615"],
  ...["18446744073709551616", "9999999999999999999999", "123456789012345678901234567", "1234567890123456789012345678"],
  ...["253402300799999", "253402300800000", "1785395043779.0", "1785395043779.5", "1.785395043779E12", "12.5", "1000000", "1000001"],
  ...["null", "true", "false", '"1"', '"-1"', '"1.5"', '""', '" 1"', "{}", "[]", "[1]", '"null"', "nul", "nullx", "tru"],
];

const madeOddity = (draws: Draws): string => {
  const sign = draws.once(6) ? "-" : "";
  switch (draws.below(8)) {
    case 0:
      // Around 2^53 and beyond: sixteen to nineteen digits, the point anywhere.
      return sign + pointed(draws.digits(16 + draws.below(4)), draws);
    case 1:
      return sign + pointed(draws.digits(20 + draws.below(9)), draws);
    case 2:
      // Many digits of which few matter.
      return `${sign}${draws.digits(1 + draws.below(12))}.${draws.digits(1 + draws.below(6))}${"0".repeat(8 + draws.below(20))}`;
    case 3:
      return `${sign}0.${"0".repeat(draws.below(40))}${draws.digits(1 + draws.below(20))}`;
    case 4:
      return `${sign}${draws.digits(1 + draws.below(20))}${"0".repeat(draws.below(25))}`;
    case 5:
      return `${sign}${pointed(draws.digits(1 + draws.below(20)), draws)}${draws.pick(["E", "e"])}${draws.pick(["", "+", "-"])}${draws.below(35)}`;
    case 6:
      return longNumber(draws);
    default:
      return String(9_007_199_254_740_991n + BigInt(draws.below(200)) - 100n);
  }
};

/** Around the 400 characters beyond which nothing is a number of this exchange. */
const longNumber = (draws: Draws): string => {
  const length = 396 + draws.below(8);
  switch (draws.below(4)) {
    case 0:
      return `0.${"0".repeat(length - 3)}7`;
    case 1:
      return `1.5${"0".repeat(length - 3)}`;
    case 2:
      return `12E-${"3".padStart(length - 4, "0")}`;
    default:
      return draws.digits(length);
  }
};

const pointed = (digits: string, draws: Draws): string => {
  const at = draws.below(digits.length + 1);
  if (at === digits.length) return digits;
  return at === 0 ? `0.${digits}` : `${digits.slice(0, at)}.${digits.slice(at)}`;
};
