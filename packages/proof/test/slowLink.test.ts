/** A socket that goes on, but brings much less than it did: noticed and acted upon within a second, and not where markets are only calm. */
import { assert, describe, it } from "@effect/vitest";
import { getTicker, liveMetrics, streamTickerEvents } from "@naru/router/MarketData";
import { Exchange, Sim } from "@naru/sim";
import { Effect, Fiber, Layer, Stream } from "effect";
import { TestClock } from "effect/testing";

const markets = ["KRW-BTC", "KRW-ETH", "KRW-XRP", "KRW-SOL", "KRW-DOGE", "KRW-ADA", "KRW-AVAX", "KRW-TRX", "KRW-LINK", "KRW-DOT"];
/** Trades a minute: thirty a second of all ten together. */
const rates = Object.fromEntries(markets.map((market) => [market, 240]));

const slowdowns = Effect.map(liveMetrics, ({ links }) => links.reduce((sum, { slowdowns }) => sum + slowdowns, 0));

describe("a socket that brings much less than it did", () => {
  it.effect("is subscribed again within a second, and its keys are not believed until they speak: reads ask REST (R003-51)", () =>
    Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      yield* Effect.forkScoped(Stream.runDrain(streamTickerEvents(markets)), { startImmediately: true });
      yield* TestClock.adjust("40 seconds");
      assert.strictEqual(yield* slowdowns, 0);
      const sent = ledger.frameCount("in", "request");
      yield* Sim.fault({ verb: "zombie" });
      yield* TestClock.adjust("1 second");
      assert.strictEqual(yield* slowdowns, 1);
      assert.strictEqual(ledger.frameCount("in", "request") - sent, 1, "the whole subscription goes out again");
      // What was heard a second ago is fresh by itself. A pong proves nothing beyond that any more, and the snapshots do not come.
      yield* TestClock.adjust("1200 millis");
      const asked = ledger.requests("/v1/ticker").length;
      const answers = yield* Effect.forkChild(Effect.forEach(markets, (market) => getTicker(market), { concurrency: "unbounded" }));
      yield* TestClock.adjust("300 millis");
      for (const { provenance } of yield* Fiber.join(answers)) {
        assert.strictEqual(provenance.channel, "rest");
        assert.isBelow(provenance.confirmedAgeMs, 1_000);
      }
      assert.isAtMost(ledger.requests("/v1/ticker").length - asked, 2, "one request for all, and one of the streams'");
    }).pipe(Effect.scoped, Effect.provide(Layer.fresh(Sim.layerTest({ seed: 5, markets: { rates } })))),
  );

  it.effect("is not what two minutes of ordinary trading looks like", () =>
    Effect.gen(function* () {
      yield* Effect.forkScoped(Stream.runDrain(streamTickerEvents(markets)), { startImmediately: true });
      yield* TestClock.adjust("2 minutes");
      assert.strictEqual(yield* slowdowns, 0);
    }).pipe(Effect.scoped, Effect.provide(Layer.fresh(Sim.layerTest({ seed: 6, markets: { rates } })))),
  );
});
