/** Numbers by themselves, in every shape that digits, zeros, a point and an exponent can give them, against whole-number arithmetic. */
import { assert, describe, it } from "@effect/vitest";
import { Decimal } from "@naru/router/domain/Decimal";
import { NumberScanner } from "../../../src/decode/scan/NumberScanner.ts";
import { isExactly } from "../../judge.ts";

const digits = "1234567890123456789012345";

/** Digits that end in so many zeros. */
const run = (length: number, zeros: number): string => digits.slice(0, Math.max(0, length - zeros)) + "0".repeat(Math.min(length, zeros));

const tokens = function* (): Generator<string> {
  for (const sign of ["", "-"])
    for (let whole = 1; whole <= 20; whole++)
      for (const wholeZeros of [0, 1, 3, 8])
        for (const exponent of ["", "E8", "e-05"]) {
          const front = whole <= wholeZeros ? "0" : run(whole, wholeZeros);
          yield sign + front + exponent;
          for (let fraction = 1; fraction <= 20; fraction++)
            for (const zeros of [0, 1, 7, fraction]) {
              yield `${sign}${front}.${run(fraction, zeros)}${exponent}`;
              yield `${sign}0.${"0".repeat(whole)}${run(fraction, zeros)}${exponent}`;
            }
        }
};

describe("a number from bytes", () => {
  const scanner = new NumberScanner(1_024);
  const put = (token: string): void => {
    scanner.bytes.fill(0);
    scanner.bytes.set(new TextEncoder().encode(`${token},`));
  };

  it("is exactly what its digits say, in lowest form, wherever the zeros, the point and the exponent stand", () => {
    let [read, left] = [0, 0];
    for (const token of tokens()) {
      put(token);
      const end = scanner.decimal(0, 3);
      if (end < 0) {
        left++;
        assert.strictEqual(scanner.cause, "digits", token);
        // More than the exchange prints, and nothing that it does print.
        assert.isAbove(
          token
            .replace(/[eE].*/, "")
            .replace(/[-.]/g, "")
            .replace(/^0+|0+$/g, "").length,
          22,
          token,
        );
        continue;
      }
      read++;
      const value = scanner.decimalAt(3);
      assert.strictEqual(end, token.length, token);
      assert.deepStrictEqual(value, Decimal.of(token), token);
      assert.isTrue(isExactly(token, value), token);
    }
    assert.isAbove(read, 50_000);
    assert.isAbove(left, 100);
  });

  it("stands beside none that was read before it", () => {
    put("123909085190.7967512345");
    scanner.decimal(0, 1);
    put("7");
    scanner.decimal(0, 2);
    assert.deepStrictEqual([scanner.decimalAt(1), scanner.decimalAt(2)], [Decimal.of("123909085190.7967512345"), Decimal.of("7")]);
  });

  it("is none where JSON has none, and is left where it is longer than any", () => {
    for (const [token, cause] of [
      ["01", "syntax"],
      ["1.", "syntax"],
      [".5", "value"],
      ["-", "value"],
      ["+1", "value"],
      ["1e", "syntax"],
      ["1E31", "digits"],
      ["1E0000005", "digits"],
      [`0.${"0".repeat(400)}1`, "digits"],
      [`1${"0".repeat(400)}`, "digits"],
      [`0.${"0".repeat(400)}`, "digits"],
    ] as const) {
      put(token);
      assert.deepStrictEqual([scanner.decimal(0, 0), scanner.cause], [-1, cause], token);
    }
  });
});
