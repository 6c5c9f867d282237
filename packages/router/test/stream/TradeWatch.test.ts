/** What the live side does about trades beside frames: reading while the link is down, audits, order, and the turns of healing. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Logger, Stream } from "effect";
import { TestClock } from "effect/testing";
import type { Market } from "../../src/domain/Market.ts";
import type { StreamElement, StreamOptions } from "../../src/domain/StreamElement.ts";
import type { Trade } from "../../src/domain/Trade.ts";
import { NetworkError } from "../../src/errors/MarketDataError.ts";
import { Subscriptions } from "../../src/stream/Subscriptions.ts";
import type { SocketMessage } from "../../src/transport/Venue.ts";
import { btc, eth, market, ScriptedExchange, shortId, tradeRow, tradesKey } from "./exchange.ts";

/** Reading takes a few turns. */
const settle = Effect.repeat(TestClock.adjust(0), { times: 5 });

/** One trade a second. */
const row = (of: Market, id: number): Trade => ({ ...tradeRow(of, id), tradeTimeMs: id * 1_000 });
const message = (of: Market, id: number, snapshot = false): SocketMessage => ({ _tag: "Trade", value: row(of, id), snapshot });

const collect = Effect.fnUntraced(function* (of: Market, options: StreamOptions = {}) {
  const subscriptions = yield* Subscriptions;
  const told: Array<string> = [];
  const inShort = (element: StreamElement<Trade>) => {
    if (element._tag !== "Live" && element._tag !== "Recovered") return element._tag;
    return `${element._tag === "Live" ? "L" : "R"}${shortId(element.value)}${element.late ? " late" : ""}`;
  };
  yield* subscriptions.events("trades", [tradesKey(of)], options).pipe(
    Stream.runForEach((element) => Effect.sync(() => told.push(inShort(element)))),
    Effect.forkScoped({ startImmediately: true }),
  );
  yield* settle;
  return told;
});

/** REST knows the trades 1 to `newest()` of every market. */
const tradeBook = (exchange: ScriptedExchange, newest: () => number) => {
  exchange.rest = (url) =>
    Effect.sync(() => {
      const before = url.searchParams.get("before");
      const from = before === null || before === "" ? newest() : Number(before.slice(-4)) - 1;
      const of = market(url.searchParams.get("market") ?? "");
      return Array.from({ length: Math.max(0, Math.min(Number(url.searchParams.get("count")), from)) }, (_, at) => row(of, from - at));
    });
};

const marketsOf = (calls: ReadonlyArray<string>) => calls.map((url) => new URL(url).searchParams.get("market") ?? "");

describe("while the link is down", () => {
  it.effect("trades go on over REST, and the new link joins without a gap or a repeat", () => {
    const exchange = new ScriptedExchange();
    let newest = 2;
    tradeBook(exchange, () => newest);
    return exchange.run(
      Effect.gen(function* () {
        const told = yield* collect(btc);
        exchange.socket.push(message(btc, 1, true), message(btc, 2));
        exchange.upgrades.push(...Array.from({ length: 6 }, () => "unreachable" as const));
        exchange.socket.close();
        newest = 4;
        yield* TestClock.adjust(999);
        assert.deepStrictEqual(exchange.calls, []);
        yield* TestClock.adjust(1);
        yield* settle;
        newest = 6;
        yield* TestClock.adjust(2_000);
        yield* settle;
        const values = () => told.filter((text) => /^[LR]\d/.test(text));
        assert.deepStrictEqual(values(), ["L1", "L2", "R3", "R4", "R5", "R6"]);
        newest = 8;
        while (exchange.sockets.length < 2) yield* TestClock.adjust(100);
        exchange.socket.push(message(btc, 8, true), message(btc, 9));
        yield* TestClock.adjust(2_000);
        assert.deepStrictEqual([...new Set(values())], values());
        assert.deepStrictEqual(
          values().map((text) => text.slice(1)),
          ["1", "2", "3", "4", "5", "6", "7", "8", "9"],
        );
        assert.notInclude(told, "Gap");
      }),
    );
  });

  it.effect("who comes meanwhile is owed what follows, not what was", () => {
    const exchange = new ScriptedExchange();
    let newest = 1;
    tradeBook(exchange, () => newest);
    return exchange.run(
      Effect.gen(function* () {
        yield* collect(btc);
        exchange.socket.push(message(btc, 1, true));
        exchange.upgrades.push(...Array.from({ length: 20 }, () => "unreachable" as const));
        exchange.socket.close();
        newest = 3;
        const late = yield* collect(btc);
        yield* TestClock.adjust(1_000);
        yield* settle;
        newest = 5;
        yield* TestClock.adjust(2_000);
        yield* settle;
        assert.deepStrictEqual(
          late.filter((text) => /^[LR]\d/.test(text)),
          ["R4", "R5"],
        );
      }),
    );
  });

  it.effect("who comes meanwhile is told of no hole from before its time, however far a page falls short of it", () => {
    const exchange = new ScriptedExchange();
    let newest = 1;
    tradeBook(exchange, () => newest);
    return exchange.run(
      Effect.gen(function* () {
        const first = yield* collect(btc);
        exchange.socket.push(message(btc, 1, true));
        exchange.upgrades.push(...Array.from({ length: 6 }, () => "unreachable" as const));
        exchange.socket.close();
        newest = 60;
        const late = yield* collect(btc);
        yield* TestClock.adjust(3_000);
        yield* settle;
        while (exchange.sockets.length < 2) yield* TestClock.adjust(100);
        exchange.socket.push(message(btc, 60, true), message(btc, 61));
        yield* TestClock.adjust(5_000);
        yield* settle;
        assert.include(first, "Gap");
        assert.deepStrictEqual(
          late.filter((text) => !text.startsWith("Re")),
          ["L60", "L61"],
        );
      }),
    );
  });

  it.effect("many markets share half of the limit, and a REST side that fails is asked again in its turn", () => {
    const exchange = new ScriptedExchange();
    const all = Array.from({ length: 16 }, (_, at) => market(`KRW-M${at}`));
    return exchange.run(
      Effect.gen(function* () {
        for (const of of all) yield* collect(of);
        yield* TestClock.adjust(2_000);
        for (const of of all) exchange.socket.push(message(of, 1, true));
        exchange.rest = () => Effect.fail(new NetworkError({ phase: "connect", host: "scripted", code: null, detail: null }));
        exchange.upgrades.push(...Array.from({ length: 40 }, () => "unreachable" as const));
        exchange.socket.close();
        yield* TestClock.adjust(17_000);
        // Five pages a second are half of the limit: sixteen markets are read every 3.2 s.
        assert.strictEqual(exchange.calls.length, 81);
        for (const of of all) assert.isAtLeast(marketsOf(exchange.calls).filter((name) => name === of).length, 5);
      }),
    );
  });
});

describe("audits", () => {
  it.effect("go around the markets, one page each, and give late what the socket never brought", () => {
    const exchange = new ScriptedExchange();
    tradeBook(exchange, () => 9);
    return exchange.run(
      Effect.gen(function* () {
        const [one, other] = [yield* collect(btc), yield* collect(eth)];
        yield* TestClock.adjust(100);
        for (const of of [btc, eth]) exchange.socket.push(...[1, 2, 5, 9].map((id) => message(of, id)));
        const fresh = yield* collect(btc);
        yield* TestClock.adjust(60_000);
        yield* settle;
        assert.deepStrictEqual(
          [one, other],
          [
            ["L1", "L2", "L5", "L9", "R6 late", "R7 late", "R8 late"],
            ["L1", "L2", "L5", "L9"],
          ],
        );
        yield* TestClock.adjust(60_000);
        yield* settle;
        assert.deepStrictEqual(other.slice(4), ["R6 late", "R7 late", "R8 late"]);
        assert.deepStrictEqual(marketsOf(exchange.calls), ["KRW-BTC", "KRW-ETH"]);
        assert.deepStrictEqual(fresh, []);
      }),
    );
  });

  it.effect("read back like a broken link what one page does not reach, and tell what cannot be read", () => {
    const exchange = new ScriptedExchange();
    let newest = 2;
    tradeBook(exchange, () => newest);
    return exchange.run(
      Effect.gen(function* () {
        const told = yield* collect(btc);
        exchange.socket.push(message(btc, 1, true), message(btc, 2));
        newest = 12;
        yield* TestClock.adjust(65_000);
        yield* settle;
        assert.deepStrictEqual(told, ["L1", "L2", ...Array.from({ length: 10 }, (_, at) => `R${at + 3}`)]);
        exchange.socket.push(message(btc, 12, true));
        newest = 60;
        yield* TestClock.adjust(65_000);
        yield* settle;
        assert.deepStrictEqual(told.slice(12, 14), ["Gap", "R46"]);
        assert.strictEqual(told.at(-1), "R60");
      }),
    );
  });

  it.effect("of a market in doubt are tried again until REST has answered", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const told = yield* collect(btc);
        yield* TestClock.adjust(10_000);
        exchange.socket.push(message(btc, 1, true), message(btc, 2));
        // The subscription is sent anew for another market.
        yield* collect(eth);
        yield* TestClock.adjust(60);
        exchange.socket.push(message(btc, 5, true));
        exchange.rest = () => Effect.fail(new NetworkError({ phase: "connect", host: "scripted", code: null, detail: null }));
        yield* TestClock.adjust(7_000);
        assert.strictEqual(exchange.calls.length, 1);
        tradeBook(exchange, () => 5);
        yield* TestClock.adjust(5_000);
        yield* settle;
        assert.deepStrictEqual(told, ["L1", "L2", "L5", "R3 late", "R4 late"]);
        yield* TestClock.adjust(30_000);
        assert.strictEqual(exchange.calls.length, 2);
      }),
    );
  });

  it.effect("of a market in doubt once more are made once more, for the first is too early to know of the second", () => {
    const exchange = new ScriptedExchange();
    tradeBook(exchange, () => 24);
    return exchange.run(
      Effect.gen(function* () {
        const told = yield* collect(btc);
        yield* TestClock.adjust(20_000);
        exchange.socket.push(message(btc, 20), message(btc, 21, true));
        yield* TestClock.adjust(4_000);
        exchange.socket.push(message(btc, 24, true));
        yield* TestClock.adjust(1_500);
        yield* settle;
        assert.deepStrictEqual(told, ["L20", "L21", "L24", "R22 late"]);
        yield* TestClock.adjust(5_000);
        yield* settle;
        assert.deepStrictEqual(told.slice(4), ["R23 late"]);
        yield* TestClock.adjust(20_000);
        assert.strictEqual(exchange.calls.length, 2);
      }),
    );
  });

  it.effect("warn of a loss, leave out what cannot be read, and can be switched off", () => {
    const exchange = new ScriptedExchange();
    const logged: Array<unknown> = [];
    const logger = Logger.make(({ message: said, logLevel }) => void (logLevel === "Warn" && logged.push(said)));
    return Effect.gen(function* () {
      yield* exchange.run(
        Effect.gen(function* () {
          const told = yield* collect(btc);
          exchange.socket.push(...[1, 2, 5, 9].map((id) => message(btc, id)));
          exchange.rest = () => Effect.interrupt;
          yield* TestClock.adjust(60_000);
          exchange.rest = () => Effect.fail(new NetworkError({ phase: "connect", host: "scripted", code: null, detail: null }));
          yield* TestClock.adjust(60_000);
          tradeBook(exchange, () => 9);
          yield* TestClock.adjust(60_000);
          yield* settle;
          assert.deepStrictEqual(told.slice(4), ["R6 late", "R7 late", "R8 late"]);
        }),
      );
      assert.strictEqual(logged.length, 1);
      assert.include(JSON.stringify(logged), "does not send all trades");
      const before = exchange.calls.length;
      yield* exchange.run(
        Effect.gen(function* () {
          yield* collect(btc);
          exchange.socket.push(message(btc, 1));
          yield* TestClock.adjust(600_000);
          assert.strictEqual(exchange.calls.length, before);
        }),
        { auditEveryMs: 0 },
      );
    }).pipe(Effect.provide(Logger.layer([logger])));
  });
});

describe("the order of trades", () => {
  it.effect("is kept for a market in disorder, whose trades leave when they are due; other markets pass at once", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const [one, other] = [yield* collect(btc), yield* collect(eth)];
        yield* TestClock.adjust(100);
        exchange.socket.push(message(btc, 1), message(btc, 3), message(btc, 2), message(eth, 1));
        exchange.socket.push(message(btc, 5), message(btc, 4), message(eth, 2));
        yield* settle;
        assert.deepStrictEqual(
          [one, other],
          [
            ["L1", "L3", "L2 late"],
            ["L1", "L2"],
          ],
        );
        yield* TestClock.adjust(249);
        yield* settle;
        assert.strictEqual(one.length, 3);
        yield* TestClock.adjust(1);
        yield* settle;
        assert.deepStrictEqual(one.slice(3), ["L4", "L5"]);
      }),
    );
  });

  it.effect("and what is held when the link breaks comes before the word of it", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const told = yield* collect(btc);
        exchange.socket.push(message(btc, 2), message(btc, 1));
        exchange.socket.close();
        yield* settle;
        assert.deepStrictEqual(told.slice(0, 3), ["L1", "L2", "Reconnecting"]);
      }),
      { reorder: "always" },
    );
  });
});

describe("the turns of healing", () => {
  it.effect("go to urgent streams first, and a huge hole holds up nobody", () => {
    const exchange = new ScriptedExchange();
    const markets = ["HUGE", "SMALL", "OTHER", "URGENT"].map((name) => market(`KRW-${name}`));
    return exchange.run(
      Effect.gen(function* () {
        for (const of of markets) {
          yield* collect(of, { priority: of === "KRW-URGENT" ? "critical" : undefined });
        }
        yield* TestClock.adjust(2_000);
        for (const of of markets) exchange.socket.push(message(of, of === "KRW-HUGE" ? 1 : 18));
        tradeBook(exchange, () => 20);
        exchange.socket.close();
        while (exchange.sockets.length < 2) yield* TestClock.adjust(100);
        exchange.socket.push(...markets.map((of) => message(of, 20, true)));
        yield* Effect.repeat(TestClock.adjust(200), { times: 20 });
        yield* settle;
        assert.deepStrictEqual(
          marketsOf(exchange.calls).map((name) => name.slice(4)),
          ["URGENT", "HUGE", "SMALL", "OTHER", "HUGE", "HUGE", "HUGE"],
        );
      }),
      { healConcurrency: 1, healPages: 4, tradePollAfterMs: 3_600_000 },
    );
  });
});
