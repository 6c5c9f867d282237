import { assert, describe, it } from "@effect/vitest";
import { Cause, Effect, Exit, Fiber, Latch, Scope, Stream } from "effect";
import { TestClock } from "effect/testing";
import { Cache } from "../../src/cache/Cache.ts";
import { keyId, type StreamKey } from "../../src/domain/StreamKey.ts";
import type { Ticker } from "../../src/domain/Ticker.ts";
import type { Orderbook } from "../../src/domain/Orderbook.ts";
import type { Kind } from "../../src/domain/Question.ts";
import type { ElementOf, StreamElement } from "../../src/domain/StreamElement.ts";
import { InvalidRequest } from "../../src/errors/MarketDataError.ts";
import { LiveLedger } from "../../src/health/LiveLedger.ts";
import { Subscriptions } from "../../src/stream/Subscriptions.ts";
import { book, bookKey, btc, buildIn, eth, market, ScriptedExchange, ticker, tickerKey, trade, tradesKey } from "./exchange.ts";

/** Collects a stream in the background; the array grows as elements come. */
const collect = Effect.fnUntraced(function* <K extends Kind>(kind: K, keys: ReadonlyArray<StreamKey>) {
  const subscriptions = yield* Subscriptions;
  const elements: Array<StreamElement<ElementOf[K]>> = [];
  const fiber = yield* subscriptions.events(kind, keys, {}).pipe(
    Stream.runForEach((element) => Effect.sync(() => void elements.push(element))),
    Effect.forkScoped({ startImmediately: true }),
  );
  return { elements, fiber };
});

const prices = (elements: ReadonlyArray<StreamElement<Ticker>>): ReadonlyArray<number> =>
  elements.flatMap((element) => (element._tag === "Live" ? [element.value.price.number] : []));

/** Lets every runnable fiber run, without moving the clock. */
const settle = TestClock.adjust(0);

describe("the wanted set on the wire", () => {
  it.effect("changes within the window go out as one message with the whole set (R003-23)", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        yield* collect("ticker", [tickerKey(btc)]);
        yield* settle;
        assert.deepStrictEqual(exchange.socket.sent, [["ticker:KRW-BTC"]]);
        yield* collect("ticker", [tickerKey(eth)]);
        yield* collect("trades", [tradesKey(btc)]);
        yield* TestClock.adjust(49);
        assert.strictEqual(exchange.socket.sent.length, 1);
        yield* TestClock.adjust(1);
        assert.deepStrictEqual(exchange.socket.sent.slice(1), [["ticker:KRW-BTC", "ticker:KRW-ETH", "trades:KRW-BTC"]]);
      }),
    );
  });

  it.effect("is that of the streams that are open, whoever ends, twice, from within, or opens another as it ends (E15)", () => {
    const exchange = new ScriptedExchange();
    let seed = 15;
    const draw = (below: number): number => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return (seed >>> 8) % below;
    };
    const keys = ["KRW-BTC", "KRW-ETH", "KRW-XRP", "KRW-SOL"].map((code) => tickerKey(market(code)));
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const scope = yield* Effect.scope;
        /** Streams that were opened, those that ended included; and how many of each key have not. */
        const opened: Array<Fiber.Fiber<unknown, unknown>> = [];
        const counts = new Map<string, number>();
        const open = (opens: ReadonlyArray<StreamKey>, isOnce: boolean, last: Effect.Effect<unknown>): Effect.Effect<void> =>
          Effect.gen(function* () {
            const count = (by: number) => {
              for (const key of opens) counts.set(keyId(key), (counts.get(keyId(key)) ?? 0) + by);
            };
            let isOpen = true;
            const left = () => {
              if (isOpen) count(-1);
              isOpen = false;
            };
            count(1);
            const stream = subscriptions.events("ticker", opens, {});
            const fiber = yield* Stream.runDrain(isOnce ? Stream.take(stream, 1) : stream).pipe(
              Effect.onExit(() => Effect.andThen(Effect.sync(left), last)),
              Effect.forkIn(scope, { startImmediately: true }),
            );
            opened.push(fiber);
          });
        const some = () => keys.filter(() => draw(2) === 0);
        let checked = 0;
        for (let sequence = 0; sequence < 200; sequence++) {
          for (let ops = draw(6); ops >= 0; ops--) {
            const at = opened[draw(Math.max(1, opened.length))];
            const act = draw(8);
            if (act < 3) yield* open(some(), draw(4) === 0, draw(4) === 0 ? open(some(), false, Effect.void) : Effect.void);
            else if (act < 6 && at !== undefined) yield* Fiber.interrupt(at);
            else if (act === 6) yield* TestClock.adjust(draw(60));
            else if (exchange.sockets.length > 0) exchange.socket.push(...keys.map((key, id) => ticker(key.market, id + 1, id + 1)));
          }
          // No more streams than a run can hold.
          while (opened.length > 12) yield* Fiber.interrupt(opened.shift()!);
          yield* TestClock.adjust(1_500);
          const wanted = keys.map(keyId).filter((id) => (counts.get(id) ?? 0) > 0);
          for (const count of counts.values()) assert.isAtLeast(count, 0);
          assert.strictEqual(subscriptions.status().wanted, wanted.length);
          if (wanted.length === 0) continue;
          assert.deepStrictEqual([...(exchange.socket.sent.at(-1) ?? [])].sort(), [...wanted].sort(), `sequence ${sequence}`);
          checked++;
        }
        assert.isAbove(checked, 150);
        yield* Fiber.interruptAll(opened);
        yield* TestClock.adjust("1 minute");
        yield* Fiber.interruptAll(opened);
        yield* TestClock.adjust("1 minute");
        assert.deepStrictEqual([subscriptions.status().wanted, [...counts.values()].filter((count) => count !== 0)], [0, []]);
      }),
    );
  });

  it.effect("a swap of markets is one message on the same link and disturbs no other stream (R003-22)", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const trades = yield* collect("trades", [tradesKey(btc)]);
        const before = yield* collect("ticker", [tickerKey(btc)]);
        yield* settle;
        exchange.socket.push(trade(btc, 1), ticker(btc, 1, 1));
        yield* settle;
        yield* Fiber.interrupt(before.fiber);
        yield* collect("ticker", [tickerKey(eth)]);
        yield* TestClock.adjust(50);
        exchange.socket.push(trade(btc, 2));
        yield* settle;
        assert.deepStrictEqual(exchange.socket.sent.slice(1), [["trades:KRW-BTC", "ticker:KRW-ETH"]]);
        assert.strictEqual(exchange.connects, 1);
        assert.deepStrictEqual(
          trades.elements.map((element) => element._tag),
          ["Live", "Live"],
        );
      }),
    );
  });

  it.effect("messages never exceed five a second, whatever the changes", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        yield* collect("ticker", [tickerKey(btc)]);
        yield* settle;
        for (let at = 0; at < 10; at++) {
          yield* collect("ticker", [tickerKey(market(`KRW-A${at}`))]);
          yield* TestClock.adjust(60);
        }
        assert.strictEqual(exchange.socket.sent.length, 5);
        yield* TestClock.adjust(1_050);
        assert.strictEqual(exchange.socket.sent.at(-1)?.length, 11);
      }),
    );
  });

  it.effect("a reconnect sends the wanted set once, as one message", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        yield* collect("ticker", [tickerKey(btc), tickerKey(eth)]);
        yield* settle;
        exchange.socket.close();
        yield* TestClock.adjust(500);
        assert.strictEqual(exchange.connects, 2);
        assert.deepStrictEqual(exchange.socket.sent, [["ticker:KRW-BTC", "ticker:KRW-ETH"]]);
      }),
    );
  });

  it.effect("two consumers share one code, and the last to leave closes the link after the linger (R000-31)", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const first = yield* collect("ticker", [tickerKey(btc)]);
        const second = yield* collect("ticker", [tickerKey(btc)]);
        yield* settle;
        assert.deepStrictEqual(exchange.socket.sent, [["ticker:KRW-BTC"]]);
        yield* Fiber.interrupt(first.fiber);
        yield* TestClock.adjust(100);
        exchange.socket.push(ticker(btc, 7, 1));
        yield* settle;
        assert.deepStrictEqual(prices(second.elements), [7]);
        yield* Fiber.interrupt(second.fiber);
        yield* TestClock.adjust(59_000);
        assert.deepStrictEqual([subscriptions.status().wanted, exchange.socket.closed], [0, false]);
        yield* TestClock.adjust(1_100);
        assert.deepStrictEqual([subscriptions.status().state, exchange.socket.closed], ["idle", true]);
        assert.strictEqual(exchange.socket.sent.length, 1);
      }),
    );
  });

  it.effect("a read's subscription is released some time after the last read", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        yield* collect("ticker", [tickerKey(eth)]);
        subscriptions.wantForReads(tickerKey(btc));
        yield* settle;
        yield* TestClock.adjust(40_000);
        subscriptions.wantForReads(tickerKey(btc));
        yield* TestClock.adjust(59_900);
        assert.strictEqual(subscriptions.status().wanted, 2);
        yield* TestClock.adjust(200);
        assert.deepStrictEqual(exchange.socket.sent.at(-1), ["ticker:KRW-ETH"]);
        assert.isFalse(subscriptions.isLive(tickerKey(btc)));
      }),
    );
  });

  it.effect("`open` connects behind the caller's back and subscribes to nothing", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        yield* settle;
        assert.strictEqual(exchange.connects, 0);
        subscriptions.open();
        yield* settle;
        assert.deepStrictEqual([subscriptions.connected(), exchange.socket.sent.length], [true, 0]);
      }),
    );
  });
});

describe("waiting for the first value", () => {
  it.effect("ends with the first element, without any fixed wait (R003-12)", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const waiting = yield* Effect.forkChild(subscriptions.awaitLive(tickerKey(btc)), { startImmediately: true });
        yield* settle;
        assert.isUndefined(waiting.pollUnsafe());
        exchange.socket.push(ticker(btc, 5, 1, true));
        yield* settle;
        assert.deepStrictEqual(waiting.pollUnsafe(), Exit.void);
        assert.isTrue(subscriptions.isLive(tickerKey(btc)));
        const { hot } = yield* Cache;
        assert.strictEqual(hot.get(keyId(tickerKey(btc)))?.exchangeTimeMs, 1);
      }),
    );
  });

  it.effect("fails at once when the link breaks meanwhile (R003-15)", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const waiting = yield* Effect.forkChild(Effect.flip(subscriptions.awaitLive(tickerKey(btc))), { startImmediately: true });
        yield* settle;
        exchange.socket.close(1006);
        yield* settle;
        const error = yield* Fiber.join(waiting);
        assert.isTrue(error._tag === "NetworkError" && error.phase === "socket" && error.code === "1006");
      }),
    );
  });

  it.effect("a waiter that gave up changes nothing: the late element still lands in the hot store (R003-16)", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const waiting = yield* subscriptions.awaitLive(tickerKey(btc)).pipe(Effect.timeoutOption(1_000), Effect.forkChild);
        yield* TestClock.adjust(1_000);
        assert.strictEqual((yield* Fiber.join(waiting))._tag, "None");
        yield* TestClock.adjust(1_000);
        exchange.socket.push(ticker(btc, 9, 3));
        const { hot } = yield* Cache;
        assert.deepInclude(hot.get(keyId(tickerKey(btc)))?.value, { timestampMs: 3 });
        assert.isTrue(subscriptions.isLive(tickerKey(btc)));
        assert.strictEqual(exchange.socket.sent.length, 1);
      }),
    );
  });

  it.effect("an error frame fails those who wait with the exchange's own reason, and streams of answered keys go on", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const good = yield* collect("ticker", [tickerKey(btc)]);
        yield* settle;
        exchange.socket.push(ticker(btc, 1, 1));
        const waiting = yield* Effect.forkChild(Effect.flip(subscriptions.awaitLive(tickerKey(eth))), { startImmediately: true });
        yield* TestClock.adjust(50);
        const error = new InvalidRequest({ field: "request", input: "", reason: "WRONG_FORMAT", name: "WRONG_FORMAT" });
        exchange.socket.push({ _tag: "Failure", error });
        yield* settle;
        assert.strictEqual(yield* Fiber.join(waiting), error);
        yield* TestClock.adjust(500);
        assert.deepStrictEqual(exchange.socket.sent, [["ticker:KRW-BTC"]]);
        exchange.socket.push(ticker(btc, 2, 2));
        yield* settle;
        assert.deepStrictEqual(prices(good.elements), [1, 2]);
      }),
    );
  });

  it.effect("a read that lost its slot to later reads is told so", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const waiting = yield* Effect.forkChild(Effect.flip(subscriptions.awaitLive(tickerKey(btc))), { startImmediately: true });
        subscriptions.wantForReads(tickerKey(eth));
        yield* settle;
        assert.strictEqual((yield* Fiber.join(waiting))._tag, "Overloaded");
        assert.deepStrictEqual(exchange.socket.sent, [["ticker:KRW-ETH"]]);
      }),
      { maxReadSubscriptions: 1 },
    );
  });

  it.effect("a key is live only while its link is, and is confirmed by every byte and pong of it", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        subscriptions.wantForReads(tickerKey(btc));
        yield* settle;
        exchange.socket.push(ticker(btc, 1, 1));
        yield* TestClock.adjust(4_000);
        exchange.socket.push({ _tag: "Status", status: "UP" });
        assert.strictEqual(subscriptions.confirmedNanos(tickerKey(btc)), 4_000_000_000n);
        yield* TestClock.adjust(10_000);
        assert.strictEqual(exchange.socket.pings, 1);
        assert.strictEqual(subscriptions.confirmedNanos(tickerKey(btc)), 14_000_000_000n);
        exchange.socket.close();
        assert.isUndefined(subscriptions.confirmedNanos(tickerKey(btc)));
        assert.isFalse(subscriptions.connected());
      }),
    );
  });
});

describe("consumers", () => {
  it.effect("each sees its own markets and kinds only (R000-18)", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const one = yield* collect("ticker", [tickerKey(btc)]);
        const other = yield* collect("ticker", [tickerKey(eth)]);
        const trades = yield* collect("trades", [tradesKey(btc)]);
        yield* settle;
        exchange.socket.push(ticker(btc, 1, 1), ticker(eth, 2, 1), trade(btc, 3), ticker(market("KRW-XRP"), 4, 1));
        yield* settle;
        assert.deepStrictEqual([prices(one.elements), prices(other.elements), trades.elements.length], [[1], [2], 1]);
      }),
    );
  });

  it.effect("a full buffer of tickers keeps the newest of each market and counts the rest (R000-17)", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const release = yield* Latch.make();
        const seen: Array<StreamElement<Ticker>> = [];
        yield* subscriptions.events("ticker", [tickerKey(btc), tickerKey(eth)], { bufferSize: 2 }).pipe(
          Stream.runForEach((element) =>
            Effect.andThen(
              release.await,
              Effect.sync(() => void seen.push(element)),
            ),
          ),
          Effect.forkScoped({ startImmediately: true }),
        );
        yield* settle;
        exchange.socket.push(ticker(btc, 1, 1));
        yield* settle; // The consumer holds this one.
        for (let at = 2; at <= 10; at++) exchange.socket.push(ticker(btc, at, at));
        exchange.socket.push(ticker(eth, 100, 1));
        yield* release.open;
        yield* settle;
        assert.deepStrictEqual(prices(seen), [1, 10, 100]);
        assert.deepStrictEqual(
          seen.filter((element) => element._tag === "Dropped"),
          [{ _tag: "Dropped", count: 8 }],
        );
      }),
    );
  });

  it.effect("trades are never dropped in silence: a full buffer hands out what it holds and fails", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const release = yield* Latch.make();
        const seen: Array<string> = [];
        const fiber = yield* subscriptions.events("trades", [tradesKey(btc)], { bufferSize: 3 }).pipe(
          Stream.runForEach((element) =>
            Effect.andThen(
              release.await,
              Effect.sync(() => seen.push(element._tag === "Gap" ? `gap ${element.fromMs}-${element.toMs}` : element._tag)),
            ),
          ),
          Effect.flip,
          Effect.forkScoped({ startImmediately: true }),
        );
        yield* settle;
        exchange.socket.push(trade(btc, 1));
        yield* settle;
        for (let at = 2; at <= 10; at++) exchange.socket.push(trade(btc, at));
        yield* release.open;
        const error = yield* Fiber.join(fiber);
        assert.deepStrictEqual(seen, ["Live", "Live", "Live", "Live", "gap 4-5"]);
        assert.isTrue(error._tag === "SlowConsumer" && error.capacity === 3);
      }),
    );
  });

  it.effect("a stuck consumer delays neither the others nor the socket (R000-13)", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        yield* subscriptions.events("ticker", [tickerKey(btc)], {}).pipe(
          Stream.runForEach(() => Effect.never),
          Effect.forkScoped({ startImmediately: true }),
        );
        const quick = yield* collect("ticker", [tickerKey(btc)]);
        yield* settle;
        for (let at = 1; at <= 1_000; at++) {
          exchange.socket.push(ticker(btc, at, at));
          if (at % 100 === 0) yield* settle;
        }
        assert.deepStrictEqual(
          prices(quick.elements),
          Array.from({ length: 1_000 }, (_, at) => at + 1),
        );
      }),
    );
  });

  it.effect("a stream stays open for as long as it is read, and costs one message however much it brings (R000-12)", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const { elements, fiber } = yield* collect<"ticker">("ticker", [tickerKey(btc)]);
        yield* settle;
        for (let at = 1; at <= 500; at++) {
          exchange.socket.push(ticker(btc, at, at));
          yield* TestClock.adjust(7_000);
        }
        assert.deepStrictEqual(
          prices(elements),
          Array.from({ length: 500 }, (_, at) => at + 1),
        );
        assert.isUndefined(fiber.pollUnsafe());
        assert.deepStrictEqual([exchange.connects, exchange.socket.sent], [1, [["ticker:KRW-BTC"]]]);
      }),
    );
  });

  it.effect("leaving early gives the subscription back (R000-14)", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        yield* collect("ticker", [tickerKey(eth)]);
        const two = yield* subscriptions.events("ticker", [tickerKey(btc)], {}).pipe(Stream.take(2), Stream.runCollect, Effect.forkChild);
        yield* TestClock.adjust(50);
        exchange.socket.push(ticker(btc, 1, 1));
        exchange.socket.push(ticker(btc, 2, 2));
        assert.deepStrictEqual(prices(yield* Fiber.join(two)), [1, 2]);
        assert.strictEqual(subscriptions.status().wanted, 1);
        yield* TestClock.adjust(50);
        assert.deepStrictEqual(exchange.socket.sent.at(-1), ["ticker:KRW-ETH"]);
      }),
    );
  });

  it.effect("one that has failed, or whose own pull has crashed, gives its subscription back before its scope ends, and once", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const scope = yield* Scope.make();
        const open = <K extends Kind>(...wanted: Parameters<typeof subscriptions.events<K>>) =>
          Scope.provide(Stream.toPull(subscriptions.events(...wanted)), scope);
        const slow = yield* open("trades", [tradesKey(btc)], { bufferSize: 1 });
        const note = () => {
          throw new Error("a bug");
        };
        const crashing = yield* open("ticker", [tickerKey(btc)], {}, { note });
        // Another stream of the same: what is given back twice would be taken from it.
        yield* collect("trades", [tradesKey(btc)]);
        yield* collect("ticker", [tickerKey(btc)]);
        yield* TestClock.adjust(100);
        const { consumers } = yield* LiveLedger;
        assert.strictEqual(consumers.open, 4);
        exchange.socket.push(trade(btc, 1), trade(btc, 2), ticker(btc, 1, 1));
        assert.deepStrictEqual(
          (yield* slow).map(({ _tag }) => _tag),
          ["Live", "Gap"],
        );
        assert.strictEqual((yield* Effect.flip(slow))._tag, "SlowConsumer");
        assert.isTrue(Cause.hasDies(yield* Effect.flip(Effect.sandbox(crashing))));
        assert.strictEqual(consumers.open, 2);
        assert.strictEqual((yield* Effect.flip(slow))._tag, "SlowConsumer");
        yield* Scope.close(scope, Exit.void);
        assert.strictEqual(consumers.open, 2);
        assert.deepStrictEqual([subscriptions.wants(tradesKey(btc)), subscriptions.wants(tickerKey(btc))], [true, true]);
      }),
    );
  });

  it.effect("one that crashes ends alone, with its own defect (E12)", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const crashing = yield* subscriptions.events("ticker", [tickerKey(btc)], {}).pipe(
          Stream.runForEach((element) =>
            Effect.sync(() => {
              if (element._tag === "Live" && element.value.price.number === 2) throw new Error("a consumer's bug");
            }),
          ),
          Effect.exit,
          Effect.forkScoped({ startImmediately: true }),
        );
        const other = yield* collect("ticker", [tickerKey(btc)]);
        yield* settle;
        for (let at = 1; at <= 4; at++) {
          exchange.socket.push(ticker(btc, at, at));
          yield* settle;
        }
        const exit = yield* Fiber.join(crashing);
        assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause));
        assert.deepStrictEqual(prices(other.elements), [1, 2, 3, 4]);
        assert.strictEqual(exchange.connects, 1);
      }),
    );
  });

  it.effect("a repeated or older frame is given once (B24)", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const tickers = yield* collect("ticker", [tickerKey(btc)]);
        const trades = yield* collect("trades", [tradesKey(btc)]);
        yield* settle;
        exchange.socket.push(ticker(btc, 1, 10), ticker(btc, 1, 10), ticker(btc, 9, 5), ticker(btc, 2, 11));
        exchange.socket.push(trade(btc, 1, true), trade(btc, 1), trade(btc, 2), trade(btc, 1), trade(btc, 2));
        yield* settle;
        assert.deepStrictEqual(prices(tickers.elements), [1, 2]);
        assert.strictEqual(trades.elements.length, 2);
      }),
    );
  });

  it.effect("a consumer of a live ticker begins with the value known now", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        yield* collect("ticker", [tickerKey(btc)]);
        yield* settle;
        exchange.socket.push(ticker(btc, 4, 1));
        const late = yield* collect("ticker", [tickerKey(btc)]);
        yield* settle;
        assert.deepStrictEqual(prices(late.elements), [4]);
      }),
    );
  });

  it.effect("a book is subscribed at the greatest depth wanted, and each consumer sees its own", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const shallow = yield* collect("orderbook", [bookKey(btc, 3)]);
        yield* settle;
        exchange.socket.push(book(btc, 5, 1, true));
        const deep = yield* collect("orderbook", [bookKey(btc, 15)]);
        yield* TestClock.adjust(50);
        assert.deepStrictEqual(exchange.socket.sent, [["orderbook:KRW-BTC.5"], ["orderbook:KRW-BTC.15"]]);
        exchange.socket.push(book(btc, 5, 2));
        assert.deepStrictEqual([subscriptions.isLive(bookKey(btc, 5)), subscriptions.isLive(bookKey(btc, 15))], [true, false]);
        exchange.socket.push(book(btc, 15, 3));
        yield* settle;
        const depths = (elements: ReadonlyArray<StreamElement<Orderbook>>) =>
          elements.map((element) => (element._tag === "Live" ? element.value.asks.length : element._tag));
        assert.deepStrictEqual([depths(shallow.elements), depths(deep.elements)], [[3, 3, 3], [15]]);
        assert.isTrue(subscriptions.isLive(bookKey(btc, 15)));
      }),
    );
  });

  it.effect("a key the venue cannot stream is refused before any network use", () => {
    const exchange = new ScriptedExchange();
    exchange.unsupported.add(keyId(tickerKey(btc)));
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const error = yield* Effect.flip(Stream.runDrain(subscriptions.events("ticker", [tickerKey(btc)], {})));
        assert.strictEqual(error._tag, "InvalidRequest");
        assert.strictEqual((yield* Effect.flip(subscriptions.awaitLive(tickerKey(btc))))._tag, "InvalidRequest");
        yield* settle;
        assert.strictEqual(exchange.connects, 0);
      }),
    );
  });
});

describe("the end of the layer", () => {
  it.effect("closes the socket, ends every stream and waiter, and leaves no fiber (R001-16)", () =>
    Effect.gen(function* () {
      const exchange = new ScriptedExchange();
      const scope = yield* Scope.make();
      const subscriptions = yield* buildIn(exchange, scope);
      const stream = yield* subscriptions
        .events("ticker", [tickerKey(btc)], {})
        .pipe(Stream.runDrain, Effect.flip, Effect.forkChild({ startImmediately: true }));
      const waiter = yield* subscriptions.awaitLive(tickerKey(eth)).pipe(Effect.flip, Effect.forkChild({ startImmediately: true }));
      yield* settle;
      assert.isTrue(subscriptions.connected());
      yield* Scope.close(scope, Exit.void);
      yield* Scope.close(scope, Exit.void);
      assert.deepStrictEqual([(yield* Fiber.join(stream))._tag, (yield* Fiber.join(waiter))._tag], ["Closed", "Closed"]);
      assert.isTrue(exchange.socket.closed);
      assert.strictEqual(subscriptions.status().state, "closed");
      // Nothing is left that could sleep, ping or reconnect: a day passes and nothing happens.
      yield* TestClock.adjust("1 day");
      assert.deepStrictEqual([exchange.connects, exchange.socket.pings], [1, 0]);
      assert.strictEqual((yield* Effect.flip(subscriptions.awaitLive(tickerKey(btc))))._tag, "Closed");
      assert.strictEqual((yield* Effect.flip(Stream.runDrain(subscriptions.events("ticker", [tickerKey(btc)], {}))))._tag, "Closed");
    }),
  );
});
