import { assert, describe, it } from "@effect/vitest";
import { Effect, Exit, Fiber, Stream } from "effect";
import { TestClock } from "effect/testing";
import { InvalidRequest } from "../../src/errors/MarketDataError.ts";
import { Subscriptions } from "../../src/stream/Subscriptions.ts";
import { bookKey, book, btc, eth, ScriptedExchange, ticker, tickerKey, trade, tradesKey, watched } from "./exchange.ts";

const settle = TestClock.adjust(0);

/** A ticker stream of KRW-BTC and a trade stream of KRW-ETH, and a fiber that waits until both are ready. */
const subscribed = Effect.gen(function* () {
  const subscriptions = yield* Subscriptions;
  for (const [kind, key] of [
    ["ticker", tickerKey(btc)],
    ["trades", tradesKey(eth)],
  ] as const) {
    yield* subscriptions.events(kind, [key], {}).pipe(Stream.runDrain, Effect.exit, Effect.forkScoped({ startImmediately: true }));
  }
  const fiber = yield* subscriptions
    .awaitReady([tickerKey(btc), tradesKey(eth)])
    .pipe(Effect.exit, Effect.forkScoped({ startImmediately: true }));
  yield* settle;
  return fiber;
});

describe("waiting until what was subscribed is ready", () => {
  it.effect("ends with the first word of every key, or with the list that names it, or with the exchange's refusal (R003-13)", () =>
    Effect.gen(function* () {
      const words = new ScriptedExchange();
      yield* words.run(
        Effect.gen(function* () {
          const ready = yield* subscribed;
          words.socket.push(ticker(btc, 1, 1));
          yield* settle;
          assert.isUndefined(ready.pollUnsafe());
          yield* TestClock.adjust(50);
          words.socket.push(trade(eth, 1));
          assert.deepStrictEqual(yield* Fiber.join(ready), Exit.void);
        }),
      );
      const list = new ScriptedExchange();
      yield* list.run(
        Effect.gen(function* () {
          const ready = yield* subscribed;
          list.socket.push(ticker(btc, 1, 1));
          yield* TestClock.adjust(1_999);
          assert.isUndefined(ready.pollUnsafe());
          // Nobody has traded: the list, two seconds after the subscription, is the first that is heard of it.
          yield* TestClock.adjust(1);
          assert.deepStrictEqual([yield* Fiber.join(ready), list.socket.lists], [Exit.void, 1]);
        }),
        watched,
      );
      const refusal = new ScriptedExchange();
      yield* refusal.run(
        Effect.gen(function* () {
          const ready = yield* subscribed;
          yield* TestClock.adjust(50);
          const error = new InvalidRequest({ field: "request", input: "", reason: "NO_CODES", name: "NO_CODES" });
          refusal.socket.push({ _tag: "Failure", error });
          assert.deepStrictEqual(yield* Fiber.join(ready), Exit.fail(error));
        }),
      );
    }),
  );

  it.effect("does not end with a list that leaves the key out, and fails when the link breaks", () => {
    const exchange = new ScriptedExchange();
    exchange.onSend = (socket) => {
      socket.listed = [tickerKey(btc)];
    };
    return exchange.run(
      Effect.gen(function* () {
        const ready = yield* subscribed;
        yield* TestClock.adjust(4_500);
        assert.isAbove(exchange.socket.lists, 0);
        assert.isUndefined(ready.pollUnsafe());
        exchange.socket.close(1006);
        assert.isTrue(Exit.isFailure(yield* Fiber.join(ready)));
      }),
      watched,
    );
  });
});

describe("waiting for a first element", () => {
  it.effect("a deeper book is waited for as long as only a shallower one comes", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        subscriptions.wantForReads(bookKey(btc, 5));
        yield* settle;
        exchange.socket.push(book(btc, 5, 1, true));
        const deep = yield* Effect.forkChild(subscriptions.awaitLive(bookKey(btc, 30)), { startImmediately: true });
        yield* TestClock.adjust(50);
        exchange.socket.push(book(btc, 5, 2));
        yield* settle;
        assert.isUndefined(deep.pollUnsafe());
        exchange.socket.push(book(btc, 30, 3, true));
        yield* Fiber.join(deep);
        assert.isTrue(subscriptions.isLive(bookKey(btc, 30)));
      }),
    );
  });

  it.effect("ends after the time that a subscription is kept for it, and leaves nothing behind", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const waiting = yield* Effect.forkChild(Effect.flip(subscriptions.awaitLive(tickerKey(btc))), { startImmediately: true });
        yield* TestClock.adjust(60_000);
        assert.deepInclude(yield* Fiber.join(waiting), { _tag: "TimeoutError", phase: "first-frame", timeoutMs: 60_000 });
        yield* TestClock.adjust(61_000);
        assert.deepInclude(subscriptions.status(), { state: "idle", wanted: 0 });
      }),
    );
  });

  it.effect("a thousand waiters of one key cost one subscription, and all end with its first word", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const all = yield* Effect.forkChild(
          Effect.forEach(Array.from({ length: 1_000 }), () => subscriptions.awaitLive(tickerKey(btc)), { concurrency: "unbounded" }),
          { startImmediately: true },
        );
        yield* settle;
        assert.deepStrictEqual(exchange.socket.sent, [["ticker:KRW-BTC"]]);
        exchange.socket.push(ticker(btc, 1, 1));
        assert.strictEqual((yield* Fiber.join(all)).length, 1_000);
      }),
    );
  });
});
