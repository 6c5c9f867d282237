/**
 * Every method of the interface while there is no router at all: what stands behind it is called with what callers really say, of every kind, single
 * and as lists. The table of methods has a line for each, or it does not compile.
 */
import { assert, describe, it } from "@effect/vitest";
import type { Answer, Answers } from "@naru/router/domain/Answer";
import type { MarketDataError } from "@naru/router/errors/MarketDataError";
import { MarketData } from "@naru/router/MarketData";
import { Sim } from "@naru/sim";
import { Effect, Exit, Fiber, Stream } from "effect";
import { TestClock } from "effect/testing";
import { BrokenRouter } from "./BrokenRouter.ts";

const two = ["KRW-BTC", "KRW-ETH"] as const;

const answered = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true });
    for (let waited = 0; fiber.pollUnsafe() === undefined && waited < 15_000; waited += 500) yield* TestClock.adjust("500 millis");
    return yield* Fiber.join(fiber);
  });

/** Answered by the direct client, freshly; says of which market. */
const byDirect = ({ market, provenance, value }: Answer<unknown>): string => {
  assert.deepStrictEqual([provenance.tier, provenance.stale, provenance.mode], ["direct_rest_fallback", false, "fallback"]);
  if (Array.isArray(value)) assert.isNotEmpty(value);
  return market;
};

const one = <E>(ask: Effect.Effect<Answer<unknown>, E>) =>
  Effect.map(answered(ask), (answer) => assert.strictEqual(byDirect(answer), two[0]));
const list = <E>(ask: Effect.Effect<Answers<unknown>, E>) =>
  Effect.map(answered(ask), ({ answers, failures }) => assert.deepStrictEqual([answers.map(byDirect), failures], [[...two], []]));

/** The stream goes until it has told of both markets. */
const both = <A>(stream: Stream.Stream<A, MarketDataError>) => {
  const seen = new Set<string>();
  const isTold = (element: A) => {
    for (const market of two) if (JSON.stringify(element).includes(market)) seen.add(market);
    return seen.size === two.length;
  };
  return answered(Stream.runDrain(Stream.takeUntil(stream, isTold)));
};

/** The stream says nothing, and does not end. */
const goesOn = (stream: Stream.Stream<unknown>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Stream.runDrain(stream), { startImmediately: true });
    yield* TestClock.adjust("1 second");
    assert.isUndefined(fiber.pollUnsafe());
    yield* Fiber.interrupt(fiber);
  });

type Method = keyof MarketData["Service"];

const methods = (data: MarketData["Service"]): Readonly<Record<Method, Effect.Effect<unknown, unknown>>> => ({
  getTicker: Effect.andThen(one(data.getTicker("KRW-BTC")), list(data.getTicker(two))),
  getOrderbook: Effect.andThen(one(data.getOrderbook("KRW-BTC", { levels: 5 })), list(data.getOrderbook(two, { levels: 5 }))),
  getTrades: Effect.andThen(one(data.getTrades("KRW-BTC")), one(data.getTrades("KRW-BTC", { count: 30 }))),
  getCandles: Effect.forEach(["1m", "1h", "1d", "1w", "1M"], (interval) => one(data.getCandles("KRW-BTC", interval, { count: 2 }))),
  getCandleColumns: Effect.forEach([{ count: 30 }, { count: 250 }], (options) => one(data.getCandleColumns("KRW-BTC", "1m", options))),
  getMarkets: Effect.map(answered(data.getMarkets()), (markets) => assert.isAbove(markets.length, 10)),
  streamTicker: both(data.streamTicker(two)),
  streamOrderbook: both(data.streamOrderbook(two, { levels: 5 })),
  streamTrades: both(data.streamTrades(two)),
  streamCandles: both(data.streamCandles(two, "1m")),
  streamTickerEvents: both(data.streamTickerEvents(two)),
  streamOrderbookEvents: both(data.streamOrderbookEvents(two, { levels: 5 })),
  streamTradesEvents: both(data.streamTradesEvents(two)),
  streamCandlesEvents: both(data.streamCandlesEvents(two, "1m")),
  // Only a router knows that nothing is missing: until there is one, bars wait for it.
  streamBars: goesOn(Stream.orDie(data.streamBars({ markets: two }, "1m"))),
  streamBarsEvents: goesOn(Stream.orDie(data.streamBarsEvents({ quote: "KRW" }, "1m"))),
  streamTickerDeltas: both(data.streamTickerDeltas(two)),
  streamOrderbookDeltas: both(data.streamOrderbookDeltas(two, { levels: 5 })),
  subscribe: Effect.gen(function* () {
    const seen = new Set<string>();
    const given = yield* answered(
      data.subscribe(two, ["ticker", "orderbook", "trades"], ({ element, kind }) => {
        if (element._tag === "Live") seen.add(`${kind} ${element.value.market}`);
      }),
    );
    yield* TestClock.adjust("10 seconds");
    yield* answered(given.unsubscribe);
    for (const kind of ["ticker", "orderbook", "trades"]) for (const market of two) assert.include([...seen], `${kind} ${market}`);
  }),
  // What cannot be said without a router is a typed error, and no crash.
  guard: Effect.map(Effect.flip(answered(data.guard("KRW-BTC"))), (refused) => assert.strictEqual(refused._tag, "TradeRefused")),
  explain: Effect.map(Effect.flip(data.explain({ kind: "ticker", market: "KRW-BTC" })), (error) =>
    assert.strictEqual(error._tag, "Closed"),
  ),
  health: Effect.map(data.health, ({ mode }) => assert.strictEqual(mode, "fallback")),
  liveMetrics: Effect.map(data.liveMetrics, ({ uptimeMs }) => assert.isAbove(uptimeMs, 0)),
  modeChanges: goesOn(data.modeChanges),
  alerts: goesOn(data.alerts),
  metrics: Effect.map(data.metrics, (text) => assert.include(text, "naru_calls_total")),
});

describe("without a router", () => {
  const router = new BrokenRouter();
  router.next = "unbuildable";
  it.effect("every method is answered by what stands behind it, of all kinds, single and as lists (F-53)", () =>
    Effect.gen(function* () {
      const data = yield* MarketData;
      yield* TestClock.adjust("1 second");
      for (const [name, called] of Object.entries(methods(data))) {
        const exit = yield* Effect.exit(called);
        assert.isTrue(Exit.isSuccess(exit), `${name}: ${JSON.stringify(exit)}`);
      }
    }).pipe(Effect.provide(Sim.layerTest({ seed: 46, decorate: { router: router.decorate } }))),
  );
});
