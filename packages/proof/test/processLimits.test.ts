import { assert, describe, it } from "@effect/vitest";
import { getTicker, getTrades } from "@naru/router/MarketData";
import { Exchange, layerLoopbackServer, LoopbackServer, Sim } from "@naru/sim";
import { layerFor } from "@naru/upbit/Upbit";
import { Effect, Fiber, Layer } from "effect";
import { TestClock } from "effect/testing";

/** A new layer for every run, as a careless app would have it. */
const newLayer = (url: string) => layerFor({ venue: url, profile: { id: "sim", simulated: true } });

describe("a place in a limit", () => {
  it.effect("is free again one window after the answer, not after the grant: a slow way is not counted twice", () =>
    Effect.gen(function* () {
      const { ledger, world } = yield* Exchange;
      const all = Effect.forEach(world.markets.slice(0, 11), (spec) => getTrades(spec.code, { context: "research", deadline: 30_000 }), {
        concurrency: "unbounded",
      });
      const fiber = yield* Effect.forkChild(all, { startImmediately: true });
      yield* TestClock.adjust("10 seconds");
      yield* Fiber.join(fiber);
      const arrivals = ledger.requests("/v1/trades/ticks").map((request) => request.atMs);
      assert.strictEqual(arrivals.length, 11);
      // Ten leave at once and are answered 800 ms later; the eleventh may arrive a window after that.
      assert.isAtLeast((arrivals[10] ?? 0) - (arrivals[0] ?? 0), 1_800);
      assert.strictEqual(ledger.rejected, 0);
    }).pipe(Effect.provide(Sim.layerTest({ seed: 3, network: { restLatencyMs: 800 } }))),
  );
});

describe("one process, one limit", () => {
  it.live(
    "forty runs at once that each build the layer anew never exceed a limit at the exchange (R000-22)",
    () =>
      Effect.gen(function* () {
        const { ledger } = yield* Exchange;
        const { url } = yield* LoopbackServer;
        const one = () =>
          Effect.runPromise(
            Effect.provide(getTicker("KRW-BTC", { strategy: "rest_only", context: "research", deadline: 20_000 }), newLayer(url)),
          );
        const answers = yield* Effect.promise(() => Promise.all(Array.from({ length: 40 }, one)));
        assert.deepStrictEqual([...new Set(answers.map((answer) => answer.provenance.channel))], ["rest"]);
        assert.strictEqual(ledger.restCount("/v1/ticker"), 40);
        assert.strictEqual(ledger.rejected, 0);
        for (const group of ledger.groups()) {
          const limit = group === "websocket-connect" ? 5 : 10;
          assert.isAtMost(ledger.maxInWindow(group, 1_000), limit, group);
        }
        assert.isAbove(ledger.groups().length, 0);
      }).pipe(Effect.provide(layerLoopbackServer().pipe(Layer.provideMerge(Exchange.layer({ seed: 3 }))))),
    60_000,
  );
});
