/** The selector's memory: it counts questions that a subscription could answer, per key, and no more keys than its bound. */
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { TestClock } from "effect/testing";
import type { Market } from "../../src/domain/Market.ts";
import { ChannelSelector, frequencyCapacity } from "../../src/select/ChannelSelector.ts";
import { btc } from "../samples.ts";
import { candles, facts, ticker, trades } from "./questions.ts";

const btcTicker = { kind: "ticker", market: btc } as const;

describe("ChannelSelector", () => {
  it.effect("counts what it is asked, by key, on the monotonic clock", () =>
    Effect.gen(function* () {
      const selector = yield* ChannelSelector;
      for (let i = 0; i < 4; i++) {
        selector.select(ticker(), facts());
        yield* TestClock.adjust("1 second");
      }
      yield* TestClock.setTime(0);
      assert.deepInclude(selector.select(ticker(), facts()).frequency, { category: "high", meanGapMs: 1_000, samples: 5 });
      assert.strictEqual(selector.frequency({ kind: "trades", market: btc }).samples, 0);
    }).pipe(Effect.provide(ChannelSelector.layer)),
  );

  it.effect("does not count history: asking for it often is no reason to subscribe", () =>
    Effect.gen(function* () {
      const selector = yield* ChannelSelector;
      for (let i = 0; i < 5; i++) selector.select(candles({ count: 200 }), facts());
      for (let i = 0; i < 5; i++) selector.select(trades(1, "17"), facts());
      assert.strictEqual(selector.frequency({ kind: "candles", market: btc, interval: "1m" }).samples, 0);
      assert.strictEqual(selector.frequency({ kind: "trades", market: btc }).samples, 0);
    }).pipe(Effect.provide(ChannelSelector.layer)),
  );

  it.effect("explains with the same ranking, the frequency and the two channels, and counts nothing", () =>
    Effect.gen(function* () {
      const selector = yield* ChannelSelector;
      const { ranked } = selector.select(ticker({ realtime: true }), facts());
      const explanation = selector.explain(ticker({ realtime: true }), facts());
      assert.deepStrictEqual(explanation.ranked, ranked);
      assert.deepInclude(explanation.channel, { channel: "websocket", websocket: 75, rest: 40 });
      assert.strictEqual(selector.frequency(btcTicker).samples, 1);
    }).pipe(Effect.provide(ChannelSelector.layer)),
  );

  it.effect("forgets the key asked longest ago when there are too many", () =>
    Effect.gen(function* () {
      const selector = yield* ChannelSelector;
      const other = (i: number) => ({ ...ticker(), market: `KRW-X${i}` as Market });
      selector.select(other(0), facts());
      selector.select(ticker(), facts());
      selector.select(other(0), facts());
      for (let i = 1; i < frequencyCapacity; i++) selector.select(other(i), facts());
      assert.strictEqual(selector.frequency(btcTicker).samples, 0);
      assert.strictEqual(selector.frequency({ kind: "ticker", market: other(0).market }).samples, 2);
    }).pipe(Effect.provide(ChannelSelector.layer)),
  );

  it.effect("ranks as told in a test", () =>
    Effect.gen(function* () {
      const { ranked } = (yield* ChannelSelector).select(ticker(), facts());
      assert.deepStrictEqual(
        ranked.tiers.map(({ tier }) => tier),
        ["cold_rest", "hot_cache"],
      );
    }).pipe(Effect.provide(ChannelSelector.layerTest(["cold_rest", "hot_cache"]))),
  );
});
