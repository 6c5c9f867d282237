/** Sockets that the exchange, or something in front of it, does not let open: what it means to whoever waits, and what is asked meanwhile. */
import { assert, describe, it } from "@effect/vitest";
import { Market } from "@naru/router/domain/Market";
import { RateLimiter } from "@naru/router/limits/RateLimiter";
import { getOrderbook, getTicker, streamTicker } from "@naru/router/MarketData";
import { Subscriptions } from "@naru/router/stream/Subscriptions";
import { Exchange, Sim } from "@naru/sim";
import { Effect, Fiber, Stream } from "effect";
import { TestClock } from "effect/testing";

const key = { kind: "ticker", market: Market.make("KRW-BTC") } as const;

const during = <A, E, R>(effect: Effect.Effect<A, E, R>, ms = 2_000) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true });
    yield* TestClock.adjust(ms);
    return yield* Fiber.join(fiber);
  });

const meanings = [
  { status: 200, expected: { _tag: "UpstreamError", status: 200, retryable: true } },
  { status: 401, expected: { _tag: "Unauthorized", channel: "websocket", status: 401, retryable: false } },
  { status: 403, expected: { _tag: "Unauthorized", channel: "websocket", status: 403, retryable: false } },
  { status: 500, expected: { _tag: "UpstreamError", status: 500, retryable: true } },
  { status: 502, expected: { _tag: "UpstreamError", status: 502, retryable: true } },
  { status: 503, expected: { _tag: "UpstreamError", status: 503, retryable: true } },
] as const;

describe("a handshake that is answered by something else", () => {
  it.effect("is a typed error to whoever waits, while REST answers; a block of the IP closes every gate of the host (B06)", () =>
    Effect.gen(function* () {
      for (const { status, expected } of meanings) {
        yield* Effect.gen(function* () {
          const subscriptions = yield* Subscriptions;
          yield* Sim.fault({ verb: "refuse-upgrade", status });
          const error: object = yield* during(Effect.flip(subscriptions.awaitLive(key)));
          for (const [name, value] of Object.entries(expected)) assert.propertyVal(error, name, value, String(status));
          assert.strictEqual((yield* during(getTicker("KRW-BTC"))).provenance.channel, "rest");
          // Nothing is given up for good: once it may, the socket opens.
          yield* Sim.endFault("refuse-upgrade");
          const live = yield* Effect.forkChild(Stream.runHead(streamTicker("KRW-BTC")), { startImmediately: true });
          yield* TestClock.adjust("40 seconds");
          assert.strictEqual((yield* Fiber.join(live))._tag, "Some", String(status));
        }).pipe(Effect.provide(Sim.layerTest({ seed: 6 })));
      }
      yield* Effect.gen(function* () {
        const { ledger } = yield* Exchange;
        const subscriptions = yield* Subscriptions;
        const limiter = yield* RateLimiter;
        yield* Sim.fault({ verb: "refuse-upgrade", status: 418 });
        assert.deepInclude(yield* during(Effect.flip(subscriptions.awaitLive(key))), { _tag: "RateLimited", scope: "ip", status: 418 });
        assert.isAbove(limiter.blockedMs(), 57_000);
        yield* Effect.forkChild(Stream.runDrain(streamTicker("KRW-ETH")));
        const sent = () => [ledger.restCount(), ledger.faultCount("refuse-upgrade"), ledger.connections().length];
        const before = sent();
        for (let second = 0; second < 50; second += 2) {
          const refused = yield* Effect.flip(during(getOrderbook("KRW-BTC")));
          assert.deepInclude(refused, { _tag: "RateLimited", scope: "ip" });
        }
        assert.deepStrictEqual(sent(), before);
        yield* Sim.endFault("refuse-upgrade");
        yield* TestClock.adjust("15 seconds");
        assert.isFalse((yield* during(getOrderbook("KRW-BTC"))).provenance.stale);
        assert.isTrue(subscriptions.connected());
      }).pipe(Effect.provide(Sim.layerTest({ seed: 6 })));
    }),
  );
});
