import { assert, describe, it } from "@effect/vitest";
import { makeCatalogue } from "../../src/market/Catalogue.ts";
import { parseUnits, type Quote, TickTable } from "../../src/market/TickSize.ts";
import { plain } from "../../src/wire/Spelling.ts";

const tickAt = (quote: Quote, price: string): string => {
  const decimals = Number(price) > 1_000_000 ? 0 : 8;
  return plain(new TickTable(quote, decimals).at(parseUnits(price, decimals)!), decimals);
};

describe("tick sizes", () => {
  it.each([
    ["KRW", "114000000", "1000"],
    ["KRW", "2000000", "1000"],
    ["KRW", "1000000", "1000"],
    ["KRW", "999999", "500"],
    ["KRW", "500000", "500"],
    ["KRW", "499999", "100"],
    ["KRW", "100000", "100"],
    ["KRW", "99999", "50"],
    ["KRW", "50000", "50"],
    ["KRW", "49999", "10"],
    ["KRW", "10000", "10"],
    ["KRW", "9999", "5"],
    ["KRW", "5000", "5"],
    ["KRW", "4999", "1"],
    ["KRW", "100", "1"],
    ["KRW", "99.9", "0.1"],
    ["KRW", "10", "0.1"],
    ["KRW", "9.99", "0.01"],
    ["KRW", "0.999", "0.001"],
    ["KRW", "0.0999", "0.0001"],
    ["KRW", "0.00999", "0.00001"],
    ["KRW", "0.000999", "0.000001"],
    ["KRW", "0.0000999", "0.0000001"],
    ["KRW", "0.00000999", "0.00000001"],
    ["BTC", "0.04", "0.00000001"],
    ["USDT", "78500", "0.01"],
    ["USDT", "9.999", "0.001"],
    ["USDT", "0.9999", "0.0001"],
    ["USDT", "0.01", "0.00001"],
    ["USDT", "0.00000999", "0.00000001"],
  ] as const)("at %s %s is %s", (quote, price, tick) => {
    assert.strictEqual(tickAt(quote, price), tick);
  });

  it("steps from band to band without leaving the grid", () => {
    const table = new TickTable("KRW", 2);
    assert.strictEqual(table.up(999_900), 1_000_000); // 9,999.00 is not on the grid of 5: 10,000
    assert.strictEqual(table.up(1_000_000), 1_001_000);
    assert.strictEqual(table.down(1_000_000), 999_500);
    assert.strictEqual(table.down(1), 0);
  });
});

describe("the catalogue", () => {
  it("lists at least thirty markets over three quote currencies, each once, with both names", () => {
    const markets = makeCatalogue(1);
    assert.isAtLeast(markets.length, 30);
    assert.deepStrictEqual([...new Set(markets.map((spec) => spec.quote))], ["KRW", "BTC", "USDT"]);
    assert.strictEqual(new Set(markets.map((spec) => spec.code)).size, markets.length);
    for (const spec of markets) {
      assert.match(spec.korean, /[가-힣]/);
      assert.match(spec.english, /^[\w ]+$/);
      assert.isAbove(spec.reference, 0);
      assert.strictEqual(spec.bookPeriodMs % 100, 0);
    }
  });
});
