import { assert, describe, it } from "@effect/vitest";
import { Sequence } from "../../src/market/Hash.ts";
import { totalSize } from "../../src/wire/BookSides.ts";
import { isoDate, isoSeconds, kstOffsetMs, parseTimeOfDay, parseTo, timeOfDay } from "../../src/wire/Dates.ts";
import { fixed, java, money, plain, pointed, ratio, spellers, type SpellingMode } from "../../src/wire/Spelling.ts";

describe("numbers", () => {
  it("spells like the recorded wire", () => {
    assert.strictEqual(fixed(36_956_000, 0), "36956000.00000000");
    assert.strictEqual(fixed(496_021_665, 8), "4.96021665");
    assert.strictEqual(java(116_539_000, 0), "1.16539E8");
    assert.strictEqual(java(79_276, 8), "7.9276E-4");
    assert.strictEqual(java(50_000, 8), "5.0E-4");
    assert.strictEqual(java(6, 8), "6.0E-8");
    assert.strictEqual(java(6_288_509, 8), "0.06288509");
    assert.strictEqual(java(100_000, 8), "0.001");
    assert.strictEqual(java(9_999_999, 0), "9999999.0");
    assert.strictEqual(java(10_000_000, 0), "1.0E7");
    assert.strictEqual(java(0, 8), "0.0");
    assert.strictEqual(java(-136_000_000, 0), "-1.36E8");
    assert.strictEqual(pointed(91_361_000, 0), "91361000.0");
    assert.strictEqual(plain(689, 8), "0.00000689");
    assert.strictEqual(fixed(-136_000, 0), "-136000.00000000");
    assert.strictEqual(fixed(3_718_990_623_968_317_623_000n, 8), "37189906239683.17623000");
    assert.strictEqual(ratio(4_559_000, 106_400_000), "0.0428477444");
    assert.strictEqual(ratio(-224_000, 91_424_000), "-0.0024501225");
  });

  it("rounds to a double only in Java's spelling of what no double holds, as Java does", () => {
    assert.strictEqual(java(3_718_990_623_968_317_623_000n, 8), "3.718990623968318E13");
    assert.strictEqual(java(12_345_678_901_234_567n, 16), "1.2345678901234567");
    assert.strictEqual(java(12_345_678_901_234_567_891n, 13), "1234567.8901234567");
    assert.strictEqual(java(1_000_000_000_000_000_001n, 12), "1000000.0");
  });

  it("spells everything one way in a forced mode", () => {
    const spelled = (mode: SpellingMode) => {
      const { plain, pointed, fixed, java, money, ratio } = spellers[mode];
      return [plain(5, 8), pointed(12, 0), fixed(1, 0, 16), java(10_000_000, 0), money(1n, 16), ratio(-1, 3, 4)];
    };
    const sixteen = "0.0000000000000001";
    assert.deepStrictEqual(spelled("plain"), ["0.00000005", "12", "1", "10000000", sixteen, "-0.3333"]);
    assert.deepStrictEqual(spelled("fixed"), ["0.00000005", "12.00000000", "1.00000000", "10000000.00000000", sixteen, "-0.33330000"]);
    assert.deepStrictEqual(spelled("java"), ["5.0E-8", "12.0", "1.0", "1.0E7", "1.0E-16", "-0.3333"]);
    assert.deepStrictEqual(spelled("wire"), ["0.00000005", "12.0", "1.0000000000000000", "1.0E7", sixteen, "-0.3333"]);
  });

  it("keeps money exact: eight decimals where they suffice, sixteen where not", () => {
    assert.strictEqual(money(10_051_524_220_758_000n, 8), "100515242.20758000");
    assert.strictEqual(money(12_345_678_901_234_567n, 16), "1.2345678901234567");
    assert.strictEqual(money(12_345_678_900_000_000n, 16), "1.23456789");
  });
});

/** The spellings written with patterns, slowly and plainly, to hold the fast ones against. */
const slow = (() => {
  const split = (units: bigint | number, decimals: number) => {
    const text = units.toString();
    const sign = text.startsWith("-") ? "-" : "";
    const digits = text.slice(sign.length).padStart(decimals + 1, "0");
    return { sign, whole: digits.slice(0, digits.length - decimals), fraction: digits.slice(digits.length - decimals) };
  };
  const plain = (units: bigint | number, decimals: number): string => {
    const { sign, whole, fraction } = split(units, decimals);
    const kept = fraction.replace(/0+$/, "");
    return kept === "" ? sign + whole : `${sign}${whole}.${kept}`;
  };
  const pointed = (units: bigint | number, decimals: number): string => {
    const text = plain(units, decimals);
    return text.includes(".") ? text : `${text}.0`;
  };
  const fixed = (units: bigint | number, decimals: number, places = 8): string => {
    const { sign, whole, fraction } = split(units, decimals);
    return `${sign}${whole}.${fraction.slice(0, places).padEnd(places, "0")}${fraction.slice(places).replace(/0+$/, "")}`;
  };
  const java = (units: bigint | number, decimals: number): string => {
    const { sign, whole, fraction } = split(units, decimals);
    const digits = (whole + fraction).replace(/^0+/, "");
    if (digits === "") return "0.0";
    const exponent = digits.length - 1 - fraction.length;
    // What a double cannot hold is printed by its shortest digits.
    if (digits.replace(/0+$/, "").length > 15) {
      const value = Number(`${sign}${whole}.${fraction}`);
      const shortest = value.toExponential().replace("e+", "e").split("e");
      const power = Number(shortest[1]);
      if (power < -3 || power >= 7) return `${shortest[0]?.includes(".") === true ? shortest[0] : `${shortest[0]}.0`}E${power}`;
      return /[.]/.test(String(value)) ? String(value) : `${value}.0`;
    }
    if (exponent >= -3 && exponent < 7) return pointed(units, decimals);
    return `${sign}${digits[0]}.${digits.slice(1).replace(/0+$/, "") || "0"}E${exponent}`;
  };
  return { plain, pointed, fixed, java };
})();

describe("fast spelling", () => {
  it("is the slow spelling for random numbers of every length, sign and number of decimals", () => {
    const random = new Sequence(11);
    for (let i = 0; i < 8_000; i++) {
      const units = Math.floor(random.next() * 10 ** Math.ceil(random.next() * 15)) * 10 ** Math.floor(random.next() * 4);
      if (!Number.isSafeInteger(units)) continue;
      const decimals = Math.floor(random.next() * 17);
      const places = Math.floor(random.next() * 17);
      for (const value of [units, -units, BigInt(units) * 1_000_000_007n, -BigInt(units)]) {
        const what = `${value} with ${decimals} decimals`;
        assert.strictEqual(plain(value, decimals), slow.plain(value, decimals), `plain ${what}`);
        assert.strictEqual(pointed(value, decimals), slow.pointed(value, decimals), `pointed ${what}`);
        assert.strictEqual(fixed(value, decimals, places), slow.fixed(value, decimals, places), `fixed ${what} to ${places}`);
        assert.strictEqual(java(value, decimals), slow.java(value, decimals), `java ${what}`);
      }
    }
  });

  it("adds the sizes of a side exactly, also beyond what a double holds", () => {
    const side = (...sizes: ReadonlyArray<number>) => sizes.map((size) => ({ price: 1, size }));
    assert.strictEqual(fixed(totalSize(side(150_000_000, 1)), 8), "1.50000001");
    assert.strictEqual(fixed(totalSize(side(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 2)), 8), "180143985.09481984");
  });
});

describe("dates", () => {
  it("reads a candle's to in its three forms and nothing else", () => {
    const at = Date.UTC(2025, 5, 24, 4, 56, 53);
    for (const text of ["2025-06-24T04:56:53Z", "2025-06-24 04:56:53", "2025-06-24T04:56:53", "2025-06-24T13:56:53+09:00"])
      assert.strictEqual(parseTo(text), at, text);
    for (const text of ["2025-06-24T13:56:53 09:00", "2025-06-24T04:56:53.5Z", "2025-02-31T00:00:00Z", "2025-06-24", "now"])
      assert.isUndefined(parseTo(text), text);
    assert.strictEqual(parseTo("2025-06-24T13:56:53", kstOffsetMs), at);
    assert.strictEqual(parseTo("2025-06-24T04:56:53Z", kstOffsetMs), at);
    assert.strictEqual(isoSeconds(at), "2025-06-24T04:56:53");
  });

  it("reads a time of day with and without colons", () => {
    assert.strictEqual(parseTimeOfDay("235959"), 86_399_000);
    assert.strictEqual(parseTimeOfDay("00:00:01"), 1_000);
    for (const text of ["24:00:00", "1:2:3", "12:60:00", ""]) assert.isUndefined(parseTimeOfDay(text), text);
  });

  it("are written as JavaScript writes them, whatever day was written before", () => {
    const days = [
      0,
      59_999,
      86_399_999,
      86_400_000,
      Date.UTC(2024, 1, 29, 23, 59, 59, 999),
      Date.UTC(2026, 0, 5, 3),
      Date.UTC(9999, 11, 31, 12),
    ];
    for (let i = 0; i < 2_000; i++) days.push(i * 7_654_321_987, -i * 98_765_431);
    for (const ms of days) {
      const text = new Date(ms).toISOString();
      assert.deepStrictEqual([isoSeconds(ms), isoDate(ms), timeOfDay(ms)], [text.slice(0, 19), text.slice(0, 10), text.slice(11, 19)]);
    }
  });
});
