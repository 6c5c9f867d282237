import { assert, describe, it } from "@effect/vitest";
import { makeCatalogue } from "../../src/market/Catalogue.ts";
import { tickerFigures } from "../../src/market/Figures.ts";
import { dayMs, minuteMs } from "../../src/market/MarketTape.ts";
import { endOf } from "../../src/market/Trade.ts";
import { chooseMarkets, largestRate, maxMarkets } from "../../src/market/WideCatalogue.ts";
import { World } from "../../src/market/World.ts";

const start = Date.UTC(2024, 6, 1);
const now = Date.UTC(2026, 0, 5, 3, 17, 42, 123);

describe("a wide catalogue", () => {
  it("has the real venue's size and proportion at 850: the hand-written markets first, then made-up ones, each once, with both names", () => {
    const [wide, written] = [chooseMarkets(1, { count: 850 }), makeCatalogue(1)];
    const count = (quote: string) => wide.filter((spec) => spec.quote === quote).length;
    assert.deepStrictEqual([wide.length, count("KRW"), count("BTC"), count("USDT")], [850, 288, 326, 236]);
    assert.deepStrictEqual(
      wide.slice(0, written.length).map((spec) => spec.code),
      written.map((spec) => spec.code),
    );
    assert.strictEqual(new Set(wide.map((spec) => spec.code)).size, 850);
    for (const spec of wide) {
      assert.match(spec.code, /^(KRW|BTC|USDT)-[A-Z0-9]+$/);
      assert.match(spec.korean, /[가-힣]/);
      assert.match(spec.english, /^[\w ]+$/);
      assert.isTrue(Number.isSafeInteger(spec.reference) && spec.reference > 0, spec.code);
    }
  });

  it("names the same markets under every seed, and every count is a beginning of a larger one's hand-written part", () => {
    const codes = (seed: number, count: number) => chooseMarkets(seed, { count }).map((spec) => spec.code);
    assert.deepStrictEqual(codes(1, 200), codes(99, 200));
    for (const count of [1, 22, 36, 37, 50, 100, maxMarkets]) assert.strictEqual(new Set(codes(1, count)).size, count);
    assert.deepStrictEqual(codes(1, 3), ["KRW-BTC", "KRW-ETH", "KRW-XRP"]);
  });

  it("picks markets by code, making up those it does not know, and sets how busy they are", () => {
    const markets = chooseMarkets(1, { codes: ["BTC-ETH", "KRW-NEW", "KRW-BTC"], rate: 3, rates: { "KRW-BTC": 0, "KRW-NEW": 1_200 } });
    assert.deepStrictEqual(
      markets.map((spec) => [spec.code, spec.rate]),
      [
        ["BTC-ETH", 0.4 * 3],
        ["KRW-NEW", 1_200],
        ["KRW-BTC", 0],
      ],
    );
    assert.strictEqual(markets[1]?.bookPeriodMs, 100);
  });

  it.each([
    [{ count: 0 }, /0 markets/],
    [{ count: maxMarkets + 1 }, /901 markets/],
    [{ codes: ["BTC"] }, /BTC is no code/],
    [{ codes: ["EUR-BTC"] }, /EUR-BTC is no code/],
    [{ rates: { "KRW-NOPE": 1 } }, /KRW-NOPE, which is no market/],
    [{ rate: -1 }, /cannot have -24 trades a minute/],
    [{ rates: { "KRW-BTC": largestRate + 1 } }, /at most 2990/],
    [{ rate: Number.NaN }, /NaN trades/],
  ])("refuses %o", (options, message) => {
    assert.throws(() => chooseMarkets(1, options), message);
  });
});

describe("how busy markets are", () => {
  it("trades about as often as was asked, with exact sums at 20 trades a second", () => {
    const world = new World(1, start, { codes: ["KRW-BTC", "KRW-SHIB"], rates: { "KRW-BTC": 1_200, "KRW-SHIB": 1_200 } });
    for (const { code } of world.markets) {
      const tape = world.tape(code)!;
      const from = Math.floor(now / minuteMs) * minuteMs - 30 * minuteMs;
      let [count, volume, money] = [0, 0n, 0n];
      for (let i = 0; i < 30; i++) {
        for (const { price, size } of tape.tradesOf(from + i * minuteMs)) {
          count++;
          volume += BigInt(size);
          money += BigInt(price) * BigInt(size);
        }
      }
      const fold = tape.fold(from, endOf(from + 30 * minuteMs - 1))!;
      assert.deepStrictEqual([fold.count, fold.volume, fold.money], [count, volume, money]);
      assert.isTrue(count / 30 > 600 && count / 30 < 1_800, `${count / 30} trades a minute`);
    }
  });

  it("has silent markets that are listed and never traded, found out at once", () => {
    const world = new World(1, start, { rates: { "KRW-BTC": 0 } });
    const tape = world.tape("KRW-BTC")!;
    assert.isUndefined(tape.last(endOf(now)));
    assert.isUndefined(tape.next(endOf(start), now));
    assert.isUndefined(tape.fold(start, endOf(now)));
    assert.isUndefined(tickerFigures(tape, endOf(now)));
    tape.insert(now - 40 * dayMs, 100_000_000, 5, true);
    assert.strictEqual(tape.last(endOf(now))?.size, 5);
    assert.strictEqual(tape.next(endOf(start), now)?.size, 5);
    assert.strictEqual(tape.fold(start, endOf(now))?.count, 1);
  });
});
