/** Exactness of decimals. The judge is integer arithmetic written here, never the class itself. */
import { assert, describe, it } from "@effect/vitest";
import { BigDecimal, Schema } from "effect";
import { Decimal } from "../../src/domain/Decimal.ts";

const digit = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 }));
const digits = (min: number, max: number) => Schema.Array(digit).check(Schema.isBetweenLength(min, max));
const exponent = Schema.Int.check(Schema.isBetween({ minimum: -30, maximum: 30 }));
const many = { arbitrary: { runs: 500 } };

/** A number as the judge sees it: `unscaled × 10^-scale`. */
interface Exact {
  readonly unscaled: bigint;
  readonly scale: number;
}

/** A token of these digits with the point somewhere among them, an exponent, a sign, and what it means. */
const tokenOf = (list: ReadonlyArray<number>, point: number, exponent: number, negative: boolean): { token: string; exact: Exact } => {
  const all = list.join("");
  const cut = 1 + (point % all.length);
  const whole = all.slice(0, cut).replace(/^0+(?=\d)/, "");
  const fraction = all.slice(cut);
  const power = exponent === 0 ? "" : `E${exponent}`;
  const token = `${negative ? "-" : ""}${whole}${fraction === "" ? "" : `.${fraction}`}${power}`;
  const magnitude = BigInt(whole + fraction);
  return { token, exact: { unscaled: negative ? -magnitude : magnitude, scale: fraction.length - exponent } };
};

const at = ({ unscaled, scale }: Exact, wanted: number): bigint => unscaled * 10n ** BigInt(wanted - scale);

const same = (value: Decimal, exact: Exact): boolean => {
  const scale = Math.max(value.scale, exact.scale, 0);
  return at({ unscaled: BigInt(value.mantissa), scale: value.scale }, scale) === at(exact, scale);
};

const parsed = (token: string): Decimal => {
  const value = Decimal.parse(token);
  assert(value !== undefined, token);
  return value;
};

const anyToken = { list: digits(1, 22), point: digit, exponent, negative: Schema.Boolean };

describe("Decimal", () => {
  it.prop(
    "holds every token exactly, whatever its length, point and exponent (R001-25)",
    { ...anyToken, list: Schema.Union([digits(17, 17), digits(22, 22), digits(1, 40)]) },
    ({ list, point, exponent, negative }) => {
      const { token, exact } = tokenOf(list, point, exponent, negative);
      const value = parsed(token);
      assert.isTrue(same(value, exact), token);
      assert.isTrue(same(parsed(value.toString()), exact), `${token} printed as ${value}`);
      const big = value.toBigDecimal();
      assert.isTrue(same(Decimal.make(big.value, big.scale), exact));
      assert.match(value.toString(), /^-?(0|[1-9]\d*)(\.\d*[1-9])?$/);
      assert.strictEqual(value.number, exact.unscaled === 0n ? 0 : Number(token));
    },
    many,
  );

  it.prop(
    "is one value for every spelling of a number",
    { ...anyToken, zeros: digit, shift: exponent },
    ({ list, point, exponent, negative, zeros, shift }) => {
      const { token, exact } = tokenOf(list, point, exponent, negative);
      // `shift` decimals of the other spelling are written out, the rest is in its exponent.
      const decimals = Math.abs(shift);
      const magnitude = `${exact.unscaled < 0n ? -exact.unscaled : exact.unscaled}`.padStart(decimals + 1, "0");
      const cut = magnitude.length - decimals;
      const fraction = magnitude.slice(cut) + "0".repeat(zeros);
      const other = `${exact.unscaled < 0n ? "-" : ""}${magnitude.slice(0, cut)}${fraction === "" ? "" : `.${fraction}`}e${decimals - exact.scale}`;
      assert.deepStrictEqual(parsed(token), parsed(other));
      assert.isTrue(parsed(token).equals(parsed(other)));
      assert.strictEqual(parsed(token).compare(parsed(other)), 0);
    },
    many,
  );

  it.prop(
    "adds, subtracts, multiplies and compares exactly",
    {
      a: Schema.Tuple([digits(1, 22), digit, exponent, Schema.Boolean]),
      b: Schema.Tuple([digits(1, 22), digit, exponent, Schema.Boolean]),
    },
    ({ a, b }) => {
      const [left, right] = [tokenOf(...a), tokenOf(...b)];
      const [x, y] = [parsed(left.token), parsed(right.token)];
      const scale = Math.max(left.exact.scale, right.exact.scale);
      const [m, n] = [at(left.exact, scale), at(right.exact, scale)];
      assert.isTrue(same(x.plus(y), { unscaled: m + n, scale }));
      assert.isTrue(same(x.minus(y), { unscaled: m - n, scale }));
      assert.isTrue(
        same(x.times(y), { unscaled: left.exact.unscaled * right.exact.unscaled, scale: left.exact.scale + right.exact.scale }),
      );
      assert.isTrue(same(x.negate(), { unscaled: -m, scale }));
      assert.strictEqual(Math.sign(x.compare(y)), m === n ? 0 : m < n ? -1 : 1);
      assert.deepStrictEqual(x.minus(x), Decimal.zero);
      assert.deepStrictEqual(x.plus(y).minus(y), x);
    },
    many,
  );

  it.each([
    ["1.16539E8", "116539000"],
    ["6E-8", "0.00000006"],
    ["1e+5", "100000"],
    ["91368000.0", "91368000"],
    ["-0.50", "-0.5"],
    ["-0", "0"],
    ["0e5", "0"],
    ["0.000E-9", "0"],
    ["-0.0E+12", "0"],
    ["9007199254740993", "9007199254740993"],
    ["90071992547409.93", "90071992547409.93"],
    ["1234567890123.123456789", "1234567890123.123456789"],
    ["5e-324", `0.${"0".repeat(323)}5`],
  ])("prints %s as %s", (token, plain) => {
    assert.strictEqual(parsed(token).toString(), plain);
  });

  it("keeps a mantissa as a number up to 2^53 - 1 and as a bigint above, on both signs", () => {
    assert.strictEqual(parsed("9007199254740991").mantissa, 9007199254740991);
    assert.strictEqual(parsed("9007199254740993").mantissa, 9007199254740993n);
    assert.strictEqual(parsed("-9007199254740991").mantissa, -9007199254740991);
    assert.strictEqual(parsed("-9007199254740993").mantissa, -9007199254740993n);
    assert.deepStrictEqual(parsed("9007199254740992").minus(parsed("1")), parsed("9007199254740991"));
  });

  it("tells two numbers apart that are one double", () => {
    const [a, b] = [parsed("17626391070740001"), parsed("17626391070740000")];
    assert.strictEqual(a.number, b.number);
    assert.isAbove(a.compare(b), 0);
    assert.isFalse(a.equals(b));
  });

  // JSON forbids leading zeros, so a token that has them did not come from a number.
  it.each([
    "01",
    "-01",
    "00",
    "",
    " 1",
    "1 ",
    "1\n",
    "+1",
    ".5",
    "1.",
    "1e",
    "1e+",
    "e5",
    "NaN",
    "Infinity",
    "0x10",
    "1_000",
    "1,5",
    "--1",
    "１",
  ])("refuses %j", (token) => {
    assert.isUndefined(Decimal.parse(token));
  });

  it.each([
    ["an exponent beyond every price", "1e999999"],
    ["a negative one", "1e-999999"],
    ["one with more digits than the pattern allows", "1e0000005"],
    ["500 digits", "9".repeat(500)],
    ["500 decimals", `0.${"0".repeat(499)}1`],
    ["a number beyond every double", "1e309"],
    ["the same written out", "9".repeat(320)],
  ])("refuses %s", (_name, token) => {
    assert.isUndefined(Decimal.parse(token));
  });

  it("reads doubles as they print and refuses those that are no number", () => {
    assert.strictEqual(Decimal.fromNumber(0.1)?.toString(), "0.1");
    assert.strictEqual(Decimal.fromNumber(1e21)?.toString(), "1000000000000000000000");
    assert.strictEqual(Decimal.fromNumber(-0)?.toString(), "0");
    for (const none of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) assert.isUndefined(Decimal.fromNumber(none));
  });

  it("throws on a literal that is no number, and quotes at most 40 characters of it", () => {
    assert.throws(() => Decimal.of("1.2.3"), RangeError, "Not a decimal number: 1.2.3");
    assert.throws(() => Decimal.of("x".repeat(1_000)), RangeError, `Not a decimal number: ${"x".repeat(40)}`);
  });

  it.prop("goes through JSON unchanged", anyToken, ({ list, point, exponent, negative }) => {
    const value = parsed(tokenOf(list, point, exponent, negative).token);
    const codec = Schema.toCodecJson(Decimal.schema);
    const json = JSON.parse(JSON.stringify(Schema.encodeSync(codec)(value))) as string;
    assert.strictEqual(json, value.toString());
    assert.strictEqual(JSON.stringify(value), JSON.stringify(json));
    assert.deepStrictEqual(Schema.decodeUnknownSync(codec)(json), value);
  });

  it.each(["", "abc", "01", "1e999"])("does not decode the JSON string %j", (text) => {
    assert.throws(() => Schema.decodeUnknownSync(Schema.toCodecJson(Decimal.schema))(text), /Expected a decimal number/);
  });

  it("becomes the same BigDecimal once, and stays equal to a decimal that never did", () => {
    const value = parsed("1234567890123.123456789");
    const big = value.toBigDecimal();
    assert.isTrue(BigDecimal.Equivalence(big, BigDecimal.fromStringUnsafe("1234567890123.123456789")));
    assert.strictEqual(value.toBigDecimal(), big);
    assert.deepStrictEqual(value, parsed("1234567890123.1234567890"));
  });
});
