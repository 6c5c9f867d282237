import { assert, describe, it } from "@effect/vitest";
import { Effect, Fiber, Layer, Logger, Stream } from "effect";
import { TestClock } from "effect/testing";
import type { StreamElement } from "../../src/domain/StreamElement.ts";
import { keyId, type StreamKey } from "../../src/domain/StreamKey.ts";
import type { Ticker } from "../../src/domain/Ticker.ts";
import type { Trade } from "../../src/domain/Trade.ts";
import { RateLimiter } from "../../src/limits/RateLimiter.ts";
import { homesOf } from "../../src/stream/Placement.ts";
import { Subscriptions } from "../../src/stream/Subscriptions.ts";
import { mostInAny } from "../transport/sessionScene.ts";
import { btc, market, ScriptedExchange, type ScriptedSocket, shortId, ticker, tickerKey, trade, tradeRow, tradesKey } from "./exchange.ts";

const settle = TestClock.adjust(0);

const follow = Effect.fnUntraced(function* (kind: "ticker" | "trades", keys: ReadonlyArray<StreamKey>) {
  const subscriptions = yield* Subscriptions;
  const elements: Array<StreamElement<unknown>> = [];
  const fiber = yield* subscriptions.events(kind, keys, {}).pipe(
    Stream.runForEach((element: StreamElement<unknown>) => Effect.sync(() => elements.push(element))),
    Effect.forkScoped({ startImmediately: true }),
  );
  yield* settle;
  return { elements, fiber };
});

const marketsOf = (count: number) => Array.from({ length: count }, (_, at) => market(`KRW-A${at}`));
const isOpen = (socket: ScriptedSocket): boolean => !socket.closed && !socket.terminated;
const openSockets = (exchange: ScriptedExchange): ReadonlyArray<ScriptedSocket> => exchange.sockets.filter(isOpen);
const codesOn = (socket: ScriptedSocket): ReadonlyArray<string> => socket.sent.at(-1) ?? [];

/** Answers every subscription with a snapshot of all it asks for, made at `atMs`. */
const answering = (exchange: ScriptedExchange, atMs = 1): void => {
  exchange.onSend = (socket) => {
    for (const code of codesOn(socket)) {
      const [kind, name] = code.split(":") as [string, string];
      if (kind === "ticker") socket.push(ticker(market(name), 1, atMs, true));
    }
  };
};

const prices = (elements: ReadonlyArray<StreamElement<unknown>>): ReadonlyArray<number> =>
  elements.flatMap((element) => (element._tag === "Live" ? [(element.value as Ticker).price.number] : []));
const ids = (elements: ReadonlyArray<StreamElement<unknown>>): ReadonlyArray<number> =>
  elements.flatMap((element) => (element._tag === "Live" || element._tag === "Recovered" ? [shortId(element.value as Trade)] : []));
const changes = (elements: ReadonlyArray<StreamElement<unknown>>): ReadonlyArray<string> =>
  elements.filter(({ _tag }) => _tag !== "Live" && _tag !== "Recovered").map(({ _tag }) => _tag);

describe("a pool of sockets", () => {
  it.effect(
    "opens another one for more keys than one should carry, spreads them, and closes it when they are gone (R000-30, R004-48)",
    () => {
      const exchange = new ScriptedExchange();
      answering(exchange);
      return exchange.run(
        Effect.gen(function* () {
          const subscriptions = yield* Subscriptions;
          yield* follow("ticker", marketsOf(8).map(tickerKey));
          yield* TestClock.adjust(1_000);
          assert.strictEqual(openSockets(exchange).length, 1);
          const more = yield* follow("ticker", marketsOf(20).map(tickerKey));
          yield* TestClock.adjust(1_000);
          const [first, second, third] = openSockets(exchange).map(codesOn);
          assert.isDefined(third);
          // Each key on one socket, each socket with its part.
          const all = [...(first ?? []), ...(second ?? []), ...(third ?? [])];
          assert.deepStrictEqual(
            all.toSorted(),
            marketsOf(20)
              .map((of) => `ticker:${of}`)
              .toSorted(),
          );
          for (const part of [first, second, third]) assert.isAtLeast(part?.length ?? 0, 2);
          assert.strictEqual(subscriptions.status().live, 20);
          const used = exchange.connects;
          yield* Fiber.interrupt(more.fiber);
          yield* TestClock.adjust(1_000);
          assert.strictEqual(openSockets(exchange).length, 2);
          assert.strictEqual(subscriptions.status().live, 8);
          assert.strictEqual(exchange.connects, used);
          assert.deepStrictEqual(
            subscriptions.status().sockets.map(({ state, keys }) => [state, keys > 0]),
            [
              ["open", true],
              ["open", true],
              ["idle", false],
            ],
          );
        }),
        { keysPerSocket: 10 },
      );
    },
  );

  it.effect("moves a key to another socket without a hole: the old one goes on until the new one has brought a word of it", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const few = marketsOf(8);
        const moving = few.find((of) => homesOf(keyId(tradesKey(of)), 2, 1)[0] === 1)!;
        const { elements } = yield* follow("trades", few.map(tradesKey));
        yield* settle;
        const [old] = exchange.sockets as [ScriptedSocket];
        old.push(...few.map((of) => trade(of, 1)));
        yield* follow("trades", marketsOf(12).map(tradesKey));
        yield* TestClock.adjust(60);
        const fresh = exchange.socket;
        assert.notStrictEqual(fresh, old);
        assert.include(codesOn(fresh), `trades:${moving}`);
        assert.include(codesOn(old), `trades:${moving}`);
        // Both bring it: what comes twice is given once.
        old.push(trade(moving, 2));
        yield* TestClock.adjust(1_000);
        assert.include(codesOn(old), `trades:${moving}`);
        fresh.push(trade(moving, 2, true), trade(moving, 3));
        old.push(trade(moving, 3));
        yield* TestClock.adjust(100);
        assert.notInclude(codesOn(old), `trades:${moving}`);
        assert.isTrue(subscriptions.isLive(tradesKey(moving)));
        fresh.push(trade(moving, 4));
        yield* settle;
        const ofMoving = elements.filter((element) => "market" in element && element.market === moving);
        assert.deepStrictEqual([ids(ofMoving), changes(elements), exchange.calls.length], [[1, 2, 3, 4], [], 0]);
      }),
      { keysPerSocket: 10 },
    );
  });

  it.effect("carries the keys of a socket that stays down on another one, and brings them home without a hole", () => {
    const exchange = new ScriptedExchange();
    answering(exchange);
    const markets = marketsOf(16);
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const { elements } = yield* follow("ticker", markets.map(tickerKey));
        yield* TestClock.adjust(1_000);
        const [first, second] = openSockets(exchange) as [ScriptedSocket, ScriptedSocket];
        const lost = codesOn(second);
        assert.isAbove(lost.length, 0);
        exchange.upgrades.push("hang", "unreachable", "unreachable");
        second.close(1006);
        yield* TestClock.adjust(499);
        assert.isFalse(codesOn(first).includes(lost[0]!));
        assert.strictEqual(subscriptions.status().live, 16 - lost.length);
        yield* TestClock.adjust(60);
        // Half a second and the gathering of changes: everything is carried again, and told so once.
        assert.strictEqual(codesOn(first).length, 16);
        assert.strictEqual(subscriptions.status().live, 16);
        assert.deepStrictEqual(changes(elements), ["Reconnecting", "Resumed"]);
        let blind = 0;
        for (let at = 0; at < 600; at++) {
          yield* TestClock.adjust(100);
          if (subscriptions.status().live < 16) blind++;
        }
        assert.strictEqual(blind, 0);
        const [, home] = openSockets(exchange) as [ScriptedSocket, ScriptedSocket];
        assert.deepStrictEqual(codesOn(home).toSorted(), lost.toSorted());
        assert.strictEqual(codesOn(first).length, 16 - lost.length);
        assert.deepStrictEqual(changes(elements), ["Reconnecting", "Resumed"]);
      }),
      { keysPerSocket: 10, keySilenceMs: 600_000 },
    );
  });

  it.effect("with two copies loses a socket without anybody noticing: no word of it, no hole, nothing twice, never blind", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const tickers = yield* follow("ticker", [tickerKey(btc)]);
        const trades = yield* follow("trades", [tradesKey(btc)]);
        yield* TestClock.adjust(100);
        assert.strictEqual(openSockets(exchange).length, 2);
        let now = 0;
        const feed = () => {
          now++;
          for (const socket of openSockets(exchange)) if (socket.sent.length > 0) socket.push(ticker(btc, now, now), trade(btc, now));
        };
        feed();
        let blind = 0;
        for (let round = 0; round < 6; round++) {
          // One after the other, the first to be opened first.
          openSockets(exchange)[0]?.close(1006);
          for (let at = 0; at < 50; at++) {
            if (!subscriptions.isLive(tickerKey(btc)) || !subscriptions.isLive(tradesKey(btc))) blind++;
            feed();
            yield* TestClock.adjust(100);
          }
          assert.strictEqual(openSockets(exchange).length, 2, `round ${round}`);
        }
        const expected = Array.from({ length: now }, (_, at) => at + 1);
        assert.strictEqual(blind, 0);
        assert.deepStrictEqual([prices(tickers.elements), ids(trades.elements)], [expected, expected]);
        assert.deepStrictEqual([changes(tickers.elements), changes(trades.elements), exchange.calls.length], [[], [], 0]);
      }),
      { copies: 2 },
    );
  });

  it.effect("with two copies a break of both at once is told and healed like that of one", () => {
    const exchange = new ScriptedExchange();
    exchange.rest = () => Effect.succeed([4, 3, 2, 1].map((id) => tradeRow(btc, id)));
    return exchange.run(
      Effect.gen(function* () {
        const trades = yield* follow("trades", [tradesKey(btc)]);
        yield* TestClock.adjust(100);
        for (const socket of openSockets(exchange)) socket.push(trade(btc, 1));
        for (const socket of openSockets(exchange)) socket.close(1006);
        yield* TestClock.adjust(1_000);
        for (const socket of openSockets(exchange)) socket.push(trade(btc, 4, true), trade(btc, 5));
        yield* TestClock.adjust(5_000);
        assert.deepStrictEqual(ids(trades.elements), [1, 2, 3, 4, 5]);
        assert.deepStrictEqual([changes(trades.elements).at(0), changes(trades.elements).at(-1)], ["Reconnecting", "Resumed"]);
        assert.strictEqual(changes(trades.elements).filter((tag) => tag === "Resumed").length, 1);
      }),
      { copies: 2 },
    );
  });

  it.effect("of twenty sockets in two live sides that fall together passes one gate, and is whole again in ten seconds (B18)", () => {
    const exchanges = [new ScriptedExchange(), new ScriptedExchange()];
    const connectsAt: Array<number> = [];
    let nowMs = 0;
    for (const exchange of exchanges) {
      exchange.limiter = Layer.provide(RateLimiter.layer, exchange.venue);
      exchange.onSocket = () => void connectsAt.push(nowMs);
      answering(exchange);
    }
    const pass = (forMs: number, until = () => false) =>
      Effect.gen(function* () {
        const endMs = nowMs + forMs;
        while (nowMs < endMs && !until()) {
          yield* TestClock.adjust(10);
          nowMs += 10;
        }
        return nowMs;
      });
    const open = () => exchanges.reduce((sum, exchange) => sum + openSockets(exchange).length, 0);
    const knobs = { keysPerSocket: 10, maxSockets: 10, moveAfterMs: 1e9 };
    return Effect.gen(function* () {
      for (const exchange of exchanges) {
        const liveSide = yield* Layer.build(exchange.layer(knobs));
        yield* Effect.provide(follow("ticker", marketsOf(100).map(tickerKey)), liveSide);
      }
      yield* pass(20_000, () => open() === 20);
      assert.strictEqual(open(), 20);
      yield* pass(2_000);
      const fallMs = nowMs;
      for (const exchange of exchanges) for (const socket of openSockets(exchange)) socket.close(1006);
      const upMs = yield* pass(30_000, () => open() === 20);
      // The longest first backoff is half a second.
      assert.isAtMost(upMs - fallMs, 10_500);
      assert.strictEqual(connectsAt.length, 40);
      assert.isAtMost(mostInAny(connectsAt, 1_000), 5);
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([])));
  });
});

describe("the number of sockets", () => {
  it.effect("does not follow every key that comes and goes", () => {
    const exchange = new ScriptedExchange();
    answering(exchange);
    return exchange.run(
      Effect.gen(function* () {
        yield* follow("ticker", marketsOf(9).map(tickerKey));
        yield* TestClock.adjust(1_000);
        for (let turn = 0; turn < 10; turn++) {
          const tenth = yield* follow("ticker", marketsOf(10).map(tickerKey));
          yield* TestClock.adjust(1_000);
          yield* Fiber.interrupt(tenth.fiber);
          yield* TestClock.adjust(1_000);
        }
        assert.strictEqual(exchange.connects, 2);
        assert.strictEqual(openSockets(exchange).length, 2);
      }),
      { keysPerSocket: 10 },
    );
  });
});
