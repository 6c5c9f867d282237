import { assert, describe, it } from "@effect/vitest";
import { Decimal } from "../../src/domain/Decimal.ts";
import type { Market } from "../../src/domain/Market.ts";
import { makeOrderbook, type Orderbook } from "../../src/domain/Orderbook.ts";
import { isRepeated } from "../../src/stream/frames.ts";

const level = (price: string, size: string) => ({ price: Decimal.of(price), size: Decimal.of(size) });
const book = (change: Partial<Orderbook> = {}): Orderbook => ({
  ...makeOrderbook({
    market: "KRW-BTC" as Market,
    timestampMs: 1,
    asks: [level("101", "1"), level("102", "12345678901234567.89")],
    bids: [level("100", "2")],
    totalAskSize: Decimal.of("2"),
    totalBidSize: Decimal.of("2"),
  }),
  ...change,
});

describe("isRepeated", () => {
  it("is the same state told again, however it is made, and nothing is a repetition of nothing", () => {
    assert.isTrue(isRepeated(book(), book()));
    assert.isFalse(isRepeated(undefined, book()));
  });

  it("is not a state of another moment, nor one in which anything at any depth is different, more or less", () => {
    const others: ReadonlyArray<Partial<Orderbook>> = [
      { timestampMs: 2 },
      { totalBidSize: Decimal.of("2.1") },
      { asks: [level("101", "1")] },
      { asks: [level("101", "1"), level("102", "12345678901234567.88")] },
      { bids: [level("100.0", "3")] },
      { level: Decimal.zero },
      { spread: null },
      { crossed: true },
    ];
    for (const other of others) {
      assert.isFalse(isRepeated(book(), book(other)), JSON.stringify(other));
      assert.isFalse(isRepeated(book(other), book()), JSON.stringify(other));
    }
  });
});
