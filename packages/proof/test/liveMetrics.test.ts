/** The numbers of the live side held against the exchange's own ledger. */
import { assert, describe, it } from "@effect/vitest";
import { liveMetrics, metrics, streamTickerEvents, streamTrades, streamTradesEvents } from "@naru/router/MarketData";
import { Exchange, layerLoopbackServer, LoopbackServer, Sim } from "@naru/sim";
import { connect } from "@naru/upbit/connect";
import { Effect, Fiber, Layer, Stream } from "effect";
import { TestClock } from "effect/testing";

const keyOf = (kind: string, market: string) => `${kind}:${market}`;

describe("the numbers of the live side", () => {
  it.effect("count what the exchange sent, by key, with the rate of the last ten seconds and the lag of the network", () =>
    Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      yield* Sim.fault({ verb: "late-frames", delayMs: 40 });
      yield* Effect.forkScoped(Stream.runDrain(streamTradesEvents(["KRW-BTC", "KRW-ETH"])));
      yield* Effect.forkScoped(Stream.runDrain(streamTickerEvents("KRW-BTC")));
      yield* TestClock.adjust("30 seconds");
      const found = yield* liveMetrics;
      assert.deepStrictEqual(found.keys.map(({ key }) => key).sort(), ["ticker:KRW-BTC", "trades:KRW-BTC", "trades:KRW-ETH"]);
      for (const { kind, market } of [
        { kind: "trades", market: "KRW-BTC" },
        { kind: "trades", market: "KRW-ETH" },
        { kind: "ticker", market: "KRW-BTC" },
      ] as const) {
        const key = found.keys.find((one) => one.key === keyOf(kind, market));
        const sent = ledger.frames({ direction: "out", kind: kind === "trades" ? "trade" : "ticker", market });
        assert(key !== undefined);
        // The last frame may still be on its way.
        assert.approximately(key.messages, sent.length, 1);
        assert.isAbove(key.perSecond, 0);
        assert.deepStrictEqual([key.lagP50Ms, key.lagP95Ms], [40, 40]);
      }
      assert.strictEqual(
        found.messages.total,
        found.keys.reduce((sum, { messages }) => sum + messages, 0),
      );
      assert.deepStrictEqual([found.consumers.open, found.links[0]?.keys, found.links[0]?.open], [2, 3, true]);
      assert.strictEqual(found.consumers.total.delivered, found.messages.total);
    }).pipe(Effect.provide(Sim.layerTest({ seed: 5 }))),
  );

  it.effect("tell a change on the open link from a link opened for it, and take the wait for the first element as its time", () =>
    Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      const first = yield* Effect.forkChild(Stream.runDrain(streamTrades("KRW-BTC")));
      yield* TestClock.adjust("5 seconds");
      const second = yield* Effect.forkChild(Stream.runDrain(streamTrades("KRW-ETH")));
      yield* Fiber.interrupt(first);
      yield* TestClock.adjust("5 seconds");
      const { changes, keys, links } = yield* liveMetrics;
      assert.deepInclude(changes.full, { completed: 1, failed: 0 });
      assert.deepInclude(changes.swap, { completed: 1, failed: 0 });
      assert.isTrue(changes.recentMs.every((ms) => ms > 0));
      assert.deepStrictEqual(
        keys.map(({ key }) => key),
        ["trades:KRW-ETH"],
      );
      assert.deepInclude(links[0], { opened: 1, reconnects: 0, sent: ledger.frames({ direction: "in", kind: "request" }).length });
      yield* Fiber.interrupt(second);
    }).pipe(Effect.provide(Sim.layerTest({ seed: 5 }))),
  );

  it.effect("count an outage, its cause and its length, and say 0 messages a second while it lasts", () =>
    Effect.gen(function* () {
      yield* Effect.forkScoped(Stream.runDrain(streamTradesEvents("KRW-BTC")));
      yield* TestClock.adjust("10 seconds");
      yield* Sim.refuseUpgrades("20 seconds");
      yield* Sim.cutSockets;
      yield* TestClock.adjust("15 seconds");
      const during = yield* liveMetrics;
      assert.deepInclude(during.links[0], { open: false, reconnects: 0 });
      assert.strictEqual(during.messages.perSecond, 0);
      assert.isAbove(during.failures.connection, 1);
      assert.strictEqual(during.lastFailure?.cause, "connection");
      yield* TestClock.adjust("60 seconds");
      const [link] = (yield* liveMetrics).links;
      assert(link !== undefined);
      assert.deepInclude(link, {
        open: true,
        opened: 2,
        reconnects: 1,
        ended: { closed: 1, silent: 0, failed: 0, unwanted: 0, replaced: 0 },
      });
      assert.isAtLeast(link.downMs, 15_000);
      assert.isAbove(link.failedAttempts, 0);
      assert.match(yield* metrics, /naru_link_reconnects_total\{client="\d+",link="main"\} 1\n/);
    }).pipe(Effect.provide(Sim.layerTest({ seed: 5 }))),
  );

  it.live("are to be had by promise too", () =>
    Effect.gen(function* () {
      const { url } = yield* LoopbackServer;
      const document = yield* Effect.promise(async () => {
        await using naru = await connect({ venue: url, profile: { id: "sim", simulated: true } });
        for await (const _ of naru.streamTicker("KRW-BTC")) break;
        return await naru.liveMetrics();
      });
      assert.isAtLeast(document.messages.total, 1);
      assert.deepStrictEqual(JSON.parse(JSON.stringify(document)), document);
    }).pipe(Effect.provide(layerLoopbackServer().pipe(Layer.provideMerge(Exchange.layer({ seed: 21 }))))),
  );
});
