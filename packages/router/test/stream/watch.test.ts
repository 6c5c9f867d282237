/** Elements handed over in the very step in which their frame comes: to a function, without a buffer and without a fiber. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Exit, Fiber, Latch, Scope, Stream } from "effect";
import { TestClock } from "effect/testing";
import type { StreamElement } from "../../src/domain/StreamElement.ts";
import type { Ticker } from "../../src/domain/Ticker.ts";
import type { Trade } from "../../src/domain/Trade.ts";
import { LiveLedger } from "../../src/health/LiveLedger.ts";
import { Subscriptions } from "../../src/stream/Subscriptions.ts";
import { bookKey, btc, buildIn, eth, ScriptedExchange, shortId, ticker, tickerKey, trade, tradesKey } from "./exchange.ts";

const settle = TestClock.adjust(0);

const label = (element: StreamElement<Ticker | Trade>): string | number => {
  if (element._tag !== "Live") return element._tag;
  return "id" in element.value ? shortId(element.value) : element.value.price.number;
};

const watching = Effect.fnUntraced(function* (kind: "ticker" | "trades", onElement: (element: StreamElement<Ticker | Trade>) => void) {
  const subscriptions = yield* Subscriptions;
  const key = kind === "ticker" ? tickerKey(btc) : tradesKey(btc);
  const fiber = yield* Effect.forkScoped(subscriptions.watch(kind, [key], {}, { take: onElement }), { startImmediately: true });
  yield* settle;
  return fiber;
});

describe("a watcher", () => {
  it.effect("is called before the frame's step is over, in order, whoever else is stuck, and what it is given counts", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const seen: Array<string | number> = [];
        const stuck = yield* Latch.make();
        yield* subscriptions.events("ticker", [tickerKey(btc)], { bufferSize: 2 }).pipe(
          Stream.runForEach(() => stuck.await),
          Effect.forkScoped({ startImmediately: true }),
        );
        yield* watching("ticker", (element) => void seen.push(label(element)));
        yield* TestClock.adjust(100);
        const prices = Array.from({ length: 1_000 }, (_, at) => at + 1);
        // Nothing gives way to a fiber between these and the look at what was seen.
        exchange.socket.push(...prices.map((price) => ticker(btc, price, price)));
        assert.deepStrictEqual(seen, prices);
        exchange.socket.close();
        assert.strictEqual(seen.at(-1), "Reconnecting");
        const { each } = (yield* LiveLedger).toMetrics(0).consumers;
        assert.containSubset(each[1], { kind: "ticker", delivered: 1_000, conflated: 0 });
      }),
    );
  });

  it.effect("is told of a hole that cannot be read back, in its place", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const seen: Array<string | number> = [];
        yield* watching("trades", (element) => void seen.push(label(element)));
        yield* TestClock.adjust(100);
        exchange.socket.push(trade(btc, 1), trade(btc, 2));
        exchange.socket.close();
        yield* TestClock.adjust("10 seconds");
        exchange.socket.push(trade(btc, 7), trade(btc, 8));
        yield* TestClock.adjust("60 seconds");
        assert.deepStrictEqual(seen, [1, 2, "Reconnecting", "Resumed", "Gap", 7, 8]);
      }),
    );
  });

  it.effect(
    "that ends itself, or brings others, while it is called takes nothing of theirs and is called no more, nor is whom it ends",
    () => {
      const exchange = new ScriptedExchange();
      return exchange.run(
        Effect.gen(function* () {
          const run = Effect.runForkWith(yield* Effect.context<Subscriptions>());
          const subscriptions = yield* Subscriptions;
          const seen: Record<string, Array<string | number>> = { one: [], two: [], last: [], brought: [] };
          const fibers: Array<Fiber.Fiber<void, unknown>> = [];
          fibers[0] = yield* watching("ticker", (element) => {
            seen.one?.push(label(element));
            if (seen.one?.length !== 2) return;
            for (const fiber of fibers) run(Fiber.interrupt(fiber));
            run(subscriptions.watch("ticker", [tickerKey(btc)], {}, { take: (other) => void seen.brought?.push(label(other)) }));
          });
          yield* watching("ticker", (element) => void seen.two?.push(label(element)));
          // It would be called after the first one, of the same frame.
          fibers[1] = yield* watching("ticker", (element) => void seen.last?.push(label(element)));
          yield* TestClock.adjust(100);
          exchange.socket.push(ticker(btc, 1, 1), ticker(btc, 2, 2), ticker(btc, 3, 3));
          exchange.socket.push(ticker(btc, 4, 4));
          yield* settle;
          assert.deepStrictEqual(seen, { one: [1, 2], two: [1, 2, 3, 4], last: [1], brought: [2, 3, 4] });
          assert.strictEqual(subscriptions.status().wanted, 1);
        }),
      );
    },
  );

  it.effect("fails with what ends the live side, in a turn of its own, and at once where there is nothing to watch", () =>
    Effect.gen(function* () {
      const exchange = new ScriptedExchange();
      const scope = yield* Scope.make();
      const subscriptions = yield* buildIn(exchange, scope);
      const seen: Array<string | number> = [];
      const watch = subscriptions.watch("ticker", [tickerKey(eth)], {}, { take: (element) => void seen.push(label(element)) });
      const fiber = yield* Effect.forkChild(Effect.exit(watch), { startImmediately: true });
      yield* TestClock.adjust(100);
      exchange.socket.push(ticker(eth, 5, 5));
      const wrong = yield* Effect.flip(subscriptions.watch("ticker", [bookKey(eth, 5)], {}, { take: () => {} }));
      assert.strictEqual(wrong._tag, "InvalidRequest");
      yield* Scope.close(scope, Exit.void);
      const exit = yield* Fiber.join(fiber);
      assert.isTrue(Exit.isFailure(exit));
      assert.deepStrictEqual(seen, [5]);
      assert.strictEqual((yield* Effect.flip(watch))._tag, "Closed");
    }),
  );
});
