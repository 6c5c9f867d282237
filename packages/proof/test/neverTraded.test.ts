/** A market that is listed and in which nobody has traded yet: there is nothing wrong with anybody, and there is no price. */
import { assert, describe, it } from "@effect/vitest";
import { getTicker, health } from "@naru/router/MarketData";
import { Exchange, Sim } from "@naru/sim";
import { Effect, Fiber } from "effect";
import { TestClock } from "effect/testing";

describe("a market in which nobody has traded yet", () => {
  it.effect("says so, alone and among others that are answered, from the first tier that asked, and nobody's health suffers by it", () =>
    Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      const soon = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
        Effect.gen(function* () {
          const fiber = yield* Effect.forkChild(effect, { startImmediately: true });
          yield* TestClock.adjust("5 seconds");
          return yield* Fiber.join(fiber);
        });
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
      const { mode, modeHistory } = yield* health;
      assert.deepStrictEqual([mode, modeHistory], ["normal", []]);
    }).pipe(Effect.provide(Sim.layerTest({ seed: 14, markets: { rates: { "KRW-XRP": 0 } } }))),
  );
});
