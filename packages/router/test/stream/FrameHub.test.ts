/** What the hub and the service tell a consumer that comes to a running link, and how the link's numbers add up. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Fiber, Latch, Logger, Stream } from "effect";
import { TestClock } from "effect/testing";
import { Cache } from "../../src/cache/Cache.ts";
import type { Orderbook } from "../../src/domain/Orderbook.ts";
import type { StreamElement } from "../../src/domain/StreamElement.ts";
import { keyId, type StreamKey } from "../../src/domain/StreamKey.ts";
import type { Ticker } from "../../src/domain/Ticker.ts";
import { DecodeError } from "../../src/errors/MarketDataError.ts";
import { LiveLedger } from "../../src/health/LiveLedger.ts";
import { Subscriptions } from "../../src/stream/Subscriptions.ts";
import { book, bookKey, btc, eth, ScriptedExchange, ticker, tickerKey } from "./exchange.ts";

const settle = TestClock.adjust(0);

const books = Effect.fnUntraced(function* (key: StreamKey) {
  const subscriptions = yield* Subscriptions;
  const depths: Array<number | string> = [];
  yield* subscriptions.events("orderbook", [key], {}).pipe(
    Stream.runForEach((element: StreamElement<Orderbook>) =>
      Effect.sync(() => depths.push(element._tag === "Live" ? element.value.asks.length : element._tag)),
    ),
    Effect.forkScoped({ startImmediately: true }),
  );
  return depths;
});

describe("a consumer that comes to a running link", () => {
  it.effect("does not begin with a shallower book than it asked for, whoever brought that", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const { hot } = yield* Cache;
        yield* books(bookKey(btc, 15));
        yield* settle;
        exchange.socket.push(book(btc, 15, 1, true));
        const five = book(btc, 5, 2);
        assert.isTrue(five._tag === "Orderbook");
        if (five._tag !== "Orderbook") return;
        const receipt = { exchangeTimeMs: 2, receivedNanos: 0n, receivedMs: 0, confirmedNanos: 0n };
        hot.put(keyId(bookKey(btc, 5)), { value: five.value, ...receipt, channel: "rest", depth: 5 });
        const late = yield* books(bookKey(btc, 15));
        const content = yield* books(bookKey(btc, 5));
        yield* settle;
        exchange.socket.push(book(btc, 15, 3));
        yield* settle;
        assert.deepStrictEqual(late, [15]);
        assert.deepStrictEqual(content, [5, 5]);
      }),
    );
  });

  it.effect("with a buffer smaller than its list of markets still gets the newest of every market", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const release = yield* Latch.make();
        const seen: Array<StreamElement<Ticker>> = [];
        yield* subscriptions.events("ticker", [tickerKey(btc), tickerKey(eth)], { bufferSize: 1 }).pipe(
          Stream.runForEach((element) =>
            Effect.andThen(
              release.await,
              Effect.sync(() => seen.push(element)),
            ),
          ),
          Effect.forkScoped({ startImmediately: true }),
        );
        yield* settle;
        exchange.socket.push(ticker(btc, 1, 1));
        yield* settle; // The consumer holds this one.
        exchange.socket.push(ticker(btc, 2, 2), ticker(eth, 9, 2));
        yield* release.open;
        yield* settle;
        const prices = seen.flatMap((element) => (element._tag === "Live" ? [element.value.price.number] : []));
        assert.deepStrictEqual(prices, [1, 2, 9]);
      }),
    );
  });
});

describe("the link's numbers", () => {
  it.effect("count as live only keys that are still wanted", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const counts = () => [subscriptions.status().wanted, subscriptions.status().live];
        const stream = yield* Effect.forkChild(Stream.runDrain(subscriptions.events("ticker", [tickerKey(btc), tickerKey(eth)], {})), {
          startImmediately: true,
        });
        yield* settle;
        exchange.socket.push(ticker(btc, 1, 1));
        assert.deepStrictEqual(counts(), [2, 1]);
        yield* Fiber.interrupt(stream);
        assert.deepStrictEqual(counts(), [0, 0]);
      }),
    );
  });

  it.effect("an empty wanted set sends nothing: what was subscribed stays true until somebody wants it again or the link closes", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const stream = yield* Effect.forkChild(Stream.runDrain(subscriptions.events("ticker", [tickerKey(btc)], {})), {
          startImmediately: true,
        });
        yield* settle;
        exchange.socket.push(ticker(btc, 1, 1));
        yield* Fiber.interrupt(stream);
        yield* TestClock.adjust(30_000);
        assert.isTrue(subscriptions.isLive(tickerKey(btc)));
        subscriptions.wantForReads(tickerKey(btc));
        yield* TestClock.adjust(50);
        assert.deepStrictEqual(exchange.socket.sent, [["ticker:KRW-BTC"]]);
        yield* TestClock.adjust(120_001);
        assert.isFalse(subscriptions.isLive(tickerKey(btc)));
        assert.deepStrictEqual([subscriptions.status().state, exchange.socket.closed], ["idle", true]);
      }),
    );
  });
});

describe("a read that waits for its first value", () => {
  it.effect("is refused at once where reads may hold none at all", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const waiting = yield* Effect.forkChild(Effect.flip(subscriptions.awaitLive(tickerKey(btc))), { startImmediately: true });
        yield* settle;
        assert.strictEqual(waiting.pollUnsafe() === undefined ? "waits" : (yield* Fiber.join(waiting))._tag, "Overloaded");
      }),
      { maxReadSubscriptions: 0 },
    );
  });

  it.effect("does not wait longer than its subscription is kept", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const waiting = yield* Effect.forkChild(Effect.flip(subscriptions.awaitLive(tickerKey(btc))), { startImmediately: true });
        yield* TestClock.adjust(120_001);
        assert.strictEqual(exchange.socket.closed, true);
        assert.strictEqual(waiting.pollUnsafe() === undefined ? "waits" : (yield* Fiber.join(waiting))._tag, "TimeoutError");
      }),
    );
  });
});

describe("a session that fails in an unforeseen way", () => {
  it.effect("by an interruption from elsewhere is followed by the next one", () => {
    const exchange = new ScriptedExchange();
    exchange.upgrades.push("interrupted");
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        subscriptions.open();
        yield* TestClock.adjust(500);
        assert.deepStrictEqual([exchange.connects, subscriptions.status().state], [2, "open"]);
      }),
    );
  });

  it.effect("by frames that cannot be read says so, once in a while", () => {
    const exchange = new ScriptedExchange();
    const logged: Array<unknown> = [];
    const logger = Logger.make(({ message }) => void logged.push(message));
    const bad = { _tag: "Undecodable", error: new DecodeError({ stage: "schema", path: "tp", detail: "is missing" }) } as const;
    return exchange
      .run(
        Effect.gen(function* () {
          const subscriptions = yield* Subscriptions;
          subscriptions.open();
          yield* settle;
          exchange.socket.push(bad, bad);
          yield* settle;
          exchange.socket.push(bad);
          yield* settle;
          assert.strictEqual(logged.length, 1);
          assert.include(JSON.stringify(logged), "could not be read");
          yield* TestClock.adjust(10_000);
          exchange.socket.push(bad);
          yield* settle;
          assert.strictEqual(logged.length, 2);
        }),
      )
      .pipe(Effect.provide(Logger.layer([logger])));
  });
});

describe("the first consumer of a key that reads had made live", () => {
  it.effect("is told the value it began with once, however often the socket and REST repeat it", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        subscriptions.wantForReads(tickerKey(btc));
        yield* settle;
        const repeated = ticker(btc, 7, 1, true);
        exchange.socket.push(repeated);
        const prices: Array<number> = [];
        yield* subscriptions.events("ticker", [tickerKey(btc)], {}).pipe(
          Stream.runForEach((element: StreamElement<Ticker>) =>
            Effect.sync(() => (element._tag === "Live" ? prices.push(element.value.price.number) : 0)),
          ),
          Effect.forkScoped({ startImmediately: true }),
        );
        yield* settle;
        exchange.socket.push(repeated);
        yield* settle;
        assert.deepStrictEqual(prices, [7]);
        exchange.rest = () => Effect.succeed("value" in repeated ? [repeated.value] : []);
        exchange.upgrades.push(...Array.from({ length: 10 }, () => "unreachable" as const));
        exchange.socket.close();
        yield* TestClock.adjust(3_000);
        yield* settle;
        assert.isAbove(exchange.calls.length, 0);
        assert.deepStrictEqual(prices, [7]);
      }),
    );
  });
});

describe("the numbers of a key", () => {
  it.effect("end with the last who wanted it, also where no socket ever carried it, or none does any more", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const numbers = yield* LiveLedger;
        const watch = subscriptions
          .events("ticker", [tickerKey(btc)], {})
          .pipe(Stream.runDrain, Effect.forkScoped({ startImmediately: true }));
        const stream = yield* watch;
        yield* settle;
        exchange.socket.push(ticker(btc, 1, 1));
        assert.deepStrictEqual([numbers.keyCount, numbers.changes.toMetrics().full.completed], [1, 1]);
        exchange.upgrades.push(...Array.from({ length: 100 }, () => "unreachable" as const));
        exchange.socket.close();
        subscriptions.wantForReads(tickerKey(eth));
        assert.strictEqual(numbers.changes.toMetrics().open, 1);
        yield* Fiber.interrupt(stream);
        assert.strictEqual(numbers.keyCount, 0);
        yield* TestClock.adjust(120_000);
        assert.deepInclude(numbers.changes.toMetrics(), { open: 0 });
        assert.strictEqual(numbers.changes.toMetrics().full.withdrawn, 1);
      }),
      { lingerMs: 60_000 },
    );
  });
});
