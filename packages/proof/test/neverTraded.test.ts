/** A market that is listed and in which nobody has traded yet: there is nothing wrong with anybody, and there is no price. */
import { assert, describe, it } from "@effect/vitest";
import { getTicker, health } from "@naru/router/MarketData";
import { Exchange, Sim } from "@naru/sim";
import { Effect, Fiber } from "effect";
import { TestClock } from "effect/testing";
import { BrokenRouter } from "./BrokenRouter.ts";

const soon = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true });
    yield* TestClock.adjust("5 seconds");
    return yield* Fiber.join(fiber);
  });

const layer = Sim.layerTest({ seed: 14, markets: { rates: { "KRW-XRP": 0 } } });

describe("a market in which nobody has traded yet", () => {
  it.effect("says so, alone and among others that are answered, from the first tier that asked, and nobody's health suffers by it", () =>
    Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      const alone = yield* soon(Effect.flip(getTicker("KRW-XRP", { strategy: "rest_only" })));
      assert.deepInclude(alone, { _tag: "NeverTraded", market: "KRW-XRP" });
      assert.strictEqual(ledger.requests().filter(({ path }) => path === "/v1/ticker").length, 1);
      const auto = yield* soon(Effect.flip(getTicker("KRW-XRP")));
      assert.strictEqual(auto._tag, "NeverTraded");

      const { answers, failures } = yield* soon(getTicker(["KRW-BTC", "KRW-XRP", "KRW-ETH"], { maxAge: 0 }));
      assert.deepStrictEqual(
        answers.map(({ value }) => value.market),
        ["KRW-BTC", "KRW-ETH"],
      );
      assert.deepStrictEqual(
        failures.map(({ market, error: { _tag } }) => [market, _tag]),
        [["KRW-XRP", "NeverTraded"]],
      );
      const { calls, mode, modeHistory } = yield* health;
      assert.deepStrictEqual([mode, modeHistory, calls.failures], ["normal", [], 0]);
    }).pipe(Effect.provide(layer)),
  );

  it.effect("says so through the direct client as well, one among others", () => {
    const router = new BrokenRouter();
    router.next = "unbuildable";
    const broken = Sim.layerTest({ seed: 14, markets: { rates: { "KRW-XRP": 0 } }, decorate: { router: router.decorate } });
    return Effect.gen(function* () {
      yield* TestClock.adjust("1 second");
      const { answers, failures } = yield* soon(getTicker(["KRW-BTC", "KRW-XRP"]));
      assert.deepStrictEqual(
        answers.map(({ market, provenance: { tier } }) => [market, tier]),
        [["KRW-BTC", "direct_rest_fallback"]],
      );
      assert.deepStrictEqual(
        failures.map(({ market, error: { _tag } }) => [market, _tag]),
        [["KRW-XRP", "NeverTraded"]],
      );
    }).pipe(Effect.provide(broken));
  });

  it.effect("is not believed of a market whose price is known: the old value comes with its label, or is an error that carries it", () =>
    Effect.gen(function* () {
      const { value } = yield* soon(getTicker("KRW-BTC", { strategy: "rest_only" }));
      const untraded = { market: "KRW-BTC", trade_price: null, trade_timestamp: null };
      yield* Sim.fault({ verb: "answer", path: "/v1/ticker", body: JSON.stringify([untraded]) });
      yield* TestClock.adjust("10 seconds");
      const ask = { strategy: "rest_only", maxAge: 1_000 } as const;
      const served = yield* soon(getTicker("KRW-BTC", { ...ask, onStale: "serve" }));
      assert.deepStrictEqual([served.provenance.stale, served.value.price.toString()], [true, value.price.toString()]);
      assert.isAtLeast(served.provenance.valueAgeMs, 10_000);
      const refused = yield* soon(Effect.flip(getTicker("KRW-BTC", { ...ask, onStale: "fail" })));
      assert.strictEqual(refused._tag, "StaleData");
    }).pipe(Effect.provide(layer)),
  );
});
