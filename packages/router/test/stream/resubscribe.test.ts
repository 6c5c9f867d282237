/** The whole subscription sent once more on purpose, and held against the exchange's own list. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Fiber, Stream } from "effect";
import { TestClock } from "effect/testing";
import type { Trade } from "../../src/domain/Trade.ts";
import type { StreamElement } from "../../src/domain/StreamElement.ts";
import type { StreamKey } from "../../src/domain/StreamKey.ts";
import { Subscriptions } from "../../src/stream/Subscriptions.ts";
import { btc, eth, ScriptedExchange, shortId, tickerKey, trade, tradesKey, watched } from "./exchange.ts";

const following = Effect.fnUntraced(function* (keys: ReadonlyArray<StreamKey>) {
  const subscriptions = yield* Subscriptions;
  const elements: Array<StreamElement<Trade>> = [];
  yield* subscriptions.events("trades", keys, {}).pipe(
    Stream.runForEach((element) => Effect.sync(() => void elements.push(element))),
    Effect.forkScoped({ startImmediately: true }),
  );
  yield* TestClock.adjust(0);
  return elements;
});

const resubscribing = Effect.flatMap(Subscriptions, ({ resubscribe }) => Effect.forkChild(resubscribe, { startImmediately: true }));

describe("resubscribing", () => {
  it.effect(
    "sends the whole wanted set in one message and compares the exchange's list with it; trades meanwhile are each given once (R002-33)",
    () => {
      const exchange = new ScriptedExchange();
      return exchange.run(
        Effect.gen(function* () {
          const elements = yield* following([tradesKey(btc), tradesKey(eth)]);
          exchange.socket.push(trade(btc, 1), trade(eth, 1));
          yield* TestClock.adjust("3 seconds");
          const fiber = yield* resubscribing;
          exchange.socket.push(trade(btc, 2));
          yield* TestClock.adjust("1 second");
          // The answer to a subscription is a snapshot of what may be known already.
          exchange.socket.push(trade(btc, 2, true), trade(eth, 1, true), trade(btc, 3));
          yield* TestClock.adjust("1 second");
          const both = ["trades:KRW-BTC", "trades:KRW-ETH"];
          assert.deepStrictEqual(exchange.socket.sent, [both, both]);
          assert.strictEqual(exchange.socket.lists, 2);
          assert.deepStrictEqual(yield* Fiber.join(fiber), { wanted: 2, sockets: 1, unanswered: 0, missing: [], isSame: true });
          assert.deepStrictEqual(
            elements.flatMap((element) =>
              element._tag === "Live" ? [`${element.value.market} ${shortId(element.value)}`] : [element._tag],
            ),
            ["KRW-BTC 1", "KRW-ETH 1", "KRW-BTC 2", "KRW-BTC 3"],
          );
        }),
        watched,
      );
    },
  );

  it.effect("names what the exchange's list lacks", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        yield* following([tradesKey(btc), tradesKey(eth)]);
        exchange.socket.push(trade(btc, 1), trade(eth, 1));
        yield* TestClock.adjust("3 seconds");
        const fiber = yield* resubscribing;
        yield* TestClock.adjust("1 second");
        exchange.socket.listed = [tradesKey(btc), tickerKey(eth)];
        yield* TestClock.adjust("2 seconds");
        assert.deepStrictEqual(yield* Fiber.join(fiber), {
          wanted: 2,
          sockets: 1,
          unanswered: 0,
          missing: ["trades:KRW-ETH"],
          isSame: false,
        });
      }),
      watched,
    );
  });

  it.effect("waits a bounded time for a list that does not come, and not at all for a link that ends", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        yield* following([tradesKey(btc)]);
        exchange.socket.push(trade(btc, 1));
        exchange.socket.listed = undefined;
        yield* TestClock.adjust("3 seconds");
        const unanswered = { wanted: 1, sockets: 1, unanswered: 1, missing: [], isSame: false };
        const patient = yield* resubscribing;
        yield* TestClock.adjust("5 seconds");
        assert.deepStrictEqual(yield* Fiber.join(patient), unanswered);
        const cut = yield* resubscribing;
        yield* TestClock.adjust("1 second");
        exchange.socket.close();
        yield* TestClock.adjust(0);
        assert.deepStrictEqual(yield* Fiber.join(cut), unanswered);
      }),
      watched,
    );
  });

  it.effect("costs one message however many ask at once, and none where nothing is wanted", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const { resubscribe } = yield* Subscriptions;
        assert.deepStrictEqual(yield* resubscribe, { wanted: 0, sockets: 0, unanswered: 0, missing: [], isSame: false });
        assert.strictEqual(exchange.connects, 0);
        yield* following([tradesKey(btc)]);
        exchange.socket.push(trade(btc, 1));
        yield* TestClock.adjust("3 seconds");
        const hundred = yield* Effect.forkChild(
          Effect.all(
            Array.from({ length: 100 }, () => resubscribe),
            { concurrency: "unbounded" },
          ),
          { startImmediately: true },
        );
        yield* TestClock.adjust("3 seconds");
        assert.isTrue((yield* Fiber.join(hundred)).every(({ isSame }) => isSame));
        assert.strictEqual(exchange.socket.sent.length, 2);
      }),
      watched,
    );
  });
});
