/**
 * Numbers from bytes, exact: a mantissa and a scale in lowest form, without a text and without a double in between. What it does not keep
 * (a long exponent, more digits than the exchange prints) it leaves to the general path, which shares no line with it.
 */
import { Decimal } from "@naru/router/domain/Decimal";
import { isDay } from "../WireTime.ts";
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

const eightZeros = new DataView(new Uint8Array(8).fill(48).buffer).getFloat64(0, true);

/** Behind the message, for reading some bytes at a time. */
const padding = 64;

/** Enough for the fields of any message and the rows of a book. */
const places = 256;

const [quote, plus, minus, zero, nine, colon] = [34, 43, 45, 48, 57, 58] as const;
const letterE = 101;
const letterT = 84;
/** The point and the letter E, less the zero. */
const pointDigit = -2;
const letterEDigit = 53;
const lowerCase = 32;

const powersOfTen = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

export class NumberScanner {
  /** A copy of the message, with zeros behind it: whatever is read beyond its end is no digit, no letter and no mark. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** What was read, by place. Of numbers: mantissa and scale in lowest form; `NaN` for a mantissa that is a `bigint` in {@link values}. */
  readonly mantissas = new Float64Array(places);
  readonly scales = new Int32Array(places);
  /** Of texts: what they were read as. */
  readonly values: Array<unknown> = Array.from({ length: places }, () => undefined);
  /** Why the last thing was not read. */
  cause: Cause = "syntax";
  readonly #eight = new DataView(new ArrayBuffer(8));
  #exponent = 0;
  /** The last two days, by a key of their digits: a moment is said in two time zones. */
  readonly #dayKeys = [-1, -1];
  readonly #dayMs = [Number.NaN, Number.NaN];

  /** `capacity`: bytes of the longest message. */
  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity + padding);
    this.view = new DataView(this.bytes.buffer);
  }

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
    let kept = p;
    if (digit === pointDigit) {
      dot = p;
      digit = bytes[++p]! - zero;
      if (digit === 0 && this.view.getFloat64(p, true) === eightZeros && !(bytes[p + 8]! >= zero && bytes[p + 8]! <= nine)) {
        // So whole prices of candles end.
        p += 8;
        kept = dot + 1;
        digit = bytes[p]! - zero;
      } else {
        // Zeros at the end of so many digits are no reason to look again.
        const stop = first + safeDigits + 1;
        while (digit >= 0 && digit <= 9 && p < stop) {
          mantissa = mantissa * 10 + digit;
          digit = bytes[++p]! - zero;
        }
        kept = p;
        while (digit === 0) digit = bytes[++p]! - zero;
      }
      scale = kept - dot - 1;
      if (p === dot + 1 && !(digit >= 0 && digit <= 9)) return this.refuse("syntax");
    }
    if ((digit >= 0 && digit <= 9) || kept - first > safeDigits + 1 || (dot < 0 && kept - first > safeDigits))
      return this.#long(first, dot, negative, at);
    // Of a fraction of zeros alone nothing was kept but the point.
    const end = dot >= 0 && scale === 0 ? dot : kept;
    if (digit === letterEDigit || digit === letterEDigit - lowerCase) {
      p = this.#power(p + 1);
      if (p < 0) return p;
      scale -= this.#exponent;
    }
    if (p - from > maxCharacters) return this.refuse("digits");
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

  /** Reads `yyyy-MM-ddTHH:mm:ss`, UTC, between quotes into place `at`, as epoch milliseconds. The index behind it, or -1. */
  moment(from: number, at: number): number {
    const { bytes } = this;
    if (bytes[from] !== quote || bytes[from + 11] !== letterT || bytes[from + 20] !== quote) return this.refuse("value");
    if (bytes[from + 5] !== minus || bytes[from + 8] !== minus || bytes[from + 14] !== colon || bytes[from + 17] !== colon)
      return this.refuse("value");
    const day = this.#day(twoDigits(bytes, from + 1), twoDigits(bytes, from + 3), twoDigits(bytes, from + 6), twoDigits(bytes, from + 9));
    const hours = twoDigits(bytes, from + 12);
    const minutes = twoDigits(bytes, from + 15);
    const seconds = twoDigits(bytes, from + 18);
    if (!(day >= 0) || hours > 23 || minutes > 59 || seconds > 59) return this.refuse("value");
    this.mantissas[at] = day + ((hours * 60 + minutes) * 60 + seconds) * 1_000;
    return from + 21;
  }

  /** Midnight of a day; `NaN` for no day since 1970. Neighbouring rows are of one day. */
  #day(century: number, year: number, month: number, day: number): number {
    if (century > 99 || year > 99) return Number.NaN;
    const key = ((century * 100 + year) * 100 + month) * 100 + day;
    const place = day & 1;
    if (key === this.#dayKeys[place]) return this.#dayMs[place]!;
    const dayMs = isDay(century * 100 + year, month, day) ? Date.UTC(century * 100 + year, month - 1, day) : Number.NaN;
    this.#dayKeys[place] = key;
    this.#dayMs[place] = dayMs;
    return dayMs;
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

  /** A number of so many digits that a double may not hold them: once more from its `first`, leaving out the zeros at its end. */
  #long(first: number, dot: number, negative: boolean, at: number): number {
    const { bytes } = this;
    let p = dot < 0 ? first : dot + 1;
    while (bytes[p]! >= zero && bytes[p]! <= nine) p++;
    const digitsEnd = p;
    let exponent = 0;
    if ((bytes[p]! | lowerCase) === letterE) {
      p = this.#power(p + 1);
      if (p < 0) return p;
      exponent = this.#exponent;
    }
    if (p - first > maxCharacters - (negative ? 1 : 0)) return this.refuse("digits");
    let end = digitsEnd;
    while (end > first && bytes[end - 1] === zero) end--;
    // Zeros that reach back to the point leave that out, and those before it.
    if (end - 1 === dot) for (end = dot; end > first && bytes[end - 1] === zero;) end--;
    if (!this.#parts(first, dot, end, negative, at)) return -1;
    const places = dot < 0 ? end - digitsEnd : end > dot ? end - dot - 1 : end - dot;
    this.scales[at] = this.mantissas[at] === 0 ? 0 : places - exponent;
    return p;
  }

  /** The digits from `first` to before `end`, as a number or, where no double holds it, as a `bigint`. False when they are too many. */
  #parts(first: number, dot: number, end: number, negative: boolean, at: number): boolean {
    const { bytes } = this;
    // Nine digits at a time.
    let high = 0;
    let low = 0;
    let lowest = 0;
    let digits = 0;
    for (let i = first; i < end; i++) {
      if (i === dot) continue;
      const digit = bytes[i]! - zero;
      if (digits === 0 && digit === 0) continue;
      if (digits < 9) high = high * 10 + digit;
      else if (digits < 18) low = low * 10 + digit;
      else lowest = lowest * 10 + digit;
      digits++;
    }
    if (digits > maxDigits) {
      this.refuse("digits");
      return false;
    }
    const power = powersOfTen[digits <= 9 ? 0 : digits <= 18 ? digits - 9 : 9]!;
    const rounded = high * power + low;
    if (digits <= 18 && rounded <= Number.MAX_SAFE_INTEGER) {
      this.mantissas[at] = negative && rounded !== 0 ? -rounded : rounded;
      return true;
    }
    const most = this.#whole(high, low, power);
    const value = digits <= 18 ? most : most * BigInt(powersOfTen[digits - 18]!) + BigInt(lowest);
    this.mantissas[at] = Number.NaN;
    this.values[at] = negative ? -value : value;
    return true;
  }

  /** `high × power + low`: the product in two halves, each of which a double holds, and these in two words of 32 bits. */
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
