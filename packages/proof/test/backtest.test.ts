/** The past played again, held against what was streamed when it was the present, on the emulated exchange. */
import { chartFeed } from "@naru/examples/consumers/chartFeed";
import { consume } from "@naru/examples/consumers/consume";
import { breakout, crossing, strategyManager } from "@naru/examples/consumers/strategyManager";
import { tradingEngine } from "@naru/examples/consumers/tradingEngine";
import { Backtest, type Candle, getCandles, getTrades, streamCandles, streamTrades, type Trade } from "@naru/router";
import { HistoryStore, layerMemory } from "@naru/router/cache/HistoryStore";
import type { Market } from "@naru/router/domain/Market";
import { Sim } from "@naru/sim";
import { assert, describe, it } from "@effect/vitest";
import { Effect, Fiber, Layer, Stream } from "effect";
import { TestClock } from "effect/testing";

const minuteMs = 60_000;
const exchange = (seed: number) => Sim.layerTest({ seed }).pipe(Layer.provideMerge(layerMemory()));

/** Lets the exchange go on until a program is over. */
const through = <A, E, R>(program: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const running = yield* Effect.forkChild(program);
    yield* Effect.repeat(TestClock.adjust("500 millis"), { while: () => running.pollUnsafe() === undefined });
    return yield* Fiber.join(running);
  });

type Seen = { readonly what: "trade"; readonly trade: Trade } | { readonly what: "candle"; readonly candle: Candle };

/** Trades and closed minutes of a market. */
const watching = (market: string) => {
  const seen: Array<Seen> = [];
  const trades = Stream.runForEach(streamTrades(market), (trade) => Effect.sync(() => seen.push({ what: "trade", trade })));
  const minutes = streamCandles(market, "1m").pipe(
    Stream.filter(({ state }) => state === "closed"),
    Stream.runForEach((candle) => Effect.sync(() => seen.push({ what: "candle", candle }))),
  );
  return { seen, run: Effect.all([trades, minutes], { concurrency: "unbounded", discard: true }) };
};

const idsOf = (seen: ReadonlyArray<Seen>) => seen.flatMap((one) => (one.what === "trade" ? [one.trade.id] : []));
const closesOf = (seen: ReadonlyArray<Seen>) =>
  seen.flatMap((one) => (one.what === "candle" ? [`${one.candle.openTimeMs} ${one.candle.close} ${one.candle.volume}`] : []));

describe("the past played again", () => {
  it.effect("is what was streamed: every trade in its order, and every minute after the trades that made it", () =>
    Effect.gen(function* () {
      const live = watching("KRW-BTC");
      yield* through(Effect.timeoutOption(live.run, "5 minutes"));
      const minutes = live.seen.flatMap((one) => (one.what === "candle" ? [one.candle.openTimeMs] : []));
      // The first one began before anybody watched.
      const range = { fromMs: Math.min(...minutes) + minuteMs, toMs: Math.max(...minutes) + minuteMs };
      yield* TestClock.adjust("2 minutes");
      const read = Effect.all([
        getCandles("KRW-BTC", "1m", { from: range.fromMs, to: range.toMs }),
        getTrades("KRW-BTC", { count: 3_000 }),
      ]);
      const [, { value }] = yield* through(read);
      const store = yield* HistoryStore;
      assert.isBelow(value[0]?.tradeTimeMs ?? Infinity, range.fromMs, "all trades of these minutes were read");
      yield* store.putTrades({ venue: "sim", market: "KRW-BTC" as Market }, value, range);

      const again = watching("KRW-BTC");
      yield* Effect.provide(again.run, Backtest.layer({ from: range.fromMs, to: range.toMs }));
      const inRange = live.seen.filter((one) => isIn(range, one.what === "candle" ? one.candle.openTimeMs : one.trade.tradeTimeMs));
      assert.isAtLeast(minutes.length, 4);
      assert.isAbove(idsOf(inRange).length, 30);
      assert.deepStrictEqual(idsOf(again.seen), idsOf(inRange));
      assert.deepStrictEqual(closesOf(again.seen), closesOf(inRange));
      for (const [at, one] of again.seen.entries()) {
        if (one.what !== "candle") continue;
        const end = one.candle.openTimeMs + minuteMs;
        assert.isTrue(again.seen.slice(0, at).every((before) => before.what === "candle" || before.trade.tradeTimeMs < end));
      }
    }).pipe(Effect.provide(exchange(3))),
  );

  it.effect("makes a manager of strategies decide as it did then, beside a chart and an engine of the same shape (R004-72)", () =>
    Effect.gen(function* () {
      const markets = ["KRW-BTC", "KRW-ETH"];
      const manager = strategyManager(markets, [crossing(3, 8), breakout(4)]);
      const over = Effect.sleep("6 minutes");
      const consumers = [
        consume(chartFeed("KRW-BTC", 5), over),
        consume(tradingEngine("KRW-BTC", 3, { maxConfirmedAgeMs: 1_000, allowSimulated: true }), over),
        consume(manager, over),
      ] as const;
      const [chart, engine, live] = yield* through(Effect.all(consumers, { concurrency: "unbounded" }));
      assert.strictEqual(chart.size, 5);
      assert.isAbove(engine.trades, 50);
      assert.isAbove(engine.fills.length, 0);
      assert.isAbove(live.decisions.length, 3);

      const seen = live.decisions.map(({ openTimeMs }) => openTimeMs);
      const [fromMs, toMs] = [Math.min(...seen), Math.max(...seen) + minuteMs];
      yield* TestClock.adjust("2 minutes");
      yield* through(Effect.forEach(markets, (market) => getCandles(market, "1m", { from: fromMs - 15 * minuteMs, to: toMs })));
      const played = yield* Effect.provide(consume(manager), Backtest.layer({ from: fromMs, to: toMs }));
      assert.sameDeepMembers([...played.decisions], [...live.decisions]);
    }).pipe(Effect.provide(exchange(5))),
  );
});

const isIn = ({ fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }, timeMs: number): boolean =>
  timeMs >= fromMs && timeMs < toMs;
