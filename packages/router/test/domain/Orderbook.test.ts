/** What is computed from a book: spread, crossing, and totals of a book that was cut. */
import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import { Decimal } from "../../src/domain/Decimal.ts";
import { Orderbook, trimOrderbook } from "../../src/domain/Orderbook.ts";
import { book } from "../samples.ts";

describe("makeOrderbook", () => {
  it("computes the spread exactly and its percentage of the mid, and neither for a book with an empty side (R004-39)", () => {
    const full = book([["101", "1"]], [["99", "2"]]);
    assert.deepStrictEqual(full.spread, Decimal.of("2"));
    assert.strictEqual(full.spreadPercent, 2);
    assert.isFalse(full.crossed);
    assert.deepStrictEqual([full.totalAskSize, full.totalBidSize], [Decimal.of("1"), Decimal.of("2")]);
    for (const oneSided of [book([], []), book([["101", "1"]], []), book([], [["99", "1"]])]) {
      assert.isNull(oneSided.spread);
      assert.isNull(oneSided.spreadPercent);
      assert.isFalse(oneSided.crossed);
      assert.doesNotThrow(() => Schema.decodeUnknownSync(Orderbook)(oneSided));
    }
  });

  it("has a spread that no double could hold", () => {
    const { spread } = book([["1234567890.123456789", "1"]], [["1234567890.123456788", "1"]]);
    assert.strictEqual(spread?.toString(), "0.000000001");
  });

  it("marks a crossed and a locked book, and shows the negative spread instead of hiding it", () => {
    const crossed = book([["99", "1"]], [["101", "1"]]);
    assert.isTrue(crossed.crossed);
    assert.deepStrictEqual(crossed.spread, Decimal.of("-2"));
    assert.strictEqual(crossed.spreadPercent, -2);
    const locked = book([["100", "1"]], [["100.0", "1"]]);
    assert.isTrue(locked.crossed);
    assert.deepStrictEqual(locked.spread, Decimal.zero);
  });
});

describe("trimOrderbook", () => {
  const deep = book(
    [
      ["101", "0.1"],
      ["102", "0.2"],
      ["103", "0.4"],
    ],
    [["99", "1.5"]],
  );

  it("cuts each side, sums again what is shown, and leaves the rest alone", () => {
    const cut = trimOrderbook(deep, 2);
    assert.deepStrictEqual(
      cut.asks.map(({ price }) => price.number),
      [101, 102],
    );
    assert.deepStrictEqual(cut.totalAskSize, Decimal.of("0.3"));
    assert.deepStrictEqual(cut.bids, deep.bids);
    assert.deepStrictEqual(cut.totalBidSize, Decimal.of("1.5"));
    assert.deepStrictEqual([cut.spread, cut.crossed, cut.timestampMs], [deep.spread, deep.crossed, deep.timestampMs]);
    assert.strictEqual(deep.asks.length, 3);
  });

  it("is the book itself when that is no deeper", () => {
    assert.strictEqual(trimOrderbook(deep, 3), deep);
    assert.strictEqual(trimOrderbook(deep, 30), deep);
  });
});
