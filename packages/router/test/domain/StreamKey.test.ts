/** Names of live keys: different keys never share one, and depth is no part of it. */
import { assert, describe, it } from "@effect/vitest";
import { intervals } from "../../src/domain/Interval.ts";
import { coveringDepth, depthOf, keyId, sameKeys, type StreamKey } from "../../src/domain/StreamKey.ts";
import { btc, marketOf } from "../samples.ts";

const keysOf = (code: string): ReadonlyArray<StreamKey> => [
  { kind: "ticker", market: marketOf(code) },
  { kind: "trades", market: marketOf(code) },
  { kind: "orderbook", market: marketOf(code), levels: 15 },
  ...intervals.map((interval) => ({ kind: "candles", market: marketOf(code), interval }) as const),
];

describe("StreamKey", () => {
  it("gives every key a name of its own, minutes and months included", () => {
    const keys = ["KRW-BTC", "KRW-BTC1", "BTC-KRW1", "USDT-BTC"].flatMap(keysOf);
    assert.strictEqual(new Set(keys.map(keyId)).size, keys.length);
  });

  it("keeps one name for a book of any depth, and covers the depth asked for", () => {
    const at = (levels: number): StreamKey => ({ kind: "orderbook", market: btc, levels });
    assert.strictEqual(keyId(at(1)), keyId(at(30)));
    assert.deepStrictEqual([1, 2, 5, 6, 15, 16, 30, 31].map(coveringDepth), [1, 5, 5, 15, 15, 30, 30, 30]);
    assert.strictEqual(depthOf(at(7)), 15);
    assert.strictEqual(depthOf({ kind: "ticker", market: btc }), 0);
  });

  it("compares sets whatever their order, and sees a depth that grew", () => {
    const [ticker, trades, orderbook] = keysOf("KRW-BTC");
    assert(ticker !== undefined && trades !== undefined && orderbook !== undefined);
    assert.isTrue(sameKeys([ticker, trades, orderbook], [orderbook, ticker, trades]));
    assert.isTrue(sameKeys([orderbook], [{ kind: "orderbook", market: btc, levels: 14 }]));
    assert.isFalse(sameKeys([orderbook], [{ kind: "orderbook", market: btc, levels: 30 }]));
    assert.isFalse(sameKeys([ticker, trades], [ticker]));
    assert.isFalse(sameKeys([ticker], [trades]));
    assert.isTrue(sameKeys([], []));
  });
});
