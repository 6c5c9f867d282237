/** The older call style, over the emulated exchange: every old call beside the new one it stands for. */
import { assert, describe, it } from "@effect/vitest";
import { adapter, get_candles, get_orderbook, get_ticker, get_trades, type LegacyResult } from "@naru/router/legacy";
import { getCandles, getOrderbook, getTicker, getTrades, type MarketData } from "@naru/router/MarketData";
import { Sim } from "@naru/sim";
import { Effect, Fiber } from "effect";
import { TestClock } from "effect/testing";
import { BrokenRouter } from "./BrokenRouter.ts";

const answered = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true });
    for (let waited = 0; fiber.pollUnsafe() === undefined && waited < 10_000; waited += 10) yield* TestClock.adjust("10 millis");
    return yield* Fiber.join(fiber);
  });

type Call = Effect.Effect<LegacyResult, never, MarketData>;

describe("the older calls", () => {
  const [one, two] = ["KRW-BTC", "KRW-ETH"] as const;
  const calls: ReadonlyArray<readonly [string, Call, Effect.Effect<{ readonly value: unknown }, unknown, MarketData>]> = [
    ["get_ticker", get_ticker(one), getTicker(one)],
    ["get_orderbook", get_orderbook(one), getOrderbook(one)],
    ["get_trades", get_trades(one), getTrades(one, { count: 100 })],
    ["get_candles", get_candles(one), getCandles(one, "1m", { count: 100 })],
    ["get_ticker_data", adapter.get_ticker_data(one), getTicker(one)],
    ["get_orderbook_data", adapter.get_orderbook_data(one), getOrderbook(one)],
    ["get_candle_data", adapter.get_candle_data(one, "1h", 5), getCandles(one, "1h", { count: 5 })],
  ];

  for (const [name, old, present] of calls) {
    it.effect(`${name} gives what the present call gives, in the old shape${name === "get_ticker" ? " (R001-20)" : ""}`, () =>
      Effect.gen(function* () {
        yield* Sim.halt;
        const result = yield* answered(old);
        const { value } = yield* answered(present);
        assert.deepStrictEqual([result.success, result.source], [true, "smart_router"]);
        assert.isTrue(result.response_time_ms >= 0 && !Number.isNaN(Date.parse(result.timestamp)));
        const rows = Array.isArray(value) ? value.length : undefined;
        assert.strictEqual(Array.isArray(result.data) ? result.data.length : undefined, rows);
        assert.strictEqual(result.candle_count, name.startsWith("get_candle") ? rows : undefined);
      }).pipe(Effect.provide(Sim.layerTest({ seed: 61 }))),
    );
  }

  it.effect("take one symbol or a list; a list of one is unwrapped, and what is good of a list is given beside what failed (R001-21)", () =>
    Effect.gen(function* () {
      const list = yield* answered(get_ticker([one, two]));
      assert.deepStrictEqual(Object.keys(list.data as object), [one, two]);
      const single = yield* answered(get_ticker([one]));
      assert.strictEqual((single.data as { market: string }).market, one);
      const mixed = yield* answered(get_candles([one, "KRW-NOPE"], "1m", 3));
      assert.deepStrictEqual([mixed.success, mixed.candle_count], [false, 3]);
      assert.deepStrictEqual(Object.keys(mixed.errors ?? {}), ["KRW-NOPE"]);
      for (const bad of [get_ticker("btc krw"), get_trades(one, 501), get_candles(one, "2m"), get_ticker([])]) {
        const { success, source } = yield* answered(bad as Call);
        assert.deepStrictEqual([success, source], [false, "none"]);
      }
      const summary = yield* adapter.get_performance_summary;
      assert.strictEqual(summary.mode, "normal");
    }).pipe(Effect.provide(Sim.layerTest({ seed: 62 }))),
  );

  it.effect("are answered by the direct client where the router fails, and say so (R001-23)", () => {
    const router = new BrokenRouter();
    router.next = "fails";
    return Effect.gen(function* () {
      for (const call of [get_ticker([one, two]), get_orderbook(one), get_trades(one), get_candles(one)]) {
        const { success, source } = yield* answered(call as Call);
        assert.deepStrictEqual([success, source], [true, "direct_rest_fallback"]);
      }
    }).pipe(Effect.provide(Sim.layerTest({ seed: 63, decorate: { router: router.decorate } })));
  });
});
