/** HTTP 418 end to end on the emulated exchange: nothing more is sent, what is known is served with a label, and it ends by itself. */
import { assert, describe, it } from "@effect/vitest";
import { getOrderbook, getTicker, streamTickerEvents } from "@naru/router/MarketData";
import { RateLimiter } from "@naru/router/limits/RateLimiter";
import { Exchange, Script, Sim } from "@naru/sim";
import { Effect, Fiber, Layer, Stream } from "effect";
import { TestClock } from "effect/testing";

const during = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true });
    yield* TestClock.adjust("2 seconds");
    return yield* Fiber.join(fiber);
  });

const blocked = {
  status: 418,
  headers: { "content-type": "application/json" },
  body: '{"error":{"name":418,"message":"blocked for 60 seconds"}}',
};

describe("a block of the IP address", () => {
  it.effect("stops requests and connects, labels what is still known, and ends by itself", () =>
    Effect.gen(function* () {
      const exchange = yield* Exchange;
      const { ledger } = exchange;
      const limiter = yield* RateLimiter;
      yield* during(getTicker("KRW-BTC"));
      yield* TestClock.adjust("5 seconds");
      yield* Script.failRest("/v1/ticker", blocked);
      const first = yield* during(getTicker("KRW-BTC", { onStale: "serve" }));
      assert.deepStrictEqual([first.provenance.stale, first.provenance.staleReason], [true, "banned"]);
      assert.isAbove(limiter.blockedMs(), 50_000);
      yield* Script.cutSockets;
      const sent = ledger.restCount();
      const opened = ledger.connections().length;
      const stream = yield* Effect.forkChild(Stream.runDrain(streamTickerEvents("KRW-ETH")), { startImmediately: true });
      const refused = yield* Effect.flip(during(getOrderbook("KRW-BTC")));
      assert(refused._tag === "RateLimited");
      assert.deepStrictEqual([refused.scope, refused.status], ["ip", 418]);
      yield* TestClock.adjust("40 seconds");
      const late = yield* Effect.flip(during(getTicker("KRW-BTC", { onStale: "serve" })));
      assert.strictEqual(late._tag, "RateLimited");
      assert.deepStrictEqual([ledger.restCount(), ledger.connections().length], [sent, opened]);
      yield* TestClock.adjust("60 seconds");
      const { provenance } = yield* during(getTicker("KRW-BTC"));
      assert.isFalse(provenance.stale);
      assert.isAbove(ledger.connections().length, opened);
      yield* Fiber.interrupt(stream);
    }).pipe(Effect.provide(Layer.fresh(Sim.layerTest({ seed: 3 })))),
  );
});
