/**
 * Numbers from bytes, exact: a mantissa and a scale in lowest form, without a text and without a double in between. What it does not keep
 * (a long exponent, more digits than the exchange prints) it leaves to the general path, which shares no line with it.
 */
import { Decimal } from "@naru/router/domain/Decimal";
import type { Cause } from "./Cause.ts";

/** Digits whose number a double always holds. */
const safeDigits = 15;
/** Larger exponents than this are no price and no size. */
const maxExponent = 30;
/** Digits of an exponent, and characters of a number, beyond which the general path reads none: zeros in front, or behind the point, without end. */
const [maxExponentDigits, maxCharacters] = [6, 400] as const;
/** The exchange prints up to 22 that matter. */
const maxDigits = 27;
/** Digits of an id. */
const maxIdDigits = 30;

/** Longer messages are for the general path; a book of 30 levels has 3 kB. */
export const maxBytes = 32_768;
/** Behind the message, for reading some bytes at a time. */
const padding = 64;

/** Enough for the fields of any message and the rows of a book. */
const places = 256;

const [quote, plus, minus, zero, nine, colon] = [34, 43, 45, 48, 57, 58] as const;
const letterE = 101;
/** The point and the letter E, less the zero. */
const pointDigit = -2;
const letterEDigit = 53;
const lowerCase = 32;

const powersOfTen = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

export class NumberScanner {
  /** A copy of the message, with zeros behind it: whatever is read beyond its end is no digit, no letter and no mark. */
  readonly bytes = new Uint8Array(maxBytes + padding);
  readonly view = new DataView(this.bytes.buffer);
  /** What was read, by place. Of numbers: mantissa and scale in lowest form; `NaN` for a mantissa that is a `bigint` in {@link values}. */
  readonly mantissas = new Float64Array(places);
  readonly scales = new Int32Array(places);
  /** Of texts: what they were read as. */
  readonly values: Array<unknown> = Array.from({ length: places }, () => undefined);
  /** Why the last thing was not read. */
  cause: Cause = "syntax";
  readonly #eight = new DataView(new ArrayBuffer(8));
  #exponent = 0;

  /** Reads the number at `from` into place `at`. The index behind it, or -1. */
  decimal(from: number, at: number): number {
    const { bytes, mantissas, scales } = this;
    const negative = bytes[from] === minus;
    const first = negative ? from + 1 : from;
    let p = first;
    let mantissa = 0;
    let digit = bytes[p]! - zero;
    while (digit >= 0 && digit <= 9) {
      mantissa = mantissa * 10 + digit;
      digit = bytes[++p]! - zero;
    }
    if (p === first) return this.refuse("value");
    if (bytes[first] === zero && p - first > 1) return this.refuse("syntax");
    let scale = 0;
    let dot = -1;
    if (digit === pointDigit) {
      dot = p;
      digit = bytes[++p]! - zero;
      while (digit >= 0 && digit <= 9) {
        mantissa = mantissa * 10 + digit;
        digit = bytes[++p]! - zero;
      }
      scale = p - dot - 1;
      if (scale === 0) return this.refuse("syntax");
    }
    if (p - first > safeDigits) return this.#long(first, dot, p, negative, at);
    const end = p;
    if (digit === letterEDigit || digit === letterEDigit - lowerCase) {
      p = this.#power(p + 1);
      if (p < 0) return p;
      scale -= this.#exponent;
    }
    if (mantissa === 0) {
      mantissas[at] = 0;
      scales[at] = 0;
      return p;
    }
    if (bytes[end - 1] === zero) {
      let q = end - 1;
      while (bytes[q] === zero) q--;
      let zeros = end - 1 - q;
      if (q === dot) {
        while (bytes[--q] === zero);
        zeros = end - 2 - q;
      }
      mantissa /= powersOfTen[zeros]!;
      scale -= zeros;
    }
    mantissas[at] = negative ? -mantissa : mantissa;
    scales[at] = scale;
    return p;
  }

  /** Reads a whole number not below zero, without exponent, into place `at`. The index behind it, or -1. */
  integer(from: number, at: number): number {
    const { bytes } = this;
    let p = from;
    let value = 0;
    let digit = bytes[p]! - zero;
    while (digit >= 0 && digit <= 9) {
      value = value * 10 + digit;
      digit = bytes[++p]! - zero;
    }
    if (p === from) return this.refuse("value");
    if (bytes[from] === zero && p - from > 1) return this.refuse("syntax");
    // Another spelling of a whole number, such as 1.0 or 1E3, is rare enough for the general path.
    if (p - from > safeDigits || digit === pointDigit || digit === letterEDigit || digit === letterEDigit - lowerCase)
      return this.refuse("digits");
    this.mantissas[at] = value;
    return p;
  }

  /** Reads an id, kept as its digits, into place `at`. The index behind it, or -1. */
  digits(from: number, at: number): number {
    const { bytes } = this;
    let p = from;
    while (bytes[p]! >= zero && bytes[p]! <= nine) p++;
    const length = p - from;
    if (length === 0) return this.refuse("value");
    if (length > maxIdDigits) return this.refuse("digits");
    if (bytes[from] === zero && length > 1) return this.refuse("syntax");
    this.values[at] = textOf(bytes, from, length);
    return p;
  }

  /** Reads `HH:mm:ss` between quotes; it is checked and not kept. The index behind it, or -1. */
  time(at: number): number {
    const { bytes } = this;
    if (bytes[at] !== quote || bytes[at + 3] !== colon || bytes[at + 6] !== colon || bytes[at + 9] !== quote) return this.refuse("value");
    const isTime = twoDigits(bytes, at + 1) <= 23 && twoDigits(bytes, at + 4) <= 59 && twoDigits(bytes, at + 7) <= 59;
    return isTime ? at + 10 : this.refuse("value");
  }

  /** The same of `HHmmss`. */
  compactTime(at: number): number {
    const { bytes } = this;
    if (bytes[at] !== quote || bytes[at + 7] !== quote) return this.refuse("value");
    const isTime = twoDigits(bytes, at + 1) <= 23 && twoDigits(bytes, at + 3) <= 59 && twoDigits(bytes, at + 5) <= 59;
    return isTime ? at + 8 : this.refuse("value");
  }

  /** The decimal at a place. */
  decimalAt(at: number): Decimal {
    const mantissa = this.mantissas[at]!;
    if (mantissa === 0) return Decimal.zero;
    // A mantissa that no double holds was put among the values.
    return Decimal.lowest(mantissa === mantissa ? mantissa : (this.values[at] as bigint), this.scales[at]!);
  }

  /** Its nearest double; `NaN` where that is not at hand. */
  doubleAt(at: number): number {
    const scale = this.scales[at]!;
    return scale >= 0 ? this.mantissas[at]! / powersOfTen[scale]! : this.mantissas[at]! * powersOfTen[-scale]!;
  }

  refuse(cause: Cause): -1 {
    this.cause = cause;
    return -1;
  }

  /** `E8`, `e-05`: the index behind it, or -1. */
  #power(from: number): number {
    const { bytes } = this;
    let p = from;
    let c = bytes[p]!;
    const negative = c === minus;
    if (negative || c === plus) c = bytes[++p]!;
    if (!(c >= zero && c <= nine)) return this.refuse("syntax");
    const first = p;
    let value = 0;
    do {
      value = value * 10 + c - zero;
      if (value > maxExponent) return this.refuse("digits");
      c = bytes[++p]!;
    } while (c >= zero && c <= nine);
    if (p - first > maxExponentDigits) return this.refuse("digits");
    this.#exponent = negative ? -value : value;
    return p;
  }

  /** A number of so many digits that a double may not hold them: the same once more, without the zeros at either end. */
  #long(first: number, dot: number, end: number, negative: boolean, at: number): number {
    const { bytes, mantissas, scales } = this;
    let p = end;
    let scale = dot < 0 ? 0 : end - dot - 1;
    if ((bytes[p]! | lowerCase) === letterE) {
      p = this.#power(p + 1);
      if (p < 0) return p;
      scale -= this.#exponent;
    }
    if (p - first > maxCharacters - (negative ? 1 : 0)) return this.refuse("digits");
    let begin = first;
    while (begin < end && (bytes[begin] === zero || begin === dot)) begin++;
    let last = end - 1;
    while (last > begin && (bytes[last] === zero || last === dot)) {
      if (last !== dot) scale--;
      last--;
    }
    let high = 0;
    let low = 0;
    let lowest = 0;
    let digits = 0;
    for (let i = begin; i <= last; i++) {
      if (i === dot) continue;
      const digit = bytes[i]! - zero;
      if (digits < 9) high = high * 10 + digit;
      else if (digits < 18) low = low * 10 + digit;
      else lowest = lowest * 10 + digit;
      digits++;
    }
    if (digits > maxDigits) return this.refuse("digits");
    if (digits === 0) scale = 0;
    scales[at] = scale;
    if (digits <= 18) this.#keep(high, low, powersOfTen[Math.max(0, digits - 9)]!, negative, at);
    else {
      const value = this.#whole(high, low, 1e9) * BigInt(powersOfTen[digits - 18]!) + BigInt(lowest);
      mantissas[at] = Number.NaN;
      this.values[at] = negative ? -value : value;
    }
    return p;
  }

  /** `high × power + low`, as a number where a double holds it and as a `bigint` where not. */
  #keep(high: number, low: number, power: number, negative: boolean, at: number): void {
    const nearest = high * power + low;
    if (nearest <= Number.MAX_SAFE_INTEGER) {
      this.mantissas[at] = negative ? -nearest : nearest;
      return;
    }
    const value = this.#whole(high, low, power);
    this.mantissas[at] = Number.NaN;
    this.values[at] = negative ? -value : value;
  }

  /** The product in two halves, each of which a double holds, and these in two words of 32 bits. */
  #whole(high: number, low: number, power: number): bigint {
    const upper = (high >>> 15) * power;
    const lower = (high & 0x7fff) * power + low;
    const kept = Math.floor(upper / 0x20000);
    const sum = (upper - kept * 0x20000) * 0x8000 + lower;
    const eight = this.#eight;
    eight.setUint32(0, kept + Math.floor(sum / 0x1_0000_0000));
    eight.setUint32(4, sum % 0x1_0000_0000);
    return eight.getBigUint64(0);
  }
}

/** The value of two digits; a number beyond all times for anything else. */
const twoDigits = (bytes: Uint8Array, at: number): number => {
  const tens = bytes[at]! - zero;
  const ones = bytes[at + 1]! - zero;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : 100;
};

/** The text of `length` digits. Those of today's ids have sixteen or seventeen. */
const textOf = (b: Uint8Array, p: number, length: number): string => {
  if (length === 17) {
    // Spelt out: a spread costs three times as much.
    // oxfmt-ignore
    return String.fromCharCode(
      b[p]!, b[p + 1]!, b[p + 2]!, b[p + 3]!, b[p + 4]!, b[p + 5]!, b[p + 6]!, b[p + 7]!, b[p + 8]!,
      b[p + 9]!, b[p + 10]!, b[p + 11]!, b[p + 12]!, b[p + 13]!, b[p + 14]!, b[p + 15]!, b[p + 16]!,
    );
  }
  return String.fromCharCode(...b.subarray(p, p + length));
};
