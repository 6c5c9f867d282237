/** Frames that come late, and frames of what nobody wants any more: neither may look like news. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Fiber, Stream } from "effect";
import { TestClock } from "effect/testing";
import { Cache } from "../../src/cache/Cache.ts";
import type { StreamElement } from "../../src/domain/StreamElement.ts";
import { keyId, type StreamKey } from "../../src/domain/StreamKey.ts";
import type { Ticker } from "../../src/domain/Ticker.ts";
import { homesOf } from "../../src/stream/Placement.ts";
import { Subscriptions } from "../../src/stream/Subscriptions.ts";
import { book, bookKey, btc, candle, candleKey, eth, market, ScriptedExchange, ticker, tickerKey, trade, tradesKey } from "./exchange.ts";

const settle = TestClock.adjust(0);

const follow = Effect.fnUntraced(function* (keys: ReadonlyArray<StreamKey>) {
  const subscriptions = yield* Subscriptions;
  const elements: Array<StreamElement<unknown>> = [];
  const fiber = yield* subscriptions.events(keys[0]?.kind ?? "ticker", keys, {}).pipe(
    Stream.runForEach((element: StreamElement<unknown>) => Effect.sync(() => elements.push(element))),
    Effect.forkScoped({ startImmediately: true }),
  );
  yield* settle;
  return { elements, fiber };
});

/** How long ago a key was last proved current, in milliseconds. */
const agesOf = Effect.gen(function* () {
  const subscriptions = yield* Subscriptions;
  let nowMs = 0;
  return {
    pass: (ms: number) =>
      Effect.andThen(
        Effect.sync(() => (nowMs += ms)),
        TestClock.adjust(ms),
      ),
    now: () => nowMs,
    age: (key: StreamKey) => {
      const confirmed = subscriptions.confirmedNanos(key);
      return confirmed === undefined ? undefined : nowMs - Number(confirmed) / 1e6;
    },
  };
});

describe("frames that come ten seconds late over a link that is alive", () => {
  it.effect("age what is known by as much, cost no reconnect, and leave no trace once they are prompt again (B26)", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const { hot } = yield* Cache;
        const { elements } = yield* follow([tickerKey(btc)]);
        const { age, now, pass } = yield* agesOf;
        for (let at = 0; at < 10; at++) {
          yield* pass(1_000);
          exchange.socket.push(ticker(btc, at, now()));
        }
        assert.deepStrictEqual([age(tickerKey(btc)), subscriptions.status().lateMs], [0, 0]);
        // What is on its way takes ten seconds from now on.
        for (let second = 0; second < 25; second++) {
          yield* pass(1_000);
          if (second < 10) continue;
          exchange.socket.push(ticker(btc, second, now() - 10_000));
          assert.deepStrictEqual([age(tickerKey(btc)), subscriptions.status().lateMs], [10_000, 10_000]);
          assert.strictEqual(now() - Number(hot.get(keyId(tickerKey(btc)))?.confirmedNanos ?? 0n) / 1e6, 10_000);
          // A pong proves the link, and that its frames are ten seconds old.
          exchange.socket.handlers.onPong();
          assert.strictEqual(age(tickerKey(btc)), 10_000);
        }
        yield* pass(500);
        exchange.socket.push(ticker(btc, 99, now()));
        assert.deepStrictEqual([age(tickerKey(btc)), subscriptions.status().lateMs], [0, 0]);
        assert.strictEqual(exchange.connects, 1);
        yield* settle;
        assert.isTrue(elements.every((element) => element._tag === "Live"));
      }),
    );
  });

  it.effect("make neither a snapshot nor a candle look current that comes over the same link", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const { hot } = yield* Cache;
        yield* follow([tickerKey(btc), tickerKey(eth)]);
        yield* follow([candleKey(btc)]);
        const { age, now, pass } = yield* agesOf;
        yield* pass(1_000);
        exchange.socket.push(ticker(btc, 1, now()));
        yield* pass(10_000);
        exchange.socket.push(ticker(btc, 2, now() - 9_000), ticker(eth, 1, 5, true), candle(btc, 1, 1));
        for (const key of [tickerKey(eth), candleKey(btc)]) {
          assert.strictEqual(now() - Number(hot.get(keyId(key))?.confirmedNanos ?? 0n) / 1e6, 9_000, keyId(key));
          assert.strictEqual(age(key), 9_000, keyId(key));
        }
      }),
    );
  });

  it.effect("are not hidden by a prompt kind beside them, nor by a prompt link", () => {
    const exchange = new ScriptedExchange();
    const markets = Array.from({ length: 12 }, (_, at) => market(`KRW-A${at}`));
    const [late] = markets.filter((of) => homesOf(keyId(tickerKey(of)), 2, 1)[0] === 0);
    const [prompt] = markets.filter((of) => homesOf(keyId(tickerKey(of)), 2, 1)[0] === 1);
    return exchange.run(
      Effect.gen(function* () {
        yield* follow(markets.map(tickerKey));
        yield* follow([bookKey(late!, 5)]);
        const { age, now, pass } = yield* agesOf;
        yield* pass(1_000);
        const socketOf = (code: string) => exchange.sockets.find((socket) => socket.sent.at(-1)?.includes(code))!;
        const slow = socketOf(`ticker:${late}`);
        const fast = socketOf(`ticker:${prompt}`);
        assert.notStrictEqual(slow, fast);
        for (let at = 0; at < 20; at++) {
          yield* pass(500);
          slow.push(ticker(late!, at, now() - (at < 5 ? 0 : 4_000)));
          fast.push(ticker(prompt!, at, now()));
          socketOf(`orderbook:${late}.5`).push(book(late!, 5, now(), at === 0));
        }
        assert.deepStrictEqual([age(tickerKey(late!)), age(tickerKey(prompt!)), age(bookKey(late!, 5))], [4_000, 0, 0]);
      }),
      { keysPerSocket: 10 },
    );
  });
});

describe("frames of a key that is not subscribed any more", () => {
  it.effect("are dropped: nothing of it becomes live, known or delivered again (B34)", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const { hot } = yield* Cache;
        const kept = yield* follow([tickerKey(btc)]);
        const left = yield* follow([tickerKey(eth)]);
        const trades = yield* follow([tradesKey(eth)]);
        yield* TestClock.adjust(100);
        exchange.socket.push(ticker(btc, 1, 1), ticker(eth, 1, 1), trade(eth, 1));
        yield* settle;
        yield* Fiber.interrupt(left.fiber);
        yield* Fiber.interrupt(trades.fiber);
        yield* TestClock.adjust(50);
        assert.deepStrictEqual(exchange.socket.sent.at(-1), ["ticker:KRW-BTC"]);
        for (let at = 2; at < 22; at++) {
          exchange.socket.push(ticker(eth, at, at), trade(eth, at));
          yield* TestClock.adjust(100);
        }
        assert.deepStrictEqual(
          [tickerKey(eth), tradesKey(eth)].map((key) => [subscriptions.isLive(key), subscriptions.confirmedNanos(key)]),
          [
            [false, undefined],
            [false, undefined],
          ],
        );
        assert.strictEqual(hot.get(keyId(tickerKey(eth)))?.exchangeTimeMs, 1);
        assert.deepStrictEqual([kept.elements.length, left.elements.length, trades.elements.length], [1, 1, 1]);
        assert.deepInclude(subscriptions.status(), { wanted: 1, live: 1 });
        // Wanted again it has to speak again.
        const again = yield* follow([tickerKey(eth)]);
        yield* TestClock.adjust(50);
        assert.isFalse(subscriptions.isLive(tickerKey(eth)));
        exchange.socket.push(ticker(eth, 30, 30));
        yield* settle;
        assert.deepStrictEqual(
          again.elements.map((element) => (element._tag === "Live" ? (element.value as Ticker).price.number : element._tag)),
          [30],
        );
      }),
    );
  });
});
