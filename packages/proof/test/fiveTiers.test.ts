import { assert, describe, it } from "@effect/vitest";
import { Cache } from "@naru/router/cache/Cache";
import { explain, getCandles, getOrderbook, getTicker, getTrades } from "@naru/router/MarketData";
import { Subscriptions } from "@naru/router/stream/Subscriptions";
import { Exchange, Sim } from "@naru/sim";
import { Effect, Fiber, type Layer } from "effect";
import { TestClock } from "effect/testing";

/** Runs a call while virtual time passes, as it would in an app. */
const during = <A, E, R>(effect: Effect.Effect<A, E, R>, time: "2 seconds" | "100 millis" = "2 seconds") =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true });
    yield* TestClock.adjust(time);
    return yield* Fiber.join(fiber);
  });

const withSim = <A, E>(effect: Effect.Effect<A, E, Layer.Success<ReturnType<typeof Sim.layerTest>>>) =>
  Effect.provide(effect, Sim.layerTest({ seed: 7 }));

const ticker = "KRW-BTC";

describe("each of the five tiers really serves (R000-06)", () => {
  it.effect("batch_snapshot answers the first question, and callers of single markets share one request", () =>
    withSim(
      Effect.gen(function* () {
        const { ledger } = yield* Exchange;
        const markets = ["KRW-BTC", "KRW-ETH", "KRW-XRP", "BTC-ETH"];
        const answers = yield* during(
          Effect.all(
            markets.map((market) => getTicker(market)),
            { concurrency: "unbounded" },
          ),
        );
        assert.deepStrictEqual(
          answers.map((answer) => answer.provenance.tier),
          Array.from(markets, () => "batch_snapshot"),
        );
        assert.deepStrictEqual(
          answers.map((answer) => answer.value.market),
          markets,
        );
        assert.strictEqual(ledger.restCount("/v1/ticker"), 1);
      }),
    ),
  );

  it.effect("hot_cache answers the second question without a request, and only while the value is confirmed", () =>
    withSim(
      Effect.gen(function* () {
        const { ledger } = yield* Exchange;
        const first = yield* during(getTicker(ticker), "100 millis");
        const second = yield* getTicker(ticker);
        assert.strictEqual(second.provenance.tier, "hot_cache");
        assert.strictEqual(second.provenance.channel, "rest");
        assert.deepStrictEqual(second.value, first.value);
        assert.strictEqual(ledger.restCount("/v1/ticker"), 1);
        yield* TestClock.adjust("3 seconds");
        const third = yield* during(getTicker(ticker), "100 millis");
        assert.strictEqual(third.provenance.tier, "batch_snapshot");
      }),
    ),
  );

  it.effect("live_subscription answers from a frame: no request is sent and the value's time is a frame's in the ledger (R001-33)", () =>
    withSim(
      Effect.gen(function* () {
        const { ledger } = yield* Exchange;
        const subscriptions = yield* Subscriptions;
        subscriptions.open();
        yield* TestClock.adjust("1 second");
        assert.isTrue(subscriptions.connected());
        // The snapshot comes later than a hedge would; what is not urgent has none.
        const answer = yield* during(getTicker("KRW-ETH", { realtime: true, priority: "low" }));
        assert.strictEqual(answer.provenance.tier, "live_subscription");
        assert.strictEqual(answer.provenance.channel, "websocket");
        assert.strictEqual(ledger.restCount("/v1/ticker"), 0);
        const frames = ledger.frames({ direction: "out", kind: "ticker", market: "KRW-ETH" }).map((frame) => frame.text);
        assert.isTrue(
          frames.some((text) => text.includes(`"timestamp":${answer.provenance.exchangeTimeMs}`)),
          frames.join("\n"),
        );
      }),
    ),
  );

  it.effect("warm_cache_rest asks once and answers the same question about a closed past from its store for as long as it holds it", () =>
    withSim(
      Effect.gen(function* () {
        const { ledger } = yield* Exchange;
        const question = getCandles(ticker, "1m", { count: 100, to: "2026-01-05T00:00:00Z", context: "backtesting" });
        const first = yield* during(question);
        assert.strictEqual(first.provenance.tier, "warm_cache_rest");
        yield* TestClock.adjust("20 seconds");
        const second = yield* question;
        assert.strictEqual(second.provenance.tier, "warm_cache_rest");
        assert.deepStrictEqual(second.value, first.value);
        assert.isFalse(second.provenance.stale);
        assert.strictEqual(ledger.restCount("/v1/candles/minutes/1"), 1);
        yield* TestClock.adjust("1 day");
        assert.deepStrictEqual((yield* question).value, first.value);
        assert.strictEqual(ledger.restCount("/v1/candles/minutes/1"), 1);
        const cache = yield* Cache;
        yield* cache.invalidate(first.market, "candles");
        yield* during(question);
        assert.strictEqual(ledger.restCount("/v1/candles/minutes/1"), 2);
      }),
    ),
  );

  it.effect("cold_rest answers research directly and keeps nothing for the next caller of the same question", () =>
    withSim(
      Effect.gen(function* () {
        const { ledger } = yield* Exchange;
        const question = getTrades(ticker, { count: 50, context: "research" });
        const first = yield* during(question);
        assert.strictEqual(first.provenance.tier, "cold_rest");
        assert.strictEqual(first.value.length, 50);
        yield* during(question);
        assert.strictEqual(ledger.restCount("/v1/trades/ticks"), 2);
      }),
    ),
  );
});

describe("what the tiers share", () => {
  it.effect("explain ranks without asking anyone, and its gates name the tiers that cannot serve", () =>
    withSim(
      Effect.gen(function* () {
        const { ledger } = yield* Exchange;
        const { ranked } = yield* explain({ kind: "candles", market: ticker, interval: "1m", count: 500 });
        assert.deepStrictEqual(
          ranked.tiers.map(({ tier }) => tier),
          ["warm_cache_rest", "cold_rest"],
        );
        assert.strictEqual(ledger.restCount(), 0);
      }),
    ),
  );

  it.effect("a book is cut to the levels asked, and a deeper question does not settle for a shallower memory", () =>
    withSim(
      Effect.gen(function* () {
        const { ledger } = yield* Exchange;
        const five = yield* during(getOrderbook(ticker, { levels: 5 }), "100 millis");
        assert.strictEqual(five.value.asks.length, 5);
        const three = yield* getOrderbook(ticker, { levels: 3 });
        assert.strictEqual(three.provenance.tier, "hot_cache");
        assert.strictEqual(three.value.bids.length, 3);
        const thirty = yield* during(getOrderbook(ticker, { levels: 30 }), "100 millis");
        assert.strictEqual(thirty.value.asks.length, 30);
        assert.strictEqual(ledger.restCount("/v1/orderbook"), 2);
      }),
    ),
  );
});
