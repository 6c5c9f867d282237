/**
 * A chart, an engine and a manager of strategies side by side on the emulated exchange, for twenty minutes of virtual time. Then the minutes that were
 * kept are played to the manager again: it decides the same.
 */
import { Backtest, getCandles } from "@naru/router";
import { layerMemory } from "@naru/router/cache/HistoryStore";
import { Sim } from "@naru/sim";
import { Effect, Fiber, Layer, Logger } from "effect";
import { TestClock } from "effect/testing";
import { chartFeed } from "./chartFeed.ts";
import { consume } from "./consume.ts";
import { breakout, crossing, type Decision, strategyManager } from "./strategyManager.ts";
import { tradingEngine } from "./tradingEngine.ts";

const markets = ["KRW-BTC", "KRW-ETH", "KRW-XRP"];
const manager = strategyManager(markets, [crossing(3, 8), breakout(6)]);
const rules = { maxConfirmedAgeMs: 1_000, allowSimulated: true } as const;
const minuteMs = 60_000;

/** Twenty minutes of the emulated exchange, in steps in which what one second starts is under way in the next. */
const lived = Effect.gen(function* () {
  const over = Effect.sleep("20 minutes");
  const consumers = [
    consume(chartFeed("KRW-BTC", 5), over),
    consume(tradingEngine("KRW-BTC", 5, rules), over),
    consume(manager, over),
  ] as const;
  const running = yield* Effect.forkChild(Effect.all(consumers, { concurrency: "unbounded" }));
  yield* Effect.repeat(TestClock.adjust("250 millis"), { while: () => running.pollUnsafe() === undefined });
  return yield* Fiber.join(running);
});

/** From the first minute that the manager saw live to the last, with what it warms up on before. */
const kept = (fromMs: number, toMs: number) =>
  Effect.gen(function* () {
    // A minute is kept when nothing can come into it any more.
    yield* TestClock.adjust("2 minutes");
    const reading = yield* Effect.forkChild(
      Effect.forEach(markets, (market) => getCandles(market, "1m", { from: fromMs - 15 * minuteMs, to: toMs, context: "backtesting" })),
    );
    yield* Effect.repeat(TestClock.adjust("1 second"), { while: () => running(reading) });
    yield* Fiber.join(reading);
  });

const running = (fiber: Fiber.Fiber<unknown, unknown>): boolean => fiber.pollUnsafe() === undefined;

const lines = (decisions: ReadonlyArray<Decision>): ReadonlyArray<string> =>
  decisions
    .map(({ strategy, market, side, openTimeMs }) => `${new Date(openTimeMs).toISOString().slice(11, 16)} ${market} ${side} (${strategy})`)
    .toSorted();

const story = Effect.gen(function* () {
  const [chart, engine, live] = yield* lived;
  for (const bar of chart.values())
    console.log(`chart   ${new Date(bar.openTimeMs).toISOString().slice(11, 16)} close ${bar.close} ${bar.state}`);
  console.log(`engine  ${engine.trades} trades, ${engine.fills.length} orders filled, ${engine.refused} stopped by the last look`);
  console.log(`manager ${live.decisions.length} decisions in ${markets.length} markets`);

  const seen = live.decisions.map(({ openTimeMs }) => openTimeMs);
  const [fromMs, toMs] = [Math.min(...seen), Math.max(...seen) + minuteMs];
  yield* kept(fromMs, toMs);
  const played = yield* Effect.provide(consume(manager), Backtest.layer({ from: fromMs, to: toMs }));
  const [then, again] = [lines(live.decisions), lines(played.decisions)];
  const isSame = then.join() === again.join();
  console.log(`again   ${again.length} decisions on what was kept, ${isSame ? "the same" : "others"}`);
  if (!isSame) process.exitCode = 1;
});

const layer = Sim.layerTest({ seed: 5 }).pipe(
  Layer.provideMerge(layerMemory()),
  Layer.provideMerge(Layer.merge(TestClock.layer(), Logger.layer([]))),
);
await Effect.runPromise(Effect.provide(story, layer));
