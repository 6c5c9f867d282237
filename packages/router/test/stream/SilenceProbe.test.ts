/** What happens when a link answers pings and does not bring what it should. The list, the resend and REST's word are one story. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Fiber, Layer, Logger, References, Stream } from "effect";
import { TestClock } from "effect/testing";
import type { StreamKey } from "../../src/domain/StreamKey.ts";
import type { StreamElement } from "../../src/domain/StreamElement.ts";
import { UpstreamError } from "../../src/errors/MarketDataError.ts";
import { Subscriptions } from "../../src/stream/Subscriptions.ts";
import { book, bookKey, btc, eth, ScriptedExchange, ticker, tickerKey, tradeRow, tradesKey, watched } from "./exchange.ts";

const settle = TestClock.adjust(0);

const follow = Effect.fnUntraced(function* (kind: "ticker" | "trades" | "orderbook", keys: ReadonlyArray<StreamKey>) {
  const subscriptions = yield* Subscriptions;
  const elements: Array<StreamElement<unknown>> = [];
  const fiber = yield* subscriptions.events(kind, keys, {}).pipe(
    Stream.runForEach((element: StreamElement<unknown>) => Effect.sync(() => elements.push(element))),
    Effect.forkScoped({ startImmediately: true }),
  );
  yield* settle;
  return { elements, fiber };
});

/** Rows that REST gives of tickers, by market. */
const tickersAtRest = (exchange: ScriptedExchange, rows: () => ReadonlyArray<unknown>): void => {
  exchange.rest = () => Effect.sync(rows);
};

const tickerRow = (of: typeof btc, atMs: number): unknown => {
  const message = ticker(of, 1, atMs);
  return message._tag === "Ticker" ? message.value : undefined;
};

/** A ticker of KRW-BTC every three seconds, until its rhythm is known. Returns the time. */
const speakFor = Effect.fnUntraced(function* (exchange: ScriptedExchange, words: number) {
  for (let at = 1; at <= words; at++) {
    yield* TestClock.adjust(3_000);
    exchange.socket.push(ticker(btc, at, at * 3_000));
  }
  return words * 3_000;
});

describe("a link that answers pings while its data has stopped", () => {
  it.effect("is found by list, resend and REST, dropped and replaced within half a minute (B03)", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const { elements } = yield* follow("ticker", [tickerKey(btc)]);
        const stoppedMs = yield* speakFor(exchange, 40);
        const dead = exchange.socket;
        const lists = dead.lists;
        tickersAtRest(exchange, () => [tickerRow(btc, stoppedMs + 20_000)]);
        yield* TestClock.adjust(23_999);
        assert.deepStrictEqual([dead.lists, dead.sent.length, exchange.calls.length], [lists, 1, 0]);
        yield* TestClock.adjust(1);
        assert.deepStrictEqual([dead.lists, dead.sent.length, exchange.calls.length], [lists + 1, 2, 0]);
        assert.deepStrictEqual(dead.sent[1], dead.sent[0]);
        yield* TestClock.adjust(2_999);
        assert.isTrue(subscriptions.isLive(tickerKey(btc)));
        yield* TestClock.adjust(1);
        assert.strictEqual(exchange.calls.length, 1);
        assert.deepStrictEqual([dead.terminated, subscriptions.isLive(tickerKey(btc))], [true, false]);
        assert.deepInclude(elements.at(-1), { _tag: "Reconnecting", reason: "pongs without data: 1 keys are silent, and REST has newer" });
        assert.isAbove(dead.pings, 0);
        yield* TestClock.adjust(500);
        assert.deepStrictEqual([exchange.connects, exchange.socket.sent], [2, [["ticker:KRW-BTC"]]]);
        assert.strictEqual(elements.at(-1)?._tag, "Resumed");
      }),
      watched,
    );
  });

  it.effect("proves its values no longer than their rhythm explains, long before it is given up", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        yield* follow("ticker", [tickerKey(btc)]);
        const stoppedMs = yield* speakFor(exchange, 40);
        for (let nowMs = stoppedMs; nowMs <= stoppedMs + 60_000; nowMs += 500) {
          const confirmed = subscriptions.confirmedNanos(tickerKey(btc));
          assert.isTrue(confirmed !== undefined && Number(confirmed) / 1e6 <= stoppedMs + 24_000);
          yield* TestClock.adjust(500);
        }
      }),
      watched,
    );
  });

  it.effect("whose market has not moved either is quiet: no reconnect, and it is asked about ever less often (B32)", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const { elements } = yield* follow("ticker", [tickerKey(btc)]);
        const stoppedMs = yield* speakFor(exchange, 40);
        tickersAtRest(exchange, () => [tickerRow(btc, stoppedMs)]);
        const askedAt: Array<number> = [];
        for (let at = 0; at < 7_200; at++) {
          yield* TestClock.adjust(1_000);
          if (exchange.calls.length > askedAt.length) askedAt.push(at + 1);
        }
        assert.strictEqual(exchange.connects, 1);
        assert.isTrue(elements.every((element) => element._tag === "Live"));
        // 24 s of silence, 3 s for the snapshots, and every time twice the patience, up to ten minutes.
        assert.deepStrictEqual(askedAt.slice(0, 5), [27, 78, 177, 372, 759]);
        const waits = askedAt.slice(6).map((second, at) => second - (askedAt[at + 5] ?? 0));
        assert.isAbove(waits.length, 5);
        for (const wait of waits) assert.strictEqual(wait, 603);
      }),
      watched,
    );
  });

  it.effect(
    "is told stale once its rhythm is over, is sent again once for every step of patience, and its end is an element (R000-19)",
    () => {
      const exchange = new ScriptedExchange();
      return exchange.run(
        Effect.gen(function* () {
          const subscriptions = yield* Subscriptions;
          const { elements } = yield* follow("ticker", [tickerKey(btc)]);
          let lastMs = yield* speakFor(exchange, 40);
          tickersAtRest(exchange, () => [tickerRow(btc, lastMs)]);
          const ageMs = (nowMs: number) => nowMs - Number(subscriptions.confirmedNanos(tickerKey(btc)) ?? 0n) / 1e6;
          const sentAt: Array<number> = [];
          const stoppedMs = lastMs;
          for (let second = 1; second <= 400; second++) {
            yield* TestClock.adjust(1_000);
            if (exchange.socket.sent.length > sentAt.length + 1) sentAt.push(second);
            // A pong is at most ten seconds old, so what is older is told by the rhythm alone.
            if (second > 24) assert.strictEqual(ageMs(stoppedMs + second * 1_000), second * 1_000 - 24_000);
          }
          assert.deepStrictEqual(sentAt, [24, 75, 174, 369]);
          lastMs += 390_000;
          yield* TestClock.adjust("10 minutes");
          assert.deepStrictEqual(elements.flatMap(({ _tag }) => (_tag === "Live" ? [] : [_tag])).slice(0, 2), ["Reconnecting", "Resumed"]);
        }),
        watched,
      );
    },
  );

  it.effect("is not given up on REST's silence: who cannot be asked condemns nothing", () => {
    const exchange = new ScriptedExchange();
    exchange.rest = () => Effect.fail(new UpstreamError({ status: 503, name: null, detail: null, retryAfterMs: null }));
    return exchange.run(
      Effect.gen(function* () {
        yield* follow("ticker", [tickerKey(btc)]);
        yield* speakFor(exchange, 40);
        yield* TestClock.adjust("10 minutes");
        assert.isAbove(exchange.calls.length, 2);
        assert.strictEqual(exchange.connects, 1);
      }),
      watched,
    );
  });

  it.effect("whose question to REST crashes goes on being watched", () => {
    const exchange = new ScriptedExchange();
    exchange.rest = () => Effect.die("a bug");
    return exchange.run(
      Effect.gen(function* () {
        yield* follow("ticker", [tickerKey(btc)]);
        yield* speakFor(exchange, 40);
        yield* TestClock.adjust("10 minutes");
        assert.isAbove(exchange.calls.length, 2);
      }),
      watched,
    );
  });

  it.effect("is kept when it spoke while REST was asked about it", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        yield* follow("ticker", [tickerKey(btc)]);
        const stoppedMs = yield* speakFor(exchange, 40);
        exchange.rest = () => Effect.delay(Effect.succeed([tickerRow(btc, stoppedMs + 27_100)]), 500);
        yield* TestClock.adjust(27_000);
        assert.strictEqual(exchange.calls.length, 1);
        yield* TestClock.adjust(200);
        // The very change that REST tells of.
        exchange.socket.push(ticker(btc, 9, stoppedMs + 27_100));
        yield* TestClock.adjust(10_000);
        assert.deepStrictEqual([exchange.connects, exchange.socket.terminated], [1, false]);
      }),
      watched,
    );
  });

  it.effect("whose book only looks newer, because REST dates an unchanged book by its answer, is quiet", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        yield* follow("orderbook", [bookKey(btc, 5)]);
        exchange.socket.push(book(btc, 5, 1, true));
        const answer = (levels: number) => {
          const message = book(btc, levels, 1_000_000);
          return message._tag === "Orderbook" ? [message.value] : [];
        };
        exchange.rest = () => Effect.succeed(answer(5));
        yield* TestClock.adjust("3 minutes");
        assert.deepStrictEqual([exchange.connects, exchange.calls[0]], [1, "http://scripted/orderbook?markets=KRW-BTC&count=5"]);
      }),
      watched,
    );
  });
});

describe("a subscription that the exchange ignores", () => {
  for (const list of ["names it all the same", "leaves it out"] as const) {
    it.effect(`whose list ${list}, is sent at most three times on two links, and then fails alone`, () => ignored(list));
  }

  it.effect("has the list asked for, is sent once more, costs one link, and then its own subscriber only (B04)", () =>
    ignored("is never answered"),
  );

  it.effect("leaves in the log what was sent and why: the change, the whole set once more, and the new link's (R003-24)", () => {
    const sent: Array<string> = [];
    const logger = Logger.make(({ message, fiber }) => {
      const { mode, reason, keys } = fiber.getRef(References.CurrentLogAnnotations);
      if (String(message) === "Subscription sent") sent.push(`${String(mode)} ${String(reason)} ${String(keys)}`);
    });
    return Effect.gen(function* () {
      yield* ignored("names it all the same");
      assert.deepStrictEqual(sent, [
        "smart changed 1",
        "smart changed 2",
        "full silence 2",
        // The new link's, and that of the set without the key.
        "smart changed 2",
        "smart changed 1",
      ]);
    }).pipe(Effect.provide(Layer.merge(Logger.layer([logger]), Layer.succeed(References.MinimumLogLevel, "Debug"))));
  });

  const ignored = (list: "names it all the same" | "leaves it out" | "is never answered") => {
    const exchange = new ScriptedExchange();
    exchange.onSend = (socket) => {
      const codes = socket.sent.at(-1) ?? [];
      for (const code of codes) if (code === "ticker:KRW-BTC") socket.push(ticker(btc, 1, 1, true));
      if (list === "leaves it out") socket.listed = [tickerKey(btc)];
      if (list === "is never answered") socket.listed = undefined;
    };
    exchange.rest = () => Effect.succeed([tradeRow(eth, 5)]);
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const good = yield* follow("ticker", [tickerKey(btc)]);
        const bad = yield* follow("trades", [tradesKey(eth)]);
        subscriptions.wantForReads(tradesKey(eth));
        const reader = yield* subscriptions.awaitLive(tradesKey(eth)).pipe(Effect.flip, Effect.forkScoped({ startImmediately: true }));
        let spoken = 10;
        const states: Array<string> = [];
        for (let second = 0; second < 40 && bad.fiber.pollUnsafe() === undefined; second++) {
          yield* TestClock.adjust(1_000);
          if (subscriptions.connected()) exchange.socket.push(ticker(btc, ++spoken, spoken));
          states.push(subscriptions.status().state);
        }
        assert.strictEqual(exchange.connects, 2);
        const asked = exchange.sockets.map((socket) => socket.sent.filter((codes) => codes.includes("trades:KRW-ETH")).length);
        assert.deepStrictEqual(asked, [2, 1]);
        assert.isAbove(exchange.sockets[0]?.lists ?? 0, 0);
        const error = yield* Effect.flip(Fiber.join(bad.fiber));
        assert.deepInclude(error, { _tag: "InvalidRequest", field: "subscription", input: "trades:KRW-ETH" });
        // The reader was told of the first link's end.
        assert.strictEqual((yield* Fiber.join(reader))._tag, "NetworkError");
        assert.isUndefined(good.fiber.pollUnsafe());
        assert.deepStrictEqual(
          good.elements.filter((element) => element._tag !== "Live").map((element) => element._tag),
          ["Reconnecting", "Resumed"],
        );
        yield* TestClock.adjust("3 seconds");
        assert.deepStrictEqual([exchange.connects, exchange.socket.sent.at(-1)], [2, ["ticker:KRW-BTC"]]);
      }),
      watched,
    );
  };
});
