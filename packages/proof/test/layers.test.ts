import { assert, describe, it } from "@effect/vitest";
import { Alerts, Cache, ChannelSelector, FallbackManager, getTicker, RateLimiter, Router, RouterConfig, Transport } from "@naru/router";
import { MarketList } from "@naru/router/cache/MarketList";
import { Health } from "@naru/router/health/HealthLedger";
import { LiveLedger } from "@naru/router/health/LiveLedger";
import * as configured from "@naru/router/RouterConfig";
import { Subscriptions } from "@naru/router/stream/Subscriptions";
import { HistoryKeeper } from "@naru/router/tiers/HistoryKeeper";
import { Rest } from "@naru/router/transport/RestCall";
import { Sim } from "@naru/sim";
import { limits, UpbitVenue } from "@naru/upbit";
import { Effect, Fiber, Layer } from "effect";
import { TestClock } from "effect/testing";

const body = `[{"market":"KRW-BTC","trade_timestamp":1751606040365,"trade_price":148601000.00000000,"opening_price":1,"high_price":1,
"low_price":1,"prev_closing_price":148737000,"change":"FALL","change_price":136000,"change_rate":0.0009143656,"signed_change_price":-136000,
"signed_change_rate":-0.0009143656,"trade_volume":0.1,"acc_trade_price":1,"acc_trade_price_24h":1,"acc_trade_volume":1,
"acc_trade_volume_24h":1,"timestamp":1751606040400}]`;

describe("the five services", () => {
  it.effect("each have a layer for tests, and a router can be put together from these", () => {
    const asked: Array<string> = [];
    const transport = Transport.layerTest({
      rest: ({ url }) =>
        Effect.sync(() => {
          asked.push(new URL(url).pathname);
          return { status: 200, headers: { "content-type": "application/json" }, body: new TextEncoder().encode(body) };
        }),
    });
    const app = Router.layerNoDeps.pipe(
      Layer.provideMerge(
        Layer.mergeAll(FallbackManager.layerTest, ChannelSelector.layerTest(["cold_rest"]), Subscriptions.layer, MarketList.layer),
      ),
      Layer.provideMerge(Layer.mergeAll(Rest.layer, Alerts.layer, HistoryKeeper.layer)),
      Layer.provideMerge(Layer.mergeAll(RateLimiter.layerTest(limits), Cache.layerTest, Health.layer, LiveLedger.layer)),
      Layer.provideMerge(Layer.merge(UpbitVenue.layer, transport)),
    );
    return Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(getTicker("KRW-BTC"), { startImmediately: true });
      yield* TestClock.adjust("1 second");
      const { provenance, value } = yield* Fiber.join(fiber);
      assert.strictEqual(provenance.tier, "cold_rest");
      assert.strictEqual(value.price.toString(), "148601000");
      assert.include(asked, "/v1/ticker");
      assert.isTrue((yield* RateLimiter).snapshot().length > 0);
    }).pipe(Effect.provide(app));
  });

  it.effect("a knob given to a layer is the one its services read", () =>
    Effect.gen(function* () {
      const config = yield* RouterConfig;
      assert.strictEqual(config.deadlineMs, 1_234);
      assert.strictEqual(config.batchWindowMs, configured.defaultRouterConfig.batchWindowMs);
    }).pipe(Effect.provide(configured.layer({ deadlineMs: 1_234 }))),
  );

  it.effect("two builds of the test layer of one seed tell the same story", () => {
    const story = Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(getTicker(["KRW-BTC", "KRW-ETH", "BTC-ETH"]), { startImmediately: true });
      yield* TestClock.adjust("5 seconds");
      return (yield* Fiber.join(fiber)).answers.map((answer) => [answer.value, answer.provenance]);
    });
    return Effect.gen(function* () {
      const tell = () => Effect.provide(story, Layer.provideMerge(Sim.layerTest({ seed: 8 }), TestClock.layer()));
      assert.deepStrictEqual(yield* tell(), yield* tell());
    });
  });
});
