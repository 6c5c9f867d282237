/** The first calls of a program, and how little lies between a question and what is asked or read for it. */
import { assert, describe, it } from "@effect/vitest";
import { getOrderbook, getTicker, streamOrderbook, streamTicker, streamTickerEvents, streamTrades } from "@naru/router/MarketData";
import { Exchange, Sim } from "@naru/sim";
import { Clock, Effect, Fiber, Stream } from "effect";
import { TestClock } from "effect/testing";

describe("first calls", () => {
  it.effect("that come all at once open one socket, and one request answers those that ask the same (R003-10)", () =>
    Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      const reads = Effect.forEach(
        Array.from({ length: 20 }),
        () =>
          Effect.all([getTicker("KRW-BTC"), getOrderbook("KRW-BTC"), getTicker("KRW-ETH", { realtime: true })], {
            concurrency: "unbounded",
          }),
        { concurrency: "unbounded" },
      );
      const asking = yield* Effect.forkChild(reads, { startImmediately: true });
      yield* Effect.forkChild(Stream.runDrain(streamTicker("KRW-BTC")), { startImmediately: true });
      yield* Effect.forkChild(Stream.runDrain(streamTrades("KRW-BTC")), { startImmediately: true });
      yield* Effect.forkChild(Stream.runDrain(streamOrderbook("KRW-ETH")), { startImmediately: true });
      yield* TestClock.adjust("3 seconds");
      assert.strictEqual((yield* Fiber.join(asking)).length, 20);
      assert.strictEqual(ledger.connections().length, 1);
      assert.deepStrictEqual([ledger.restCount("/v1/orderbook"), ledger.restCount("/v1/market/all")], [1, 1]);
      yield* TestClock.adjust("1 minute");
      assert.strictEqual(ledger.connections().length, 1);
    }).pipe(Effect.provide(Sim.layerTest({ seed: 41, config: { auditEveryMs: 0, tickerAuditEveryMs: 0 } }))),
  );

  it.effect("of two streams of a ticker are one subscription; the first element has its market, price and times (R000-15)", () =>
    Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      const first = Stream.runHead(Stream.filter(streamTickerEvents(["KRW-BTC"]), ({ _tag }) => _tag === "Live"));
      const heads = yield* Effect.forkChild(Effect.all([first, first], { concurrency: "unbounded" }), { startImmediately: true });
      for (let at = 0; at < 2; at++) yield* Effect.forkChild(Stream.runDrain(streamTicker(["KRW-BTC"])), { startImmediately: true });
      yield* TestClock.adjust("3 seconds");
      const [sent] = ledger.frames({ direction: "out", kind: "ticker", market: "KRW-BTC" });
      const wire = JSON.parse(sent?.text ?? "{}") as { readonly trade_price: number; readonly timestamp: number };
      for (const head of yield* Fiber.join(heads)) {
        assert(head._tag === "Some" && head.value._tag === "Live");
        const { market, value, receivedTimeMs } = head.value;
        assert.deepStrictEqual([market as string, value.market as string], ["KRW-BTC", "KRW-BTC"]);
        assert.deepStrictEqual([value.price.number, value.timestampMs], [wire.trade_price, wire.timestamp]);
        assert.isAtLeast(receivedTimeMs, value.timestampMs);
      }
      const asked = ledger.frames({ direction: "in", kind: "request" }).filter(({ text }) => text.includes('"ticker"'));
      assert.strictEqual(asked.length, 1);
      assert.strictEqual(asked[0]?.text.split("KRW-BTC").length, 2);
    }).pipe(Effect.provide(Sim.layerTest({ seed: 42 }))),
  );
});

describe("between a question and its answer", () => {
  it.effect("a socket that is down costs nothing: the request reaches the exchange within 13 ms of the question (R003-37)", () =>
    Effect.gen(function* () {
      const exchange = yield* Exchange;
      const { ledger } = exchange;
      yield* Effect.forkChild(Stream.runDrain(streamTrades("KRW-BTC")));
      yield* TestClock.adjust("5 seconds");
      yield* Sim.refuseUpgrades("1 hour");
      yield* Sim.cutSockets;
      yield* TestClock.adjust("1 second");
      for (const options of [{}, { realtime: true }, { realtime: true, priority: "critical" }] as const) {
        const before = ledger.requests("/v1/ticker").length;
        const askedMs = yield* exchange.now;
        const asking = yield* Effect.forkChild(getTicker("KRW-ETH", { ...options, maxAge: 1 }), { startImmediately: true });
        yield* TestClock.adjust("1 second");
        assert.strictEqual((yield* Fiber.join(asking)).provenance.channel, "rest");
        const request = ledger.requests("/v1/ticker")[before];
        assert.isAtMost((request?.atMs ?? Infinity) - askedMs, 13, JSON.stringify(options));
      }
    }).pipe(Effect.provide(Sim.layerTest({ seed: 43, network: { restLatencyMs: 0 } }))),
  );

  it.effect("a live book is read from memory in under 3.3 ms, and is the exchange's last word (R003-38)", () =>
    Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      const clock = yield* Clock.Clock;
      yield* Effect.forkChild(Stream.runDrain(streamOrderbook("KRW-BTC", { levels: 30 })));
      yield* TestClock.adjust("5 seconds");
      const requests = ledger.restCount();
      const virtualMs = clock.currentTimeMillisUnsafe();
      const tookMs: Array<number> = [];
      for (let at = 0; at < 500; at++) {
        const started = performance.now();
        const { value, provenance } = yield* getOrderbook("KRW-BTC", { levels: 30 });
        tookMs.push(performance.now() - started);
        assert.deepStrictEqual([provenance.tier, provenance.stale], ["hot_cache", false]);
        if (at > 0) continue;
        const wire = JSON.parse(ledger.frames({ direction: "out", kind: "orderbook", market: "KRW-BTC" }).at(-1)?.text ?? "{}") as {
          readonly timestamp: number;
          readonly orderbook_units: ReadonlyArray<{ readonly ask_price: number; readonly bid_price: number }>;
        };
        assert.strictEqual(value.timestampMs, wire.timestamp);
        assert.deepStrictEqual(
          value.asks.map(({ price }) => price.number),
          wire.orderbook_units.map(({ ask_price }) => ask_price),
        );
        assert.deepStrictEqual(
          value.bids.map(({ price }) => price.number),
          wire.orderbook_units.map(({ bid_price }) => bid_price),
        );
      }
      // Nobody was asked and nothing was waited for; half of the reads, on any machine, are far below the mark.
      assert.deepStrictEqual([ledger.restCount(), clock.currentTimeMillisUnsafe()], [requests, virtualMs]);
      assert.isBelow(tookMs.toSorted((a, b) => a - b)[250] ?? Infinity, 3.3);
    }).pipe(Effect.provide(Sim.layerTest({ seed: 44 }))),
  );
});
