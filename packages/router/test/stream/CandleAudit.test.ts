/** What becomes of windows that were given as closed and were not the whole truth: the socket's last frame of a window need not be. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Stream } from "effect";
import { TestClock } from "effect/testing";
import type { Candle } from "../../src/domain/Candle.ts";
import type { StreamElement } from "../../src/domain/StreamElement.ts";
import { Subscriptions } from "../../src/stream/Subscriptions.ts";
import { btc, candle, candleKey, candleRow, eth, ScriptedExchange } from "./exchange.ts";

const audited = { candleAuditEveryMs: 2_000, tradePollAfterMs: 3_600_000 };

const follow = Effect.fnUntraced(function* (of = btc) {
  const subscriptions = yield* Subscriptions;
  const said: Array<string> = [];
  yield* subscriptions.events("candles", [candleKey(of)], {}).pipe(
    Stream.runForEach((element: StreamElement<Candle>) => Effect.sync(() => said.push(inShort(element)))),
    Effect.forkScoped({ startImmediately: true }),
  );
  yield* TestClock.adjust(0);
  return said;
});

/** `L1:2 forming`, `R1:2 corrected late`: an element in short. */
const inShort = (element: StreamElement<Candle>): string => {
  if (element._tag !== "Live" && element._tag !== "Recovered") return element._tag;
  const { openTimeMs, close, state } = element.value;
  return `${element._tag[0]}${openTimeMs / 60_000}:${close} ${state}${element.late ? " late" : ""}`;
};

describe("a window that was given as closed", () => {
  it.effect("and whose last trades no frame had is corrected from REST a few seconds later, once (C10)", () => {
    const exchange = new ScriptedExchange();
    exchange.rest = () => Effect.succeed([candleRow(btc, 1, 9, "closed")]);
    return exchange.run(
      Effect.gen(function* () {
        const said = yield* follow();
        exchange.socket.push(candle(btc, 1, 3), candle(btc, 2, 1));
        yield* TestClock.adjust(1_900);
        assert.deepStrictEqual(said, ["L1:3 forming", "L1:3 closed", "L2:1 forming"]);
        yield* TestClock.adjust(4_000);
        assert.deepStrictEqual(said.slice(3), ["R1:9 corrected late"]);
        assert.deepStrictEqual(exchange.calls, ["http://scripted/candles?market=KRW-BTC&count=1&to=120000"]);
        yield* TestClock.adjust(60_000);
        assert.deepStrictEqual([said.length, exchange.calls.length], [4, 1]);
      }),
      audited,
    );
  });

  it.effect("is corrected by its own late frame, and one that was passed over is given then", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const said = yield* follow();
        exchange.socket.push(candle(btc, 1, 3), candle(btc, 3, 1), candle(btc, 1, 5), candle(btc, 2, 4), candle(btc, 0, 9));
        yield* TestClock.adjust(0);
        assert.deepStrictEqual(said.slice(3), ["L1:5 corrected late", "L2:4 closed late"]);
      }),
      { candleAuditEveryMs: 0 },
    );
  });

  it.effect("before somebody began to follow is nothing to them", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const early = yield* follow();
        exchange.socket.push(candle(btc, 1, 3), candle(btc, 2, 1));
        yield* TestClock.adjust(0);
        const late = yield* follow();
        exchange.socket.push(candle(btc, 1, 5), candle(btc, 3, 1), candle(btc, 2, 2));
        yield* TestClock.adjust(0);
        assert.deepStrictEqual(late, ["L2:1 closed", "L3:1 forming", "L2:2 corrected late"]);
        assert.include(early, "L1:5 corrected late");
      }),
      { candleAuditEveryMs: 0 },
    );
  });

  it.effect("and that REST does not have whole yet is asked for again", () => {
    const exchange = new ScriptedExchange();
    exchange.rest = () => Effect.succeed([candleRow(btc, 1, 2, "closed")]);
    return exchange.run(
      Effect.gen(function* () {
        const said = yield* follow();
        exchange.socket.push(candle(btc, 1, 3), candle(btc, 2, 1));
        yield* TestClock.adjust(6_000);
        assert.strictEqual(exchange.calls.length, 1);
        exchange.rest = () => Effect.succeed([candleRow(btc, 1, 7, "closed")]);
        yield* TestClock.adjust(10_000);
        assert.deepStrictEqual([said.at(-1), exchange.calls.length], ["R1:7 corrected late", 2]);
      }),
      audited,
    );
  });

  it.effect("is looked at in turn with those of other markets: one request in two seconds, however many there are", () => {
    const exchange = new ScriptedExchange();
    exchange.rest = (url) =>
      url.searchParams.get("market") === eth
        ? Effect.succeed([candleRow(eth, 1, 1, "closed")])
        : Effect.die(new Error("a reader that crashes costs the others nothing"));
    return exchange.run(
      Effect.gen(function* () {
        yield* follow(btc);
        yield* follow(eth);
        yield* TestClock.adjust(200);
        for (const market of [btc, eth]) exchange.socket.push(candle(market, 1, 1), candle(market, 2, 1));
        yield* TestClock.adjust(22_000);
        const asked = exchange.calls.map((url) => new URL(url).searchParams.get("market"));
        assert.deepStrictEqual(asked, [btc, eth, btc]);
      }),
      audited,
    );
  });
});
