import { assert, describe, it } from "@effect/vitest";
import { Effect, type Scope, Stream } from "effect";
import { TestClock } from "effect/testing";
import type { Cache } from "../../src/cache/Cache.ts";
import type { Candle } from "../../src/domain/Candle.ts";
import type { Kind } from "../../src/domain/Question.ts";
import type { ElementOf, StreamElement } from "../../src/domain/StreamElement.ts";
import type { StreamKey } from "../../src/domain/StreamKey.ts";
import type { Trade } from "../../src/domain/Trade.ts";
import { CircuitOpen, DecodeError, NetworkError, UpstreamError } from "../../src/errors/MarketDataError.ts";
import type { RouterConfigShape } from "../../src/RouterConfig.ts";
import { Subscriptions } from "../../src/stream/Subscriptions.ts";
import {
  btc,
  candle,
  candleKey,
  candleRow,
  minute,
  type ScriptedSocket,
  ScriptedExchange,
  shortId,
  trade,
  tradeRow,
  tradesKey,
} from "./exchange.ts";

/** Reading back takes a few turns: the queue, the page, the hub, the consumer. */
const settle = Effect.repeat(TestClock.adjust(0), { times: 5 });

/** The live side with holes that healing alone fills: reading while the link is down has tests of its own. */
const run =
  (exchange: ScriptedExchange) =>
  <A, E>(body: Effect.Effect<A, E, Subscriptions | Cache | Scope.Scope>, changes: Partial<RouterConfigShape> = {}) =>
    exchange.run(body, { tradePollAfterMs: 3_600_000, ...changes });

const collect = Effect.fnUntraced(function* <K extends Kind>(kind: K, key: StreamKey) {
  const subscriptions = yield* Subscriptions;
  const elements: Array<StreamElement<ElementOf[K]>> = [];
  yield* subscriptions.events(kind, [key], {}).pipe(
    Stream.runForEach((element) => Effect.sync(() => elements.push(element))),
    Effect.forkScoped({ startImmediately: true }),
  );
  yield* settle;
  return elements;
});

/** `L3`, `R4`, `gap 2-9`: a stream of trades in short. */
const inShort = (elements: ReadonlyArray<StreamElement<Trade>>): ReadonlyArray<string> =>
  elements.map((element) => {
    if (element._tag === "Live") return `L${shortId(element.value)}`;
    if (element._tag === "Recovered") return `R${shortId(element.value)}`;
    return element._tag === "Gap" ? `gap ${element.fromMs}-${element.toMs}` : element._tag;
  });

/** A REST side that knows trades 1 to `newest()`, and pages like the exchange. */
const tradeBook = (exchange: ScriptedExchange, newest: () => number) => {
  exchange.rest = (url) =>
    Effect.sync(() => {
      const before = url.searchParams.get("before");
      const from = before === null || before === "" ? newest() : Number(before.slice(-4)) - 1;
      const count = Number(url.searchParams.get("count"));
      return Array.from({ length: Math.max(0, Math.min(count, from)) }, (_, at) => tradeRow(btc, from - at));
    });
};

const breakAndResume = Effect.fnUntraced(function* (exchange: ScriptedExchange, onSocket: (socket: ScriptedSocket) => void) {
  const broken = exchange.socket;
  broken.close();
  while (exchange.socket === broken) yield* TestClock.adjust(100);
  onSocket(exchange.socket);
  yield* settle;
});

it.effect("a trade that came but could not be read is read back like those of a broken link, on the same link", () => {
  const exchange = new ScriptedExchange();
  tradeBook(exchange, () => 4);
  const unreadable = {
    _tag: "Undecodable",
    error: new DecodeError({ stage: "schema", path: "trade_price", detail: "is missing" }),
    lost: { kind: "trades", market: btc },
  } as const;
  return run(exchange)(
    Effect.gen(function* () {
      const elements = yield* collect("trades", tradesKey(btc));
      exchange.socket.push(trade(btc, 1, true), trade(btc, 2));
      exchange.socket.push(unreadable);
      exchange.socket.push(trade(btc, 4));
      yield* TestClock.adjust(2_000);
      exchange.socket.push(trade(btc, 5));
      yield* settle;
      assert.deepStrictEqual(inShort(elements), ["L1", "L2", "R3", "L4", "L5"]);
      assert.strictEqual(exchange.connects, 1);
    }),
  );
});

it.effect("a frame that cannot be read at all is a hole in every market's trades, and no state is current until it speaks again", () => {
  const exchange = new ScriptedExchange();
  tradeBook(exchange, () => 4);
  const unreadable = { _tag: "Undecodable", error: new DecodeError({ stage: "json", path: "", detail: "cut" }), lost: {} } as const;
  return run(exchange)(
    Effect.gen(function* () {
      const { isLive } = yield* Subscriptions;
      const elements = yield* collect("trades", tradesKey(btc));
      exchange.socket.push(trade(btc, 1, true), trade(btc, 2));
      assert.isTrue(isLive(tradesKey(btc)));
      exchange.socket.push(unreadable);
      assert.isFalse(isLive(tradesKey(btc)));
      exchange.socket.push(trade(btc, 4));
      yield* TestClock.adjust(2_000);
      assert.isTrue(isLive(tradesKey(btc)));
      exchange.socket.push(trade(btc, 5));
      yield* settle;
      assert.deepStrictEqual(inShort(elements), ["L1", "L2", "R3", "L4", "L5"]);
      assert.strictEqual(exchange.connects, 1);
    }),
  );
});

describe("trades across a reconnect", () => {
  it.effect("the hole is read back until it overlaps, and comes oldest first before the next live trade (C05)", () => {
    const exchange = new ScriptedExchange();
    tradeBook(exchange, () => 12);
    return run(exchange)(
      Effect.gen(function* () {
        const elements = yield* collect("trades", tradesKey(btc));
        exchange.socket.push(trade(btc, 1, true), trade(btc, 2), trade(btc, 3));
        yield* breakAndResume(exchange, (socket) => socket.push(trade(btc, 11, true), trade(btc, 12)));
        exchange.socket.push(trade(btc, 13));
        yield* settle;
        const ids = ["R4", "R5", "R6", "R7", "R8", "R9", "R10", "L11", "L12", "L13"];
        assert.deepStrictEqual(inShort(elements), ["L1", "L2", "L3", "Reconnecting", "Resumed", ...ids]);
        assert.deepStrictEqual(exchange.calls.length, 2);
      }),
    );
  });

  it.effect("trades of the past before a stream began are not delivered, and nothing missed means nothing added", () => {
    const exchange = new ScriptedExchange();
    tradeBook(exchange, () => 9);
    return run(exchange)(
      Effect.gen(function* () {
        const elements = yield* collect("trades", tradesKey(btc));
        exchange.socket.push(trade(btc, 8, true), trade(btc, 9));
        yield* breakAndResume(exchange, (socket) => socket.push(trade(btc, 9, true)));
        assert.deepStrictEqual(inShort(elements), ["L8", "L9", "Reconnecting", "Resumed"]);
        assert.strictEqual(exchange.calls.length, 1);
      }),
    );
  });

  it.effect("a trade that the broken link skipped between two others is still found", () => {
    const exchange = new ScriptedExchange();
    tradeBook(exchange, () => 4);
    return run(exchange)(
      Effect.gen(function* () {
        const elements = yield* collect("trades", tradesKey(btc));
        exchange.socket.push(trade(btc, 2, true), trade(btc, 4));
        yield* breakAndResume(exchange, (socket) => socket.push(trade(btc, 4, true)));
        assert.deepStrictEqual(inShort(elements).slice(4), ["R3"]);
      }),
    );
  });

  it.effect("a quiet market that does not speak again is read back all the same", () => {
    const exchange = new ScriptedExchange();
    tradeBook(exchange, () => 3);
    return run(exchange)(
      Effect.gen(function* () {
        const elements = yield* collect("trades", tradesKey(btc));
        exchange.socket.push(trade(btc, 1, true));
        yield* breakAndResume(exchange, () => {});
        assert.strictEqual(exchange.calls.length, 0);
        yield* TestClock.adjust(1_000);
        exchange.socket.push(trade(btc, 3), trade(btc, 4));
        yield* settle;
        assert.deepStrictEqual(inShort(elements).slice(3), ["R2", "R3", "L4"]);
      }),
    );
  });

  it.effect("without overlap the rows read are delivered and the hole is told", () => {
    const exchange = new ScriptedExchange();
    tradeBook(exchange, () => 100);
    return run(exchange)(
      Effect.gen(function* () {
        const elements = yield* collect("trades", tradesKey(btc));
        exchange.socket.push(trade(btc, 2, true));
        yield* breakAndResume(exchange, (socket) => socket.push(trade(btc, 100, true)));
        const recovered = Array.from({ length: 14 }, (_, at) => `R${86 + at}`);
        assert.deepStrictEqual(inShort(elements).slice(3), ["gap 2-86", ...recovered, "L100"]);
        assert.strictEqual(exchange.calls.length, 3);
      }),
    );
  });

  it.effect("when REST fails to the end the hole is told and the live trades go on", () => {
    const exchange = new ScriptedExchange();
    return run(exchange)(
      Effect.gen(function* () {
        const elements = yield* collect("trades", tradesKey(btc));
        exchange.socket.push(trade(btc, 2, true));
        yield* breakAndResume(exchange, (socket) => socket.push(trade(btc, 9, true)));
        assert.deepStrictEqual(inShort(elements).slice(3), []);
        yield* TestClock.adjust(10_000);
        assert.deepStrictEqual(inShort(elements).slice(3), ["gap 2-9", "L9"]);
        assert.strictEqual(exchange.calls.length, 3);
        exchange.socket.push(trade(btc, 10));
        yield* settle;
        assert.strictEqual(inShort(elements).at(-1), "L10");
      }),
    );
  });

  it.effect("our own breaker is waited for, for over a minute; an exchange that asks for as long a pause is not", () =>
    Effect.gen(function* () {
      const pauses = [
        new CircuitOpen({ target: "scripted", retryAfterMs: 70_000 }),
        new UpstreamError({ status: 503, name: null, detail: null, retryAfterMs: 70_000 }),
      ];
      const told = yield* Effect.forEach(pauses, (pause) => {
        const exchange = new ScriptedExchange();
        return run(exchange)(
          Effect.gen(function* () {
            const elements = yield* collect("trades", tradesKey(btc));
            exchange.socket.push(trade(btc, 2, true));
            exchange.rest = () => Effect.fail(pause);
            yield* breakAndResume(exchange, (socket) => socket.push(trade(btc, 5, true)));
            yield* TestClock.adjust(10_000);
            tradeBook(exchange, () => 5);
            // The market goes on meanwhile, and the link is alive.
            for (let at = 6; at <= 12; at++) {
              exchange.socket.push(trade(btc, at));
              yield* TestClock.adjust(10_000);
            }
            return inShort(elements).slice(3, 7);
          }),
        );
      });
      assert.deepStrictEqual(told, [
        ["R3", "R4", "L5", "L6"],
        ["gap 2-5", "L5", "L6", "L7"],
      ]);
    }),
  );

  it.effect("what a gap told as missing stays missing when a later outage is read back", () => {
    const exchange = new ScriptedExchange();
    return run(exchange)(
      Effect.gen(function* () {
        const elements = yield* collect("trades", tradesKey(btc));
        exchange.socket.push(trade(btc, 2, true));
        yield* breakAndResume(exchange, (socket) => socket.push(trade(btc, 9, true)));
        yield* TestClock.adjust(10_000);
        tradeBook(exchange, () => 12);
        yield* breakAndResume(exchange, (socket) => socket.push(trade(btc, 12, true)));
        yield* TestClock.adjust(1_000);
        const told = inShort(elements).filter((text) => !text.startsWith("Re"));
        assert.deepStrictEqual(told, ["L2", "gap 2-9", "L9", "R10", "R11", "L12"]);
      }),
    );
  });

  it.effect("a REST side that lags behind the socket is asked again", () => {
    const exchange = new ScriptedExchange();
    let newest = 2;
    tradeBook(exchange, () => newest);
    return run(exchange)(
      Effect.gen(function* () {
        const elements = yield* collect("trades", tradesKey(btc));
        exchange.socket.push(trade(btc, 2, true));
        yield* breakAndResume(exchange, (socket) => socket.push(trade(btc, 5, true)));
        assert.deepStrictEqual(inShort(elements).slice(3), []);
        newest = 6;
        yield* TestClock.adjust(1_000);
        assert.deepStrictEqual(inShort(elements).slice(3), ["R3", "R4", "L5"]);
      }),
    );
  });

  it.effect("a link that breaks again while reading back loses nothing and repeats nothing", () => {
    const exchange = new ScriptedExchange();
    exchange.rest = () => Effect.never;
    return run(exchange)(
      Effect.gen(function* () {
        const elements = yield* collect("trades", tradesKey(btc));
        exchange.socket.push(trade(btc, 1, true));
        yield* breakAndResume(exchange, (socket) => socket.push(trade(btc, 4, true), trade(btc, 5)));
        tradeBook(exchange, () => 8);
        yield* breakAndResume(exchange, (socket) => socket.push(trade(btc, 8, true)));
        yield* TestClock.adjust(2_000);
        assert.deepStrictEqual(
          inShort(elements).filter((text) => /^[LR]/.test(text) && text !== "Resumed" && text !== "Reconnecting"),
          ["L1", "R2", "R3", "R4", "R5", "R6", "R7", "L8"],
        );
      }),
    );
  });

  it.effect("a hole behind trades of a short link in between is told, though that link's trades are given", () => {
    const exchange = new ScriptedExchange();
    exchange.rest = () => Effect.never;
    return run(exchange)(
      Effect.gen(function* () {
        const elements = yield* collect("trades", tradesKey(btc));
        exchange.socket.push(trade(btc, 1, true));
        yield* breakAndResume(exchange, (socket) => socket.push(trade(btc, 4, true), trade(btc, 5)));
        tradeBook(exchange, () => 100);
        yield* breakAndResume(exchange, (socket) => socket.push(trade(btc, 100, true)));
        yield* TestClock.adjust(2_000);
        const recovered = Array.from({ length: 14 }, (_, at) => `R${86 + at}`);
        const told = inShort(elements).filter((text) => !text.startsWith("Re"));
        assert.deepStrictEqual(told, ["L1", "gap 1-86", "R4", "R5", ...recovered, "L100"]);
      }),
    );
  });

  it.effect("a hole behind trades of a short link in between is told when REST fails, and when it lags", () => {
    const exchange = new ScriptedExchange();
    exchange.rest = () => Effect.never;
    return run(exchange)(
      Effect.gen(function* () {
        const elements = yield* collect("trades", tradesKey(btc));
        exchange.socket.push(trade(btc, 1, true));
        yield* breakAndResume(exchange, (socket) => socket.push(trade(btc, 4, true)));
        exchange.rest = () => Effect.fail(new NetworkError({ phase: "connect", host: "scripted", code: null, detail: null }));
        yield* breakAndResume(exchange, (socket) => socket.push(trade(btc, 20, true)));
        yield* TestClock.adjust(10_000);
        exchange.rest = () => Effect.never;
        yield* breakAndResume(exchange, (socket) => socket.push(trade(btc, 30, true)));
        tradeBook(exchange, () => 21);
        yield* breakAndResume(exchange, (socket) => socket.push(trade(btc, 40, true)));
        yield* TestClock.adjust(10_000);
        const told = inShort(elements).filter((text) => !text.startsWith("Re"));
        assert.deepStrictEqual(told, ["L1", "gap 1-20", "R4", "L20", "R21", "gap 21-40", "R30", "L40"]);
      }),
    );
  });

  it.effect("reading back that is interrupted from elsewhere is a gap, and the next hole is read back as ever", () => {
    const exchange = new ScriptedExchange();
    exchange.rest = () => Effect.interrupt;
    return run(exchange)(
      Effect.gen(function* () {
        const elements = yield* collect("trades", tradesKey(btc));
        exchange.socket.push(trade(btc, 1, true));
        yield* breakAndResume(exchange, (socket) => socket.push(trade(btc, 4, true)));
        tradeBook(exchange, () => 7);
        yield* breakAndResume(exchange, (socket) => socket.push(trade(btc, 7, true)));
        const told = inShort(elements).filter((text) => !text.startsWith("Re"));
        assert.deepStrictEqual(told, ["L1", "gap 1-4", "L4", "R5", "R6", "L7"]);
      }),
      { healConcurrency: 1 },
    );
  });

  it.effect("a consumer that came during the outage gets no past", () => {
    const exchange = new ScriptedExchange();
    tradeBook(exchange, () => 5);
    return run(exchange)(
      Effect.gen(function* () {
        const old = yield* collect("trades", tradesKey(btc));
        exchange.socket.push(trade(btc, 1, true));
        exchange.socket.close();
        const fresh = yield* collect("trades", tradesKey(btc));
        yield* TestClock.adjust(500);
        exchange.socket.push(trade(btc, 5, true));
        yield* settle;
        assert.deepStrictEqual(inShort(old).slice(1), ["Reconnecting", "Resumed", "R2", "R3", "R4", "L5"]);
        assert.deepStrictEqual(inShort(fresh), ["Reconnecting", "Resumed", "L5"]);
      }),
    );
  });
});

describe("candles", () => {
  const windows = (elements: ReadonlyArray<StreamElement<Candle>>): ReadonlyArray<string> =>
    elements.map((element) => {
      if (element._tag !== "Live" && element._tag !== "Recovered") {
        return element._tag === "Gap" ? `gap ${element.fromMs / minute}-${element.toMs / minute}` : element._tag;
      }
      const { openTimeMs, close, state } = element.value;
      return `${element._tag === "Live" ? "L" : "R"}${openTimeMs / minute}:${close.toString()} ${state}`;
    });

  it.effect("a later window on an unbroken link closes the one before; a frame of an earlier one that knows more corrects it", () => {
    const exchange = new ScriptedExchange();
    return run(exchange)(
      Effect.gen(function* () {
        const elements = yield* collect("candles", candleKey(btc));
        exchange.socket.push(
          candle(btc, 1, 1),
          candle(btc, 1, 2),
          candle(btc, 1, 2),
          candle(btc, 2, 1),
          candle(btc, 1, 3),
          candle(btc, 5, 1),
        );
        yield* settle;
        assert.deepStrictEqual(windows(elements), [
          "L1:1 forming",
          "L1:2 forming",
          "L1:2 closed",
          "L2:1 forming",
          "L1:3 corrected",
          "L2:1 closed",
          "L5:1 forming",
        ]);
      }),
    );
  });

  it.effect("windows that ended during an outage are read over REST and come closed, before the live one", () => {
    const exchange = new ScriptedExchange();
    exchange.rest = () => Effect.succeed([candleRow(btc, 3, 7, "closed"), candleRow(btc, 1, 9, "closed")]);
    return run(exchange)(
      Effect.gen(function* () {
        const elements = yield* collect("candles", candleKey(btc));
        exchange.socket.push(candle(btc, 1, 1));
        yield* breakAndResume(exchange, (socket) => socket.push(candle(btc, 4, 1), candle(btc, 5, 2)));
        assert.deepStrictEqual(windows(elements).slice(3), ["R1:9 closed", "R3:7 closed", "L4:1 forming", "L4:1 closed", "L5:2 forming"]);
        assert.match(exchange.calls[0] ?? "", /count=3&to=240000$/);
      }),
    );
  });

  it.effect("an older frame of the window that is held meanwhile does not replace the newer one", () => {
    const exchange = new ScriptedExchange();
    exchange.rest = () => Effect.as(Effect.sleep(1_000), [candleRow(btc, 1, 9, "closed")]);
    return run(exchange)(
      Effect.gen(function* () {
        const elements = yield* collect("candles", candleKey(btc));
        exchange.socket.push(candle(btc, 1, 1));
        yield* breakAndResume(exchange, (socket) => socket.push(candle(btc, 2, 5), candle(btc, 2, 3)));
        yield* TestClock.adjust(1_000);
        assert.deepStrictEqual(windows(elements).slice(3), ["R1:9 closed", "L2:5 forming"]);
      }),
    );
  });

  it.effect("a window that is still open after the outage needs no reading", () => {
    const exchange = new ScriptedExchange();
    return run(exchange)(
      Effect.gen(function* () {
        const elements = yield* collect("candles", candleKey(btc));
        exchange.socket.push(candle(btc, 1, 1));
        yield* breakAndResume(exchange, (socket) => socket.push(candle(btc, 1, 5), candle(btc, 2, 1)));
        assert.deepStrictEqual(windows(elements).slice(3), ["L1:5 forming", "L1:5 closed", "L2:1 forming"]);
        assert.strictEqual(exchange.calls.length, 0);
      }),
    );
  });

  it.effect("a window that REST still shows as forming is read again; one that never closes is a gap", () => {
    const exchange = new ScriptedExchange();
    exchange.rest = () => Effect.succeed([candleRow(btc, 1, 9, "forming")]);
    return run(exchange)(
      Effect.gen(function* () {
        const elements = yield* collect("candles", candleKey(btc));
        exchange.socket.push(candle(btc, 1, 1));
        yield* breakAndResume(exchange, (socket) => socket.push(candle(btc, 2, 1)));
        exchange.rest = () => Effect.succeed([candleRow(btc, 1, 9, "closed")]);
        yield* TestClock.adjust(1_000);
        assert.deepStrictEqual(windows(elements).slice(3), ["R1:9 closed", "L2:1 forming"]);
        exchange.rest = () => Effect.succeed([candleRow(btc, 2, 9, "forming")]);
        yield* breakAndResume(exchange, (socket) => socket.push(candle(btc, 3, 1)));
        yield* TestClock.adjust(10_000);
        assert.deepStrictEqual(windows(elements).slice(7), ["gap 2-3", "L3:1 forming"]);
      }),
    );
  });

  it.effect("when REST cannot be read the missing windows are a gap", () => {
    const exchange = new ScriptedExchange();
    exchange.rest = () => Effect.fail(new NetworkError({ phase: "connect", host: "scripted", code: null, detail: null }));
    return run(exchange)(
      Effect.gen(function* () {
        const elements = yield* collect("candles", candleKey(btc));
        exchange.socket.push(candle(btc, 1, 1));
        yield* breakAndResume(exchange, (socket) => socket.push(candle(btc, 4, 1)));
        yield* TestClock.adjust(10_000);
        exchange.socket.push(candle(btc, 5, 1));
        yield* settle;
        assert.deepStrictEqual(windows(elements).slice(3), ["gap 1-4", "L4:1 forming", "L4:1 closed", "L5:1 forming"]);
      }),
    );
  });
});
