/**
 * An exact decimal number: a mantissa and a power of ten, always in lowest form, so that `91368000.0`, `9.1368E7` and `91368000` are one
 * value and compare equal field by field.
 *
 * Prices and sizes are held this way because the exchange prints up to 22 significant digits and a double keeps 17. The nearest double is one
 * division away and is read as `number`; Effect's `BigDecimal` is made on request and kept.
 */
import * as BigDecimal from "effect/BigDecimal";
import * as Schema from "effect/Schema";
import * as SchemaGetter from "effect/SchemaGetter";
import * as SchemaIssue from "effect/SchemaIssue";
import * as Effect from "effect/Effect";

/** The longest token accepted. The exchange prints at most 40 characters; anything near this bound is hostile. */
const maxTokenLength = 400;
/** The largest exponent accepted, in either direction. */
const maxExponent = 400;

const numberToken = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d{1,6}))?$/;

export class Decimal {
  /** The integer part of `mantissa × 10^-scale`, without trailing zeros. A `bigint` only where a double cannot hold it exactly. */
  readonly mantissa: number | bigint;
  /** Digits after the decimal point; negative for round numbers (`91000` is `91 × 10^3`, scale -3). */
  readonly scale: number;

  private constructor(mantissa: number | bigint, scale: number) {
    this.mantissa = mantissa;
    this.scale = scale;
  }

  /** Zero. */
  static readonly zero: Decimal = new Decimal(0, 0);

  /** The schema of a decimal. Its JSON form is a string in plain notation. */
  static readonly schema: Schema.declare<Decimal> = Schema.declare((u): u is Decimal => u instanceof Decimal, {
    identifier: "Decimal",
    title: "Decimal",
    description: "An exact decimal number, as a string in plain notation.",
    expected: "Decimal",
    toCodecJson: () =>
      Schema.link<Decimal>()(Schema.String, {
        decode: SchemaGetter.transformEffect((text: string) => {
          const value = Decimal.parse(text);
          return value === undefined
            ? Effect.fail(new SchemaIssue.InvalidValue({ message: "Expected a decimal number" }, text))
            : Effect.succeed(value);
        }),
        encode: SchemaGetter.transform((value: Decimal) => value.toString()),
      }),
  });

  /**
   * Reads a JSON number token (`1.16539E8`, `-0.50`, `6E-8`) exactly. `undefined` for anything else, never an approximation: also for a
   * leading zero, which JSON forbids, and for a number beyond every double.
   */
  static parse(token: string): Decimal | undefined {
    if (token.length > maxTokenLength) return undefined;
    const match = numberToken.exec(token);
    if (match === null) return undefined;
    const fraction = match[3] ?? "";
    const exponent = match[4] === undefined ? 0 : Number(match[4]);
    if (Math.abs(exponent) > maxExponent || !Number.isFinite(Number(token))) return undefined;
    return fromDigits(match[1] === "-", match[2] + fraction, fraction.length - exponent);
  }

  /** Reads a token known to be good, such as a literal in a program. Throws a `RangeError` on anything {@link Decimal.parse} refuses. */
  static of(token: string): Decimal {
    const value = Decimal.parse(token);
    if (value === undefined) throw new RangeError(`Not a decimal number: ${token.slice(0, 40)}`);
    return value;
  }

  /** The decimal that a double prints as: `0.1` is one tenth. `undefined` for `NaN` and infinities. */
  static fromNumber(value: number): Decimal | undefined {
    return Number.isFinite(value) ? Decimal.parse(String(value)) : undefined;
  }

  /** `unscaled × 10^-scale`, brought to lowest form. */
  static make(unscaled: bigint, scale: number): Decimal {
    const negative = unscaled < 0n;
    return fromDigits(negative, (negative ? -unscaled : unscaled).toString(), scale);
  }

  /** @internal For readers that know: `mantissa` and `scale` must already be in lowest form, and zero is {@link Decimal.zero}. */
  static lowest(mantissa: number | bigint, scale: number): Decimal {
    return new Decimal(mantissa, scale);
  }

  /** -1, 0 or 1. */
  get sign(): -1 | 0 | 1 {
    const { mantissa } = this;
    // Each comparison sees one type of value only: the engine makes little of one that sees two.
    if (typeof mantissa === "number") return mantissa > 0 ? 1 : mantissa < 0 ? -1 : 0;
    return mantissa > 0n ? 1 : -1;
  }

  /** The nearest double, a few nanoseconds away; do not use it where the last digit matters. */
  get number(): number {
    const { mantissa, scale } = this;
    // Both whole numbers are exact, so the one rounding of the division, or of the product, is the right one.
    if (typeof mantissa === "number" && scale <= 22 && scale >= -22)
      return scale >= 0 ? mantissa / powersOfTen[scale]! : mantissa * powersOfTen[-scale]!;
    return Number(`${mantissa}e${-scale}`);
  }

  /** The same number as Effect's `BigDecimal`, made on the first call. */
  toBigDecimal(): BigDecimal.BigDecimal {
    let made = bigDecimals.get(this);
    if (made === undefined) bigDecimals.set(this, (made = BigDecimal.make(BigInt(this.mantissa), this.scale)));
    return made;
  }

  plus(that: Decimal): Decimal {
    const scale = Math.max(this.scale, that.scale);
    return Decimal.make(unscaledAt(this, scale) + unscaledAt(that, scale), scale);
  }

  minus(that: Decimal): Decimal {
    const quick = safeDifference(this, that);
    if (quick !== undefined) return quick;
    const scale = Math.max(this.scale, that.scale);
    return Decimal.make(unscaledAt(this, scale) - unscaledAt(that, scale), scale);
  }

  times(that: Decimal): Decimal {
    return Decimal.make(BigInt(this.mantissa) * BigInt(that.mantissa), this.scale + that.scale);
  }

  /** The same digits with the point moved: `× 10^places`. */
  shift(places: number): Decimal {
    return this.sign === 0 ? this : new Decimal(this.mantissa, this.scale - places);
  }

  negate(): Decimal {
    return this.sign === 0 ? this : new Decimal(-this.mantissa, this.scale);
  }

  /** Negative, zero or positive, as for `Array.prototype.sort`. Exact. */
  compare(that: Decimal): number {
    const mine = this.number;
    const other = that.number;
    if (mine !== other) return mine < other ? -1 : 1;
    const scale = Math.max(this.scale, that.scale);
    const a = unscaledAt(this, scale);
    const b = unscaledAt(that, scale);
    return a === b ? 0 : a < b ? -1 : 1;
  }

  equals(that: Decimal): boolean {
    return this.mantissa === that.mantissa && this.scale === that.scale;
  }

  /** Plain notation: no exponent, no trailing zeros. */
  toString(): string {
    const negative = this.mantissa < 0;
    const digits = String(negative ? -this.mantissa : this.mantissa);
    const sign = negative ? "-" : "";
    if (this.scale <= 0) return this.mantissa === 0 ? "0" : sign + digits + "0".repeat(-this.scale);
    const whole = digits.length > this.scale ? digits.slice(0, -this.scale) : "0";
    return `${sign}${whole}.${digits.padStart(this.scale, "0").slice(-this.scale)}`;
  }

  /** A JSON string in plain notation, because a JSON number would be rounded by most readers. */
  toJSON(): string {
    return this.toString();
  }
}

/** Those that were asked for. Beside the decimals, because a field for it would make each of millions larger. */
const bigDecimals = new WeakMap<Decimal, BigDecimal.BigDecimal>();

/** The powers of ten that a double holds exactly. */
const powersOfTen: ReadonlyArray<number> = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

const unscaledAt = (value: Decimal, scale: number): bigint => BigInt(value.mantissa) * 10n ** BigInt(scale - value.scale);

/** The difference where all of it fits whole numbers that a double holds; undefined where it may not. */
const safeDifference = (a: Decimal, b: Decimal): Decimal | undefined => {
  if (typeof a.mantissa !== "number" || typeof b.mantissa !== "number") return undefined;
  const scale = Math.max(a.scale, b.scale);
  if (scale - Math.min(a.scale, b.scale) > 22) return undefined;
  const left = a.mantissa * powersOfTen[scale - a.scale]!;
  const right = b.mantissa * powersOfTen[scale - b.scale]!;
  const difference = left - right;
  const most = Number.MAX_SAFE_INTEGER;
  if (Math.abs(left) > most || Math.abs(right) > most || Math.abs(difference) > most) return undefined;
  if (difference === 0) return Decimal.zero;
  let mantissa = difference;
  let lowest = scale;
  for (let tenth = mantissa / 10; Number.isInteger(tenth); tenth = mantissa / 10) {
    mantissa = tenth;
    lowest--;
  }
  return Decimal.lowest(mantissa, lowest);
};

const fromDigits = (negative: boolean, digits: string, scale: number): Decimal => {
  let start = 0;
  while (start < digits.length - 1 && digits.charCodeAt(start) === 48) start++;
  let end = digits.length;
  while (end > start + 1 && digits.charCodeAt(end - 1) === 48) end--;
  const kept = digits.slice(start, end);
  if (kept === "0") return Decimal.zero;
  const lowestScale = scale - (digits.length - end);
  const small = kept.length <= 15 ? Number(kept) : Number.MAX_SAFE_INTEGER + 1;
  if (small <= Number.MAX_SAFE_INTEGER) return Decimal.lowest(negative ? -small : small, lowestScale);
  const big = BigInt(kept);
  const mantissa = big <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(big) : big;
  return Decimal.lowest(negative ? -mantissa : mantissa, lowestScale);
};
