/** A market that the exchange takes off its list while it is streamed: over the socket that is silence like any other. */
import { assert, describe, it } from "@effect/vitest";
import { getTicker, streamOrderbook, streamTicker, streamTrades } from "@naru/router/MarketData";
import { Exchange, Sim } from "@naru/sim";
import { Clock, Effect, Fiber, Stream } from "effect";
import { TestClock } from "effect/testing";

describe("a market that is delisted", () => {
  it.effect(
    "ends its own streams with MarketUnknown within a minute; others go on, on the same socket, and nothing more is asked of it (C13)",
    () =>
      Effect.gen(function* () {
        const { ledger } = yield* Exchange;
        const clock = yield* Clock.Clock;
        let endedMs = 0;
        const ended = Effect.sync(() => void (endedMs = Math.max(endedMs, clock.currentTimeMillisUnsafe())));
        const start = <A, E, R>(stream: Stream.Stream<A, E, R>) => Effect.forkChild(Stream.runDrain(stream), { startImmediately: true });
        const gone = [
          yield* start(Stream.ensuring(streamTicker("KRW-XRP"), ended)),
          yield* start(Stream.ensuring(streamTrades("KRW-XRP"), ended)),
          yield* start(Stream.ensuring(streamOrderbook("KRW-XRP"), ended)),
        ];
        const others = [yield* start(streamTicker(["KRW-BTC", "KRW-ETH"])), yield* start(streamTrades("KRW-BTC"))];
        yield* TestClock.adjust("2 minutes");
        for (const fiber of gone) assert.isUndefined(fiber.pollUnsafe());
        const fromMs = clock.currentTimeMillisUnsafe();
        yield* Sim.fault({ verb: "delisted", market: "KRW-XRP" });
        yield* TestClock.adjust("2 minutes");
        for (const fiber of gone) {
          const error = yield* Effect.flip(Fiber.join(fiber));
          assert.deepInclude(error, { _tag: "MarketUnknown", market: "KRW-XRP" });
        }
        assert.isAtMost(endedMs - fromMs, 60_000);
        const asked = () => ledger.requests().filter(({ target }) => target.includes("KRW-XRP")).length;
        const before = asked();
        const frames = ledger.frameCount("out");
        yield* TestClock.adjust("10 minutes");
        assert.strictEqual(asked(), before);
        assert.strictEqual(ledger.connections().length, 1);
        for (const fiber of others) assert.isUndefined(fiber.pollUnsafe());
        assert.isAbove(ledger.frameCount("out"), frames);
        const last = ledger.frames({ direction: "in", kind: "request" }).findLast(({ text }) => text.includes('"ticker"'));
        assert.notInclude(last?.text, "KRW-XRP");
        // A read of it is told the same, and a new stream too.
        const reading = yield* Effect.forkChild(Effect.flip(getTicker("KRW-XRP")), { startImmediately: true });
        yield* TestClock.adjust("5 seconds");
        assert.strictEqual((yield* Fiber.join(reading))._tag, "MarketUnknown");
      }).pipe(Effect.provide(Sim.layerTest({ seed: 13 }))),
  );

  it.effect("is not believed gone for one answer that does not know it", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(Stream.runDrain(streamTicker("KRW-XRP")), { startImmediately: true });
      yield* TestClock.adjust("2 minutes");
      yield* Sim.fault({ verb: "market-paused", market: "KRW-XRP" });
      yield* Sim.failRest("/v1/ticker", { status: 404, body: '{"error":{"name":404,"message":"Code not found"}}' }, 1_000);
      yield* TestClock.adjust("5 minutes");
      assert.isUndefined(fiber.pollUnsafe());
    }).pipe(Effect.provide(Sim.layerTest({ seed: 13 }))),
  );
});
