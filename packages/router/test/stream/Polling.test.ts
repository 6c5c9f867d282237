/** REST in place of a silent socket, over a scripted exchange: which requests go out when, and what the streams see of it. */
import { assert, describe, it } from "@effect/vitest";
import { Clock, Effect, Stream } from "effect";
import { TestClock } from "effect/testing";
import type { Market } from "../../src/domain/Market.ts";
import type { Kind } from "../../src/domain/Question.ts";
import type { StreamKey } from "../../src/domain/StreamKey.ts";
import { MarketUnknown, UpstreamError } from "../../src/errors/MarketDataError.ts";
import { Subscriptions } from "../../src/stream/Subscriptions.ts";
import { book, bookKey, btc, candleKey, eth, market, type RestAnswer, ScriptedExchange, ticker, tickerKey, tradesKey } from "./exchange.ts";

/** An exchange whose REST answers with values of the present, and writes down when it was asked for what. */
const answering = (answer: (url: URL, nowMs: number) => RestAnswer = rows) => {
  const exchange = new ScriptedExchange();
  const asked: Array<string> = [];
  exchange.rest = (url) =>
    Effect.flatMap(Clock.currentTimeMillis, (exactMs) => {
      // Reconnects come after random parts of a millisecond.
      const nowMs = Math.round(exactMs / 10) * 10;
      asked.push(
        `${nowMs} ${url.pathname.slice(1)} ${url.searchParams.get("markets") ?? ""} ${url.searchParams.get("count") ?? ""}`.trim(),
      );
      return answer(url, nowMs);
    });
  return { exchange, asked };
};

const rows = (url: URL, nowMs: number): RestAnswer => {
  const levels = Number(url.searchParams.get("count") ?? 0);
  const of = (code: string) => (levels > 0 ? book(code as Market, levels, nowMs) : ticker(code as Market, 1, nowMs));
  return Effect.succeed((url.searchParams.get("markets") ?? "").split(",").map((code) => (of(code) as { readonly value: unknown }).value));
};

/** A stream in the background; what it says as `tag or channel, time`. */
const follow = Effect.fnUntraced(function* (kind: Kind, ...keys: ReadonlyArray<StreamKey>) {
  const subscriptions = yield* Subscriptions;
  const said: Array<string> = [];
  yield* subscriptions.events(kind, keys, {}).pipe(
    Stream.runForEach((element) =>
      Effect.sync(() => {
        const value = element._tag === "Live" && "timestampMs" in element.value ? ` ${element.value.timestampMs}` : "";
        said.push(element._tag === "Live" ? `${element.channel}${value}` : element._tag);
      }),
    ),
    Effect.forkScoped({ startImmediately: true }),
  );
  return said;
});

describe("streams whose socket is silent", () => {
  it.effect("are read over REST 0.7 s after a break, every second, all tickers in one list, until the socket speaks", () => {
    const { exchange, asked } = answering();
    return exchange.run(
      Effect.gen(function* () {
        const said = yield* follow("ticker", tickerKey(btc), tickerKey(eth));
        yield* TestClock.adjust(0);
        exchange.socket.push(ticker(btc, 1, 1), ticker(eth, 1, 1));
        yield* TestClock.adjust(5_000);
        assert.deepStrictEqual(asked, []);
        exchange.upgrades.push(...Array.from({ length: 50 }, () => "unreachable" as const));
        exchange.socket.close(1006);
        yield* TestClock.adjust(2_999);
        assert.deepStrictEqual(asked, ["5700 ticker KRW-BTC,KRW-ETH", "6700 ticker KRW-BTC,KRW-ETH", "7700 ticker KRW-BTC,KRW-ETH"]);
        exchange.upgrades.length = 0;
        yield* TestClock.adjust(30_000);
        exchange.socket.push(ticker(btc, 1, 40_000, true), ticker(eth, 1, 40_000, true));
        yield* TestClock.adjust(1_500);
        const before = asked.length;
        yield* TestClock.adjust(10_000);
        assert.strictEqual(asked.length, before);
        const values = said.filter((one) => one.startsWith("rest") || one.startsWith("websocket"));
        assert.deepStrictEqual(values.slice(0, 4), ["websocket 1", "websocket 1", "rest 5700", "rest 5700"]);
        assert.deepStrictEqual(values.slice(-2), ["websocket 40000", "websocket 40000"]);
      }),
    );
  });

  it.effect(
    "begin with REST where the subscription says nothing for 0.7 s; trades and candles, and keys of reads, are not asked for",
    () => {
      const { exchange, asked } = answering();
      return exchange.run(
        Effect.gen(function* () {
          const subscriptions = yield* Subscriptions;
          const said = yield* follow("orderbook", bookKey(btc, 10));
          yield* follow("trades", tradesKey(btc));
          yield* follow("candles", candleKey(btc));
          subscriptions.wantForReads(tickerKey(eth));
          yield* TestClock.adjust(699);
          assert.deepStrictEqual(asked, []);
          yield* TestClock.adjust(1);
          assert.deepStrictEqual([asked, said], [["700 orderbook KRW-BTC 15"], ["rest 700"]]);
          exchange.socket.push(book(btc, 15, 900, true));
          yield* TestClock.adjust(3_000);
          assert.deepStrictEqual([asked.length, said], [1, ["rest 700", "websocket 900"]]);
        }),
      );
    },
  );

  it.effect("cost at most two requests a second, however many lists they are", () => {
    const { exchange, asked } = answering();
    return exchange.run(
      Effect.gen(function* () {
        exchange.onSocket = (socket) => socket.close(1006);
        yield* follow("ticker", tickerKey(btc));
        for (const levels of [1, 5, 15, 30]) yield* follow("orderbook", bookKey(market(`KRW-D${levels}`), levels));
        yield* TestClock.adjust(60_000);
        const times = asked.map((one) => Number(one.split(" ")[0]));
        for (const from of times) assert.isAtMost(times.filter((at) => at >= from && at < from + 1_000).length, 2);
        // Five lists take two and a half seconds; every one has its turn in each round.
        assert.isAtLeast(times.length, 100);
        for (const levels of ["1", "5", "15", "30"]) assert.isAtLeast(asked.filter((one) => one.endsWith(` ${levels}`)).length, 20);
      }),
    );
  });

  it.effect("hear nothing of a REST that fails; it is asked less and less often, and used again once it answers", () => {
    let fails = true;
    const error = new UpstreamError({ status: 503, name: null, detail: null, retryAfterMs: null });
    const { exchange, asked } = answering((url, nowMs) => (fails ? Effect.fail(error) : rows(url, nowMs)));
    return exchange.run(
      Effect.gen(function* () {
        const said = yield* follow("ticker", tickerKey(btc));
        yield* TestClock.adjust(60_000);
        assert.deepStrictEqual(
          asked.map((one) => Number(one.split(" ")[0])),
          [700, 2_700, 6_700, 14_700, 30_700],
        );
        assert.deepStrictEqual(said, []);
        fails = false;
        yield* TestClock.adjust(3_000);
        assert.deepStrictEqual(said, ["rest 60700", "rest 61700", "rest 62700"]);
      }),
    );
  });

  it.effect("are not spoilt by one market that the exchange does not know any more", () => {
    const gone = market("KRW-GONE");
    const { exchange, asked } = answering((url, nowMs) =>
      (url.searchParams.get("markets") ?? "").split(",").includes(gone)
        ? Effect.fail(new MarketUnknown({ market: "several", venue: "scripted", near: [] }))
        : rows(url, nowMs),
    );
    return exchange.run(
      Effect.gen(function* () {
        const said = yield* follow("ticker", tickerKey(gone), tickerKey(btc), tickerKey(eth));
        yield* TestClock.adjust(10_000);
        assert.isAbove(said.length, 10);
        assert.strictEqual(asked.at(-1)?.split(" ")[2], "KRW-BTC,KRW-ETH");
      }),
    );
  });
});
