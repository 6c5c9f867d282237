/**
 * The router over each region of the emulated exchange, and over each spelling of its numbers: what is read over either channel is the same to
 * the last digit, whatever the members, texts and notations of the region are.
 */
import { assert, describe, it } from "@effect/vitest";
import {
  getCandles,
  getMarkets,
  getOrderbook,
  getTicker,
  getTrades,
  streamOrderbook,
  streamTicker,
  streamTrades,
} from "@naru/router/MarketData";
import { Exchange, Script, Sim, type SpellingMode } from "@naru/sim";
import { Effect, Fiber, Layer, Stream } from "effect";
import { TestClock } from "effect/testing";

/** Runs a call while virtual time passes, as it would in an app. */
const during = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true });
    yield* TestClock.adjust("2 seconds");
    return yield* Fiber.join(fiber);
  });

const first = <A, E, R>(stream: Stream.Stream<A, E, R>) => during(Stream.runCollect(Stream.take(stream, 1)));

describe("the regions of Upbit", () => {
  for (const [profile, fiat] of [
    ["upbit", "KRW"],
    ["upbit-sg", "SGD"],
    ["upbit-id", "IDR"],
    ["upbit-th", "THB"],
  ] as const) {
    it.effect(`${profile} answers every question, and streams without the members it does not have`, () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const { ledger } = yield* Exchange;
        const market = `${fiat}-BTC`;
        const markets = yield* during(getMarkets());
        assert.isTrue(markets.some((listed) => listed.market === market && (listed.koreanName === undefined) === (fiat !== "KRW")));
        assert.strictEqual(markets.find((listed) => listed.market === `${fiat}-ZIL`)?.warning, true);
        const { value: ticker } = yield* during(getTicker(market));
        const { value: book } = yield* during(getOrderbook(market));
        assert.strictEqual(book.asks.length, 15);
        const { value: trades } = yield* during(getTrades(market, { count: 5 }));
        const { value: candles } = yield* during(getCandles(market, "1m", { count: 5 }));
        assert.deepStrictEqual([trades.length, candles.length], [5, 5]);
        const price = String(ticker.price);
        assert.strictEqual(String((yield* first(streamTicker([market])))[0]?.price), price);
        assert.strictEqual(String((yield* first(streamOrderbook([market])))[0]?.asks[0]?.price), String(book.asks[0]?.price));
        const live = yield* Effect.forkChild(Stream.runCollect(Stream.take(streamTrades([market]), 2)), { startImmediately: true });
        yield* TestClock.adjust("2 seconds");
        const { id } = yield* Script.trade(market, { price });
        yield* TestClock.adjust("1 second");
        const [, trade] = yield* Fiber.join(live);
        assert.deepStrictEqual([String(trade?.id), String(trade?.price)], [id, price]);
        assert.strictEqual(ledger.frameCount("out", "error"), 0);
      }).pipe(Effect.provide(Sim.layerTest({ seed: 5, profile }))),
    );
  }
});

describe("the spellings of numbers", () => {
  const answersOf = (spelling: SpellingMode) =>
    Effect.gen(function* () {
      yield* Script.halt;
      yield* Script.trade("KRW-BTC", { price: 116_539_000, size: "0.00079276" });
      const { value: ticker } = yield* during(getTicker("KRW-BTC"));
      const { value: book } = yield* during(getOrderbook("KRW-BTC"));
      const [frame] = yield* first(streamOrderbook(["KRW-BTC"]));
      return [
        String(ticker.price),
        String(ticker.lastVolume),
        ...book.bids.slice(0, 3).map((level) => `${level.price} ${level.size}`),
        ...(frame?.bids ?? []).slice(0, 3).map((level) => `${level.price} ${level.size}`),
      ];
    }).pipe(
      Effect.provide(
        // Every run at the same virtual time: books change with it.
        Layer.provideMerge(
          Sim.layerTest({ seed: 5, wire: { spelling, tickerPricesAsText: spelling === "fixed", bestQuotes: "null" } }),
          TestClock.layer(),
        ),
      ),
    );

  for (const spelling of ["fixed", "java", "plain"] as const) {
    it.effect(`${spelling} is read as the same numbers as the exchange's own mixture`, () =>
      Effect.gen(function* () {
        const mixed = yield* answersOf("wire");
        assert.strictEqual(mixed.length, 8);
        assert.deepStrictEqual(yield* answersOf(spelling), mixed);
      }),
    );
  }
});
