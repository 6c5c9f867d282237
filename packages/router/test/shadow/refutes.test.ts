import { assert, describe, it } from "vitest";
import { Decimal } from "../../src/domain/Decimal.ts";
import { marginMs, refutes } from "../../src/shadow/refutes.ts";

const d = Decimal.of;
const ticker = (price: string, tradeTimeMs: number, timestampMs = tradeTimeMs) => ({ price: d(price), tradeTimeMs, timestampMs });
const book = (timestampMs: number, ask: string) => ({ timestampMs, asks: [{ price: d(ask), size: d("1") }], bids: [] });
const trade = (id: string, price: string, tradeTimeMs: number) => ({ id, price: d(price), volume: d("1"), side: "buy", tradeTimeMs });

describe("what REST says of a key", () => {
  it("refutes the socket where the market moved clearly before the moment for which its value was held to be current", () => {
    const claimedMs = 10_000;
    const [just, before] = [claimedMs - marginMs + 1, claimedMs - marginMs];
    for (const [kind, said, moved] of [
      ["ticker", ticker("10", 5), (ms: number) => ticker("11", ms)],
      ["orderbook", book(5, "10"), (ms: number) => book(ms, "11")],
      ["trades", [trade("1", "10", 5)], (ms: number) => [trade("1", "10", 5), trade("2", "11", ms)]],
    ] as const) {
      assert.isTrue(refutes(kind, said, moved(before), claimedMs), kind);
      assert.isFalse(refutes(kind, said, moved(just), claimedMs), kind);
      assert.isFalse(refutes(kind, moved(before), said, claimedMs), `${kind}, which the socket knows better`);
      assert.isFalse(refutes(kind, said, said, claimedMs), kind);
    }
  });

  it("refutes another price of the same trade, and another book of the same moment, at any time", () => {
    assert.isTrue(refutes("ticker", ticker("10", 5), ticker("11", 5), 0));
    assert.isTrue(refutes("orderbook", book(5, "10"), book(5, "11"), 0));
    assert.isTrue(refutes("trades", [trade("1", "10", 5)], [trade("1", "11", 5)], 0));
    // By the time of the row there might have been a second trade in the same millisecond: the frame of that may be on its way.
    assert.isFalse(refutes("ticker", ticker("10", 5, 5), ticker("11", 5, 900), 1_000));
    assert.isTrue(refutes("ticker", ticker("10", 5, 5), ticker("11", 5, 900), 5 + marginMs));
  });

  it("refutes neither a book whose time alone went on, nor the order of trades of one millisecond, nor candles", () => {
    assert.isFalse(refutes("orderbook", book(5, "10"), book(900, "10"), 60_000));
    assert.isFalse(refutes("trades", [trade("2", "10", 5)], [trade("2", "10", 5), trade("1", "10", 5)], 60_000));
    const candle = (close: string) => [{ openTimeMs: 0, lastTradeTimeMs: 7, open: d("1"), high: d("9"), low: d("1"), close: d(close) }];
    assert.isFalse(refutes("candles", candle("2"), candle("3"), 60_000));
  });
});
