import { assert, describe, it } from "vitest";
import { Decimal } from "../../src/domain/Decimal.ts";
import { compareAnswers } from "../../src/shadow/compareAnswers.ts";

const d = Decimal.of;
const verdict = (kind: "ticker" | "orderbook" | "trades" | "candles", first: unknown, second: unknown) => {
  const { newerMs, verdict: said } = compareAnswers(kind, first, second);
  return [said, newerMs];
};

const ticker = (price: string, tradeTimeMs: number, timestampMs = tradeTimeMs) => ({ price: d(price), tradeTimeMs, timestampMs });
const book = (timestampMs: number, ...asks: ReadonlyArray<string>) => ({
  timestampMs,
  asks: asks.map((price) => ({ price: d(price), size: d("1") })),
  bids: [{ price: d("9"), size: d("1") }],
});
const trade = (id: string, price: string, tradeTimeMs: number) => ({ id, price: d(price), volume: d("1"), side: "buy", tradeTimeMs });
const candle = (openTimeMs: number, close: string, lastTradeTimeMs: number) => ({
  ...{ openTimeMs, lastTradeTimeMs, open: d("1"), high: d("9"), low: d("1") },
  close: d(close),
});

describe("two answers to one question", () => {
  it("about a ticker are of one moment when they tell of the same trade", () => {
    assert.deepStrictEqual(verdict("ticker", ticker("10", 5), ticker("10.0", 5, 900)), ["equal", 0]);
    assert.deepStrictEqual(verdict("ticker", ticker("10", 5), ticker("11", 5)), ["different", 0]);
    assert.deepStrictEqual(
      verdict("ticker", ticker("10", 5, 5), ticker("11", 5, 6)),
      ["moved", 0],
      "another trade of the same millisecond",
    );
    assert.deepStrictEqual(verdict("ticker", ticker("10", 5), ticker("11", 9)), ["moved", 4]);
    assert.deepStrictEqual(verdict("ticker", ticker("10", 9), ticker("11", 5)), ["behind", -4]);
  });

  it("about a book are compared at the same time, to the depth that both have", () => {
    assert.deepStrictEqual(verdict("orderbook", book(5, "10", "11"), book(5, "10", "11")), ["equal", 0]);
    assert.deepStrictEqual(verdict("orderbook", book(5, "10"), book(5, "10", "11")), ["equal", 0]);
    assert.deepStrictEqual(verdict("orderbook", book(5, "10", "11"), book(5, "10")), ["equal", 0]);
    assert.deepStrictEqual(verdict("orderbook", book(5, "10"), book(5, "12")), ["different", 0]);
    assert.deepStrictEqual(verdict("orderbook", book(5, "10"), book(8, "12")), ["moved", 3]);
    assert.deepStrictEqual(verdict("orderbook", book(8, "10"), book(5, "12")), ["behind", -3]);
  });

  it("about trades differ when one trade is told in two ways", () => {
    const list = [trade("1", "10", 1), trade("2", "11", 2)];
    assert.deepStrictEqual(verdict("trades", list, list), ["equal", 0]);
    assert.deepStrictEqual(verdict("trades", list, [...list, trade("3", "12", 5)]), ["moved", 3]);
    assert.deepStrictEqual(verdict("trades", list, list.slice(0, 1)), ["behind", -1]);
    assert.deepStrictEqual(verdict("trades", list, [trade("1", "10", 1), trade("2", "99", 2)]), ["different", 0]);
    assert.deepStrictEqual(verdict("trades", [], []), ["equal", 0]);
  });

  it("about candles differ when a window without another trade has another price", () => {
    const rows = [candle(0, "5", 50), candle(60, "6", 70)];
    assert.deepStrictEqual(verdict("candles", rows, rows), ["equal", 0]);
    assert.deepStrictEqual(verdict("candles", rows, [candle(0, "5", 50), candle(60, "7", 75)]), ["moved", 5]);
    assert.deepStrictEqual(verdict("candles", rows, [candle(60, "6", 70), candle(120, "6", 130)]), ["moved", 60]);
    assert.deepStrictEqual(verdict("candles", rows, [candle(0, "4", 50), candle(60, "6", 70)]), ["different", 0]);
    assert.deepStrictEqual(verdict("candles", rows, [candle(0, "5", 50), candle(60, "5", 65)]), ["behind", -5]);
  });
});
