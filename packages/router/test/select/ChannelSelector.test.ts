/** The selector's memory: it counts questions that a subscription could answer, per key, and no more keys than its bound. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import { TestClock } from "effect/testing";
import type { Market } from "../../src/domain/Market.ts";
import type { TierName } from "../../src/domain/Provenance.ts";
import type { Question } from "../../src/domain/Question.ts";
import * as RouterConfig from "../../src/RouterConfig.ts";
import { ChannelSelector, frequencyCapacity } from "../../src/select/ChannelSelector.ts";
import { defaultRankOptions, rank } from "../../src/select/TierRank.ts";
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

  const answer = (tier: TierName, durationMs: number) => ({
    attempts: [{ tier, outcome: "answered", reason: "ok", durationMs } as const],
    ageMs: 0,
  });
  const cold = facts({ hot: "absent", subscribed: false });
  const realtime = ticker({ realtime: true });

  it.effect("learns from outcomes and ranks by them, per kind, and not from the time of many rows (R004-19)", () =>
    Effect.gen(function* () {
      const selector = yield* ChannelSelector;
      for (let i = 0; i < 5; i++) {
        selector.learn(realtime, cold, answer("live_subscription", 400));
        selector.learn(candles({ count: 200 }), cold, answer("warm_cache_rest", 4_000));
      }
      assert.isEmpty(selector.figures().filter(({ way }) => way === "rest"));
      assert.strictEqual(selector.select(realtime, cold).ranked.tiers[0]?.tier, "live_subscription");
      for (let i = 0; i < 5; i++) selector.learn(realtime, cold, answer("batch_snapshot", 40));
      const { ranked } = selector.select(realtime, cold);
      assert.deepStrictEqual([ranked.tiers[0]?.tier, ranked.reason], ["batch_snapshot", "measured"]);
      const { channel, facts: known, figures } = selector.explain(realtime, cold);
      assert.deepInclude(channel, { channel: "rest", reason: "rest_quick_enough" });
      assert.strictEqual(known.lead, "rest");
      assert.deepStrictEqual(
        figures.map(({ way, p50Ms }) => [way, p50Ms]),
        [
          ["first_element", 400],
          ["rest", 40],
        ],
      );
      // Of another kind only the road is known, and it counts for less; its own evidence counts instead as soon as there is any.
      const book = { ...realtime, kind: "orderbook", levels: 15 } as const;
      assert.strictEqual(selector.select(book, cold).ranked.tiers[0]?.tier, "batch_snapshot");
      for (let i = 0; i < 3; i++) selector.heardFirst("orderbook", 5);
      yield* TestClock.adjust("11 seconds");
      assert.strictEqual(selector.select(book, cold).ranked.tiers[0]?.tier, "live_subscription");
    }).pipe(Effect.provide(ChannelSelector.layer)),
  );

  it.effect("keeps the lead where a tier comes and goes, and measures on the monotonic clock", () =>
    Effect.gen(function* () {
      const selector = yield* ChannelSelector;
      let changes = 0;
      let last: string | undefined;
      for (let second = 0; second < 60; second++) {
        const world = facts({ ...cold, connected: Math.floor(second / 2) % 2 === 0 });
        const first = selector.select(realtime, world).ranked.tiers[0]?.tier;
        assert.isDefined(first);
        if (last !== undefined && first !== last) changes++;
        last = first;
        yield* TestClock.adjust("1 second");
      }
      assert.isAbove(changes, 1);
      assert.isAtMost(changes, 10);
    }).pipe(Effect.provide(ChannelSelector.layer)),
  );

  it.effect("takes its weights from the knob, and ranks by the formula alone where measurements may move nothing", () =>
    Effect.gen(function* () {
      const weights = { preference: 0, fit: 0, network: 1, special: 0 };
      const { ranked } = yield* Effect.provide(
        Effect.map(ChannelSelector, (selector) => selector.select(ticker(), facts())),
        ChannelSelector.layer.pipe(Layer.provide(RouterConfig.layer({ ranking: { policy: "balanced", weights, measuredBound: 0.2 } }))),
      );
      assert.deepStrictEqual(
        ranked.tiers.map(({ tier }) => tier),
        ["hot_cache", "batch_snapshot", "warm_cache_rest", "live_subscription", "cold_rest"],
      );
      const selector = yield* ChannelSelector;
      for (let i = 0; i < 20; i++) {
        selector.learn(realtime, cold, answer("live_subscription", 4_000));
        selector.learn(realtime, cold, answer("batch_snapshot", 1));
      }
      assert.deepStrictEqual(selector.select(realtime, cold).ranked.tiers, rank(realtime, cold).tiers);
    }).pipe(Effect.provide(ChannelSelector.layerWith({ ...defaultRankOptions, measuredBound: 0 }))),
  );

  it.effect("finds a reason to follow a key: realtime, a rhythm that goes on, or a REST limit that is nearly used up", () =>
    Effect.gen(function* () {
      const selector = yield* ChannelSelector;
      const reason = (world = cold, question: Question = ticker()) => selector.select(question, world).follow;
      assert.strictEqual(reason(cold, realtime), "realtime");
      yield* TestClock.adjust("3 seconds");
      assert.isUndefined(reason());
      yield* TestClock.adjust("3 seconds");
      assert.strictEqual(reason(), "polled");
      // A rhythm that stopped is none, though the mean of its gaps is short still.
      yield* TestClock.adjust("11 seconds");
      assert.isUndefined(reason());
      assert.strictEqual(selector.frequency(btcTicker).category, "medium");
      assert.strictEqual(reason(facts({ ...cold, usage: 0.9 })), "rest_near_limit");
      assert.isUndefined(reason(facts({ ...cold, usage: 0.9, socketUsage: 0.9 })));
      assert.strictEqual(reason(facts({ subscribed: true, usage: 0.9, socketUsage: 0.9 })), "rest_near_limit");
      assert.isUndefined(reason(cold, ticker({ strategy: "rest_only" })));
      assert.isUndefined(reason(facts({ streamable: false }), realtime));
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
