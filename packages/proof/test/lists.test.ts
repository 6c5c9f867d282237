import { assert, describe, it } from "@effect/vitest";
import { getCandles, getMarkets, getTicker, getTrades } from "@naru/router/MarketData";
import { Exchange, Sim } from "@naru/sim";
import { Effect, Fiber } from "effect";
import { TestClock } from "effect/testing";

const during = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true });
    yield* TestClock.adjust("20 seconds");
    return yield* Fiber.join(fiber);
  });

describe("questions about several markets", () => {
  it.effect("one bad market never spoils the rest: the good ones are answered in the order asked (C-30)", () =>
    Effect.gen(function* () {
      const { answers, failures } = yield* during(getTicker(["KRW-ETH", "KRW-NOPE", "BTC-KRW", "KRW-BTC"]));
      assert.deepStrictEqual(
        answers.map((answer) => answer.market),
        ["KRW-ETH", "KRW-BTC"],
      );
      assert.deepStrictEqual(
        failures.map(({ market, error }) => [market, error._tag]),
        [
          ["KRW-NOPE", "MarketUnknown"],
          ["BTC-KRW", "InvalidRequest"],
        ],
      );
    }).pipe(Effect.provide(Sim.layerTest({ seed: 9 }))),
  );

  it.effect("every market of a quote currency costs one request", () =>
    Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      const markets = yield* during(getMarkets({ quote: "KRW", instruments: false }));
      assert.isAbove(markets.length, 5);
      const { answers, failures } = yield* during(getTicker(markets.map((info) => info.market)));
      assert.strictEqual(answers.length, markets.length);
      assert.strictEqual(failures.length, 0);
      assert.strictEqual(ledger.restCount("/v1/ticker"), 1);
    }).pipe(Effect.provide(Sim.layerTest({ seed: 9 }))),
  );

  it.effect("markets come with tick size and warnings", () =>
    Effect.gen(function* () {
      const markets = yield* during(getMarkets());
      assert.isAtLeast(markets.length, 30);
      for (const info of markets) {
        assert.isDefined(info.tickSize, info.market);
        assert.isBoolean(info.warning);
      }
    }).pipe(Effect.provide(Sim.layerTest({ seed: 9 }))),
  );
});

describe("history in pages", () => {
  it.effect("a thousand candles are five requests, oldest first, without gap in order or double (R004-13)", () =>
    Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      const { value } = yield* during(getCandles("KRW-BTC", "1m", { count: 1_000 }));
      assert.strictEqual(value.length, 1_000);
      for (let i = 1; i < value.length; i++) assert.isBelow(value[i - 1]?.openTimeMs ?? 0, value[i]?.openTimeMs ?? 0);
      assert.strictEqual(value.at(-1)?.state, "forming");
      assert.isTrue(value.slice(0, -1).every((candle) => candle.state === "closed"));
      assert.strictEqual(ledger.restCount("/v1/candles/minutes/1"), 5);
    }).pipe(Effect.provide(Sim.layerTest({ seed: 9 }))),
  );

  it.effect("a range holds every window with a trade, and filling marks the others as empty", () =>
    Effect.gen(function* () {
      const range = { from: "2026-01-04T22:00:00Z", to: "2026-01-05T01:00:00Z" } as const;
      const bare = yield* during(getCandles("BTC-ETH", "1m", range));
      const filled = yield* during(getCandles("BTC-ETH", "1m", { ...range, fill: "flat" }));
      assert.strictEqual(filled.value.length, 180);
      assert.deepStrictEqual(
        filled.value.filter((candle) => candle.state !== "empty"),
        bare.value,
      );
      assert.isAbove(filled.value.length, bare.value.length);
      for (const candle of filled.value) if (candle.state === "empty") assert.strictEqual(candle.volume.number, 0);
    }).pipe(Effect.provide(Sim.layerTest({ seed: 9 }))),
  );

  it.effect("an end in the future is not sent: what it means on the wire is not documented", () =>
    Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      const { value } = yield* during(getCandles("KRW-BTC", "1m", { count: 3, to: "2026-01-05T09:00:00Z" }));
      assert.strictEqual(value.length, 3);
      assert.strictEqual(value.at(-1)?.state, "forming");
      const [request] = ledger.requests("/v1/candles/minutes/1");
      assert.notInclude(request?.target, "to=");
    }).pipe(Effect.provide(Sim.layerTest({ seed: 9 }))),
  );

  it.effect("twelve hundred trades are paged by cursor, each once, oldest first (R002-11)", () =>
    Effect.gen(function* () {
      const { value } = yield* during(getTrades("KRW-BTC", { count: 1_200 }));
      assert.strictEqual(value.length, 1_200);
      assert.strictEqual(new Set(value.map((trade) => trade.id)).size, 1_200);
      for (let i = 1; i < value.length; i++) assert.isAtMost(value[i - 1]?.tradeTimeMs ?? 0, value[i]?.tradeTimeMs ?? 0);
    }).pipe(Effect.provide(Sim.layerTest({ seed: 9 }))),
  );
});
