/** The levels of memory in the whole product: each question goes as far down as it must, and the same is not sent twice. */
import { assert, describe, it } from "@effect/vitest";
import { Cache } from "@naru/router/cache/Cache";
import { layerMemory } from "@naru/router/cache/HistoryStore";
import { getCandles, getTicker, getTrades, health } from "@naru/router/MarketData";
import { Transport } from "@naru/router/transport/Transport";
import { Exchange, Sim } from "@naru/sim";
import { Effect, Fiber, Layer } from "effect";
import { TestClock } from "effect/testing";
import { Chance } from "../src/world/engine/Chance.ts";

const unaudited = { auditEveryMs: 0, tickerAuditEveryMs: 0, candleAuditEveryMs: 0 };
const origin = Date.UTC(2026, 0, 5, 3);

/** How something ends while the clock moves. */
const ended = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Effect.exit(effect), { startImmediately: true });
    yield* TestClock.adjust(0);
    while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("20 millis");
    return yield* Fiber.join(fiber);
  });
const answer = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.flatMap(ended(effect), (exit) => exit);

describe("three levels of memory", () => {
  const layer = (history = Layer.fresh(layerMemory())) =>
    Layer.fresh(Sim.layerTest({ seed: 42, config: unaudited })).pipe(Layer.provideMerge(history));
  const range = { from: origin - 400 * 60_000, to: origin - 200 * 60_000 };
  const candleRequests = Effect.map(
    Exchange,
    ({ ledger }) => ledger.requests().filter(({ target }) => target.includes("/candles/")).length,
  );

  it.effect("answer from the nearest that knows, hand down what is final, and take it up again after a restart (R003-46)", () =>
    Effect.gen(function* () {
      const history = yield* Layer.build(layerMemory());
      const kept = Layer.succeedContext(history);
      const first = yield* Effect.gen(function* () {
        yield* TestClock.adjust("1 minute");
        // Hot: what was just read answers the next, whichever question brought it.
        yield* answer(getTicker("KRW-BTC"));
        assert.strictEqual((yield* answer(getTicker("KRW-BTC"))).provenance.tier, "hot_cache");
        // Warm, and down to the history in one go.
        const cold = yield* answer(getCandles("KRW-BTC", "1m", range));
        const sent = yield* candleRequests;
        yield* TestClock.adjust("100 millis");
        const warm = yield* answer(getCandles("KRW-BTC", "1m", range));
        assert.strictEqual(warm.provenance.tier, "warm_cache_rest");
        assert.isAbove(warm.provenance.confirmedAgeMs, 0);
        // Out of the warm store, it comes up from the history, and is warm again.
        yield* (yield* Cache).clear;
        const deep = yield* answer(getCandles("KRW-BTC", "1m", range));
        assert.strictEqual(deep.provenance.tier, "history_store");
        yield* TestClock.adjust("10 minutes");
        assert.deepStrictEqual((yield* answer(getCandles("KRW-BTC", "1m", range))).value, cold.value);
        assert.strictEqual(yield* candleRequests, sent);
        return cold.value;
      }).pipe(Effect.provide(layer(kept)));
      // Another process over the same history: nothing hot or warm is left, and nothing final is asked for.
      yield* Effect.gen(function* () {
        const { hot, warmSize } = yield* Cache;
        assert.deepStrictEqual([hot.size, warmSize().entries], [0, 0]);
        const again = yield* answer(getCandles("KRW-BTC", "1m", range));
        assert.deepStrictEqual([again.value, again.provenance.tier], [first, "history_store"]);
        assert.strictEqual(yield* candleRequests, 0);
      }).pipe(Effect.provide(layer(kept)));
    }).pipe(Effect.scoped),
  );
});

describe("an emergency in which nobody reaches the exchange", () => {
  it.effect("is not over because the disk answers", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("1 minute");
      const range = { from: origin - 400 * 60_000, to: origin - 200 * 60_000 };
      yield* answer(getCandles("KRW-BTC", "1m", range));
      yield* Sim.refuseUpgrades("1 hour");
      yield* Sim.cutSockets;
      yield* Sim.failRest("/v1", "reset", 10_000);
      const mode = Effect.map(health, (report) => report.mode);
      for (let asked = 0; asked < 10 && (yield* mode) !== "emergency"; asked++) {
        yield* ended(getTicker("KRW-ETH"));
        yield* TestClock.adjust("2 seconds");
      }
      assert.strictEqual(yield* mode, "emergency");
      for (let asked = 0; asked < 5; asked++) {
        assert.strictEqual((yield* answer(getCandles("KRW-BTC", "1m", range))).provenance.tier, "history_store");
        assert.strictEqual(yield* mode, "emergency");
      }
    }).pipe(
      Effect.provide(
        Layer.fresh(Sim.layerTest({ seed: 3, config: { ...unaudited, enableSmartRouting: false } })).pipe(
          Layer.provideMerge(Layer.fresh(layerMemory())),
        ),
      ),
    ),
  );
});

describe("a program of which four in ten questions were just asked", () => {
  it.effect("moves at most seven tenths of the bytes that asking each would (R004-67)", () =>
    Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      const chance = new Chance(5);
      const transport = yield* Transport;
      yield* answer(getTicker("KRW-BTC"));
      const paths: Array<string> = [];
      const before = ledger.requests().length;
      let last = 1;
      for (let nth = 0; nth < 100; nth++) {
        if (nth % 5 < 2 && nth > 0) last = Math.max(1, last);
        else last = chance.int(1, 200);
        paths.push(`/v1/trades/ticks?market=KRW-BTC&count=${last}`);
        yield* answer(getTrades("KRW-BTC", { count: last }));
        yield* TestClock.adjust("200 millis");
      }
      const sent = ledger
        .requests()
        .slice(before)
        .map(({ target }) => target)
        .filter((target) => target.includes("/trades/"));
      // What each of these comes to on the wire, head and body, both ways.
      const sizes = new Map<string, number>();
      for (const path of new Set([...paths, ...sent])) {
        const told = yield* answer(transport.rest({ url: `https://api.upbit.com${path}`, headers: {} }));
        sizes.set(path, path.length + JSON.stringify(told.headers).length + told.body.length);
        yield* TestClock.adjust("200 millis");
      }
      const bytes = (all: ReadonlyArray<string>) => all.reduce((sum, path) => sum + (sizes.get(path) ?? Number.NaN), 0);
      assert.isAbove(bytes(sent), 0);
      assert.isAtMost(bytes(sent) / bytes(paths), 0.7);
    }).pipe(Effect.provide(Sim.layerTest({ seed: 43, config: unaudited }))),
  );
});
