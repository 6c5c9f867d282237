import { assert, describe, it } from "@effect/vitest";
import type { StreamElement } from "@naru/router/domain/StreamElement";
import type { Trade } from "@naru/router/domain/Trade";
import { getTicker, streamTickerEvents, streamTradesEvents } from "@naru/router/MarketData";
import { Subscriptions } from "@naru/router/stream/Subscriptions";
import { Exchange, Sim } from "@naru/sim";
import { Effect, Fiber, Stream } from "effect";
import { TestClock } from "effect/testing";

describe("the socket and its subscription", () => {
  it.effect("one message restores the whole wanted set after a reconnect (R004-34)", () =>
    Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      yield* Effect.forkChild(Stream.runDrain(streamTradesEvents(["KRW-BTC", "KRW-ETH"])));
      yield* Effect.forkChild(Stream.runDrain(streamTickerEvents("KRW-XRP")));
      yield* TestClock.adjust("3 seconds");
      yield* Sim.cutSockets;
      yield* TestClock.adjust("10 seconds");
      const connections = ledger.connections();
      assert.strictEqual(connections.length, 2);
      // The other message asks what is subscribed, and changes nothing.
      const sent = ledger
        .frames({ direction: "in", kind: "request", connection: connections[1]?.connection ?? 0 })
        .filter(({ text }) => !text.includes("LIST_SUBSCRIPTIONS"));
      assert.strictEqual(sent.length, 1);
      const entries = (JSON.parse(sent[0]?.text ?? "[]") as ReadonlyArray<{ type?: string; codes?: ReadonlyArray<string> }>)
        .filter((entry) => entry.type !== undefined)
        .map(({ type, codes }) => ({ type, codes: [...(codes ?? [])].sort() }));
      assert.sameDeepMembers(entries, [
        { type: "trade", codes: ["KRW-BTC", "KRW-ETH"] },
        { type: "ticker", codes: ["KRW-XRP"] },
      ]);
    }).pipe(Effect.provide(Sim.layerTest({ seed: 11 }))),
  );

  it.effect("every trade of the ledger reaches the consumer exactly once across cuts, in order, those in between marked as recovered", () =>
    Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      const seen: Array<StreamElement<Trade>> = [];
      yield* Effect.forkChild(Stream.runForEach(streamTradesEvents("KRW-BTC"), (element) => Effect.sync(() => void seen.push(element))));
      yield* TestClock.adjust("2 seconds");
      yield* Sim.halt;
      yield* Sim.path("KRW-BTC", [100_000_000, 100_001_000]);
      yield* TestClock.adjust("1 second");
      yield* Sim.cutSockets;
      yield* Sim.refuseUpgrades("20 seconds");
      yield* Sim.path("KRW-BTC", [100_002_000, 100_003_000, 100_004_000], { every: "1 second" });
      yield* TestClock.adjust("60 seconds");
      yield* Sim.path("KRW-BTC", [100_005_000]);
      yield* TestClock.adjust("1 second");

      const scripted = seen.flatMap((element) => {
        if (element._tag !== "Live" && element._tag !== "Recovered") return [];
        const { number } = element.value.price;
        return number >= 100_000_000 && number <= 100_005_000 && Number.isInteger(number / 1_000) ? [`${element._tag} ${number}`] : [];
      });
      assert.deepStrictEqual(scripted.slice(-6), [
        "Live 100000000",
        "Live 100001000",
        "Recovered 100002000",
        "Recovered 100003000",
        "Recovered 100004000",
        "Live 100005000",
      ]);
      const ids = seen.flatMap((element) => (element._tag === "Live" || element._tag === "Recovered" ? [element.value.id] : []));
      assert.strictEqual(new Set(ids).size, ids.length);
      const tags = seen.map((element) => element._tag);
      assert.isBelow(tags.indexOf("Reconnecting"), tags.indexOf("Resumed"));
      assert.notInclude(tags, "Gap");
      assert.isAbove(ledger.restCount("/v1/trades/ticks"), 0);
    }).pipe(Effect.provide(Sim.layerTest({ seed: 11 }))),
  );

  it.effect("a socket that cannot open leaves tickers to REST while attempts go on, and serves once it opens (R001-36)", () =>
    Effect.gen(function* () {
      const subscriptions = yield* Subscriptions;
      yield* Sim.refuseUpgrades("20 seconds");
      const ask = Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(getTicker("KRW-BTC", { realtime: true }), { startImmediately: true });
        yield* TestClock.adjust("5 seconds");
        return yield* Fiber.join(fiber);
      });
      const first = yield* ask;
      assert.strictEqual(first.provenance.channel, "rest");
      assert.isFalse(first.provenance.stale);
      assert.isFalse(subscriptions.connected());
      yield* TestClock.adjust("45 seconds");
      assert.isTrue(subscriptions.connected());
      const later = yield* ask;
      assert.strictEqual(later.provenance.channel, "websocket");
    }).pipe(Effect.provide(Sim.layerTest({ seed: 11 }))),
  );

  it.effect("an outage of everything is told: an error that carries the last value, or that value with a label", () =>
    Effect.gen(function* () {
      const ask = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
        Effect.gen(function* () {
          const fiber = yield* Effect.forkChild(Effect.result(effect), { startImmediately: true });
          yield* TestClock.adjust("6 seconds");
          return yield* Fiber.join(fiber);
        });
      const before = yield* ask(getTicker("KRW-BTC"));
      assert.strictEqual(before._tag, "Success");
      yield* Sim.refuseUpgrades("1 hour");
      yield* Sim.cutSockets;
      yield* Sim.failRest("/v1", "reset", 1_000);
      const trading = yield* ask(getTicker("KRW-BTC"));
      assert.strictEqual(trading._tag, "Failure");
      if (trading._tag === "Failure") assert.strictEqual(trading.failure._tag, "StaleData");
      const watching = yield* ask(getTicker("KRW-BTC", { context: "monitoring" }));
      assert.strictEqual(watching._tag, "Success");
      if (watching._tag === "Success") {
        assert.isTrue(watching.success.provenance.stale);
        assert.strictEqual(watching.success.provenance.staleReason, "disconnected");
        assert.isAbove(watching.success.provenance.confirmedAgeMs, 2_000);
      }
      yield* TestClock.adjust("1 minute");
      const tooOld = yield* ask(getTicker("KRW-BTC", { context: "monitoring" }));
      assert.strictEqual(tooOld._tag, "Failure");
    }).pipe(Effect.provide(Sim.layerTest({ seed: 11 }))),
  );
});

describe("a market that says nothing", () => {
  it.effect("is current while its link is alive, and after a minute the same subscription is sent again for its word", () =>
    Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      yield* Sim.halt;
      yield* Effect.forkChild(Stream.runDrain(streamTickerEvents("KRW-BTC")));
      // Another market keeps the link awake; its own silence is what counts.
      yield* Effect.forkChild(Stream.runDrain(streamTickerEvents("KRW-ETH")));
      yield* TestClock.adjust("2 seconds");
      const beat = Sim.trade("KRW-ETH", { price: 5_000_000 }).pipe(Effect.andThen(Effect.sleep("500 millis")), Effect.forever);
      yield* Effect.forkChild(beat);
      const ask = Effect.gen(function* () {
        const before = ledger.restCount("/v1/ticker");
        const fiber = yield* Effect.forkChild(getTicker("KRW-BTC"), { startImmediately: true });
        yield* TestClock.adjust("100 millis");
        const { provenance } = yield* Fiber.join(fiber);
        return { requests: ledger.restCount("/v1/ticker") - before, channel: provenance.channel, stale: provenance.stale };
      });
      yield* TestClock.adjust("50 seconds");
      assert.deepStrictEqual(yield* ask, { requests: 0, channel: "websocket", stale: false });
      const asked = () => ledger.frames({ direction: "in", kind: "request" }).filter(({ text }) => text.includes("ticker")).length;
      const before = asked();
      yield* TestClock.adjust("20 seconds");
      assert.strictEqual(asked(), before + 1);
      assert.deepStrictEqual(yield* ask, { requests: 0, channel: "websocket", stale: false });
    }).pipe(Effect.provide(Sim.layerTest({ seed: 11 }))),
  );
});
