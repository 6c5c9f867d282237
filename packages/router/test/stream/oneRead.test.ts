/** What the messages of one socket read have in common: the moment they were received. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Stream } from "effect";
import { TestClock } from "effect/testing";
import { Cache } from "../../src/cache/Cache.ts";
import type { Trade } from "../../src/domain/Trade.ts";
import { keyId } from "../../src/domain/StreamKey.ts";
import type { StreamElement } from "../../src/domain/StreamElement.ts";
import { Subscriptions } from "../../src/stream/Subscriptions.ts";
import { btc, eth, ScriptedExchange, ticker, tickerKey, trade, tradesKey, wire } from "./exchange.ts";

const settle = TestClock.adjust(0);

describe("the messages of one read", () => {
  it.effect("were all received when the first of them was handed over, however long that took, and those of the next one later", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const { hot } = yield* Cache;
        const times: Array<number> = [];
        yield* subscriptions.events("trades", [tradesKey(btc)], {}).pipe(
          Stream.runForEach((element: StreamElement<Trade>) =>
            Effect.sync(() => void (element._tag === "Live" && times.push(element.receivedTimeMs))),
          ),
          Effect.forkScoped({ startImmediately: true }),
        );
        for (const market of [btc, eth]) subscriptions.wantForReads(tickerKey(market));
        yield* TestClock.adjust(1_000);
        const { handlers } = exchange.socket;
        handlers.onFrame(wire(ticker(btc, 1, 1)));
        handlers.onFrame(wire(trade(btc, 1)));
        // Decoding what came before took this long.
        yield* TestClock.adjust(7);
        handlers.onFrame(wire(ticker(eth, 1, 1)));
        handlers.onFrame(wire(trade(btc, 2)));
        handlers.onReadEnd();
        yield* TestClock.adjust(5);
        exchange.socket.push(trade(btc, 3));
        yield* settle;
        assert.deepStrictEqual(times, [1_000, 1_000, 1_012]);
        const received = [btc, eth].map((market) => hot.get(keyId(tickerKey(market)))?.receivedNanos);
        assert.deepStrictEqual(received, [1_000_000_000n, 1_000_000_000n]);
        // Nor did the link, or the key, give a sign of life any later.
        assert.strictEqual(subscriptions.confirmedNanos(tickerKey(eth)), 1_012_000_000n);
        assert.strictEqual(subscriptions.status().silentMs, 0);
      }),
    );
  });

  it.effect(
    "reach a stream's consumer within the socket's own turn, once that has nothing else to do, and never within a fiber's step",
    () => {
      const exchange = new ScriptedExchange();
      return exchange.run(
        Effect.gen(function* () {
          const subscriptions = yield* Subscriptions;
          let taken = 0;
          yield* subscriptions.events("trades", [tradesKey(btc)], {}).pipe(
            Stream.runForEachArray((elements) => Effect.sync(() => void (taken += elements.length))),
            Effect.forkScoped({ startImmediately: true }),
          );
          yield* settle;
          const { handlers } = exchange.socket;
          const read = (first: number): ReadonlyArray<number> => {
            handlers.onFrame(wire(trade(btc, first)));
            handlers.onFrame(wire(trade(btc, first + 1)));
            const before = taken;
            handlers.onReadEnd();
            return [before, taken];
          };
          assert.deepStrictEqual(read(1), [0, 0]);
          yield* settle;
          assert.strictEqual(taken, 2);
          const ofSocket = yield* Effect.promise(() => Promise.resolve().then(() => read(3)));
          assert.deepStrictEqual(ofSocket, [2, 4]);
        }),
      );
    },
  );
});
