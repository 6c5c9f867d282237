/** Where a feed was torn: what is told as missing, and what is known to be whole. */
import { assert, describe, it } from "@effect/vitest";
import { Seam } from "../../src/direct/Seam.ts";
import { btc, marketOf } from "../samples.ts";

const eth = marketOf("KRW-ETH");

describe("a seam", () => {
  it("says nothing on an unbroken feed, and nothing before a market has begun", () => {
    const seam = new Seam("trades");
    seam.tear("down");
    assert.isUndefined(seam.join(btc, { id: "1", ms: 10 }));
    assert.isUndefined(seam.join(btc, { id: "2", ms: 20 }));
  });

  it("tells once, for each market that had begun, the time from the last value to the next", () => {
    const seam = new Seam("trades");
    for (const market of [btc, eth]) seam.join(market, { id: "1", ms: 10 });
    seam.tear("down");
    assert.deepStrictEqual(seam.join(btc, { id: "5", ms: 50 }), {
      _tag: "Gap",
      kind: "trades",
      market: btc,
      fromMs: 10,
      toMs: 50,
      reason: "down",
    });
    assert.isUndefined(seam.join(btc, { id: "6", ms: 60 }));
    assert.strictEqual(seam.join(eth, { id: "9", ms: 90 })?.toMs, 90);
  });

  it("knows that nothing is missing where the next value is the last one said again", () => {
    const seam = new Seam("candles");
    seam.join(btc, { id: "60000", ms: 60_000 });
    seam.tear("down", btc);
    assert.isUndefined(seam.join(btc, { id: "60000", ms: 60_000 }));
    assert.isUndefined(seam.join(btc, { id: "120000", ms: 120_000 }));
  });

  it("never tells a gap that ends before it begins", () => {
    const seam = new Seam("trades");
    seam.join(btc, { id: "5", ms: 50 });
    seam.tear("down");
    assert.deepStrictEqual([seam.join(btc, { id: "4", ms: 40 })?.fromMs, seam.last(btc)?.id], [50, "5"]);
  });
});
