/** The accounts of a load, and the frames it is made of: what is lost, told, given twice or late must be seen. */
import { assert, describe, it } from "@effect/vitest";
import { ExchangeModel } from "@naru/sim";
import { decodeSocketMessage } from "@naru/upbit/decode/SocketFrame";
import { LoadFrames } from "../../src/soak/load/LoadFrames.ts";
import { departureOffset, firstNumber, mix, numberOfTrade } from "../../src/soak/load/LoadPlan.ts";
import { growthPercent, LagWindows, recoveredAfter, StateTally, TradeTally } from "../../src/soak/load/LoadTally.ts";

describe("the account of trades", () => {
  it("counts what is lost since the first, and what is given twice", () => {
    const tally = new TradeTally();
    for (const number of [5, 7, 6, 9, 7, 1_000_000]) tally.given(number);
    assert.deepStrictEqual([tally.count, tally.twice, tally.last], [5, 1, 1_000_000]);
    assert.strictEqual(tally.lost(1_000_000), 1_000_000 - 4 - 5);
    for (let number = 10; number < 1_000_000; number++) tally.given(number);
    assert.strictEqual(tally.lost(1_000_000), 1, "the eighth");
    tally.given(8);
    assert.strictEqual(tally.lost(1_000_000), 0);
  });
});

describe("the account of states", () => {
  it("is even when each was given or told, and says by how much it is not", () => {
    const tally = new StateTally();
    for (const number of [3, 4, 8, 9]) tally.live(number);
    assert.strictEqual(tally.unaccounted(9), 3);
    tally.dropped(3);
    assert.deepStrictEqual([tally.unaccounted(9), tally.conflated], [0, 3]);
    tally.dropped(1);
    assert.strictEqual(tally.unaccounted(9), -1);
  });
});

describe("lags", () => {
  it("are the middle of each window, and one in which nothing came is as late as what ended it", () => {
    const lags = new LagWindows(2);
    for (const [late, at] of [
      [1, 1],
      [9, 2],
      [5, 3],
      [700, 260_000],
      [900_000, 1_000_000],
      [3, 1_260_000],
    ] as const)
      lags.late(late, at);
    assert.deepStrictEqual(lags.between(0, lags.windows), [5, 700, 900_000, 900_000, 3]);
  });

  it("are normal again when a second of windows is", () => {
    assert.strictEqual(recoveredAfter([9, 1, 1, 1, 9, 1, 1, 1, 1, 9], 5), 5);
    assert.strictEqual(recoveredAfter([1, 1, 1, 1, 9], 5), 0);
    assert.strictEqual(recoveredAfter([9, 1, 1, 1], 5), 4);
    assert.strictEqual(recoveredAfter([9, 9], 5), 2);
  });
});

describe("the growth of a heap", () => {
  it("is that of the last two thirds, whatever the first did", () => {
    assert.closeTo(growthPercent([1, 500, 1_000, 100, 100, 100, 100, 100, 100]), 0, 1e-9);
    assert.closeTo(growthPercent([0, 0, 0, 95, 97, 99, 101, 103, 105]), 10, 1e-9);
    assert.closeTo(growthPercent([0, 0, 0, 105, 103, 101, 99, 97, 95]), -10, 1e-9);
  });
});

describe("the frames of a load", () => {
  it("are numbered from 1 in every kind, say when they left, and their times grow", () => {
    const frames = new LoadFrames(new ExchangeModel({ markets: { count: 25, rate: 20 }, ledgerCapacity: 1 }), 1_767_582_000_000);
    const next = { ticker: 0, trade: 0, orderbook: 0 };
    const times = new Map<string, number>();
    const count = 3 * 25 + 4 * 25 * mix.length;
    let taken = 0;
    while (taken < count) {
      const { bytes, frames: some } = frames.take(count - taken, 64 * 1024, { wallMs: 1_767_582_000_000, monotonicMicros: 123 });
      taken += some;
      for (let at = 0; at < bytes.length;) {
        const isLong = bytes[at + 1] === 126;
        const length = isLong ? bytes.readUInt16BE(at + 2) : (bytes[at + 1] ?? 0);
        const from = at + (isLong ? 4 : 2);
        const [message] = decodeSocketMessage(bytes.subarray(from, from + length));
        at = from + length;
        if (message?._tag === "Ticker") {
          assert.strictEqual(message.value.volume24h.number, firstNumber + ++next.ticker);
          assert.strictEqual(message.value.value24h.number, departureOffset + 123);
        } else if (message?._tag === "Trade") assert.strictEqual(numberOfTrade(message.value.id), ++next.trade);
        else if (message?._tag === "Orderbook") {
          assert.strictEqual(message.value.totalAskSize.number, firstNumber + ++next.orderbook);
          assert.lengthOf(message.value.asks, 30);
        } else assert.fail(`a frame that is ${message?._tag}`);
        if (message._tag === "Trade") continue;
        const key = `${message._tag} ${message.value.market}`;
        assert.isAbove(message.value.timestampMs, times.get(key) ?? 0);
        times.set(key, message.value.timestampMs);
      }
    }
    assert.deepStrictEqual(frames.sent, next);
    assert.strictEqual(next.trade, 25 + 4 * 25 * 2);
  });
});
