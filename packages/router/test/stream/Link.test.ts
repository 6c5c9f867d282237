import { assert, describe, it } from "@effect/vitest";
import { Effect, Fiber, Layer, Random, Stream } from "effect";
import { TestClock } from "effect/testing";
import type { StreamElement } from "../../src/domain/StreamElement.ts";
import { Decimal } from "../../src/domain/Decimal.ts";
import type { Market } from "../../src/domain/Market.ts";
import { DecodeError, InvalidRequest } from "../../src/errors/MarketDataError.ts";
import { type LinkEvent, LinkObserver, Subscriptions } from "../../src/stream/Subscriptions.ts";
import { btc, eth, ScriptedExchange, type ScriptedSocket, ticker, tickerKey } from "./exchange.ts";

const settle = TestClock.adjust(0);

/** A ticker stream in the background, as the tags and reasons of its elements. */
const watch = Effect.gen(function* () {
  const subscriptions = yield* Subscriptions;
  const elements: Array<StreamElement<unknown>> = [];
  yield* subscriptions.events("ticker", [tickerKey(btc)], {}).pipe(
    Stream.runForEach((element) => Effect.sync(() => elements.push(element))),
    Effect.forkScoped({ startImmediately: true }),
  );
  yield* settle;
  return elements;
});

describe("the link watchdog", () => {
  it.effect("a silent peer is pinged after 10 s and dropped at 15 s and a second look, and nothing is live in the same step (B01)", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const elements = yield* watch;
        exchange.socket.answersPings = false;
        exchange.socket.push(ticker(btc, 1, 1));
        const dead = exchange.socket;
        yield* TestClock.adjust(9_999);
        assert.strictEqual(dead.pings, 0);
        yield* TestClock.adjust(1);
        assert.strictEqual(dead.pings, 1);
        yield* TestClock.adjust(5_019);
        assert.deepStrictEqual([dead.terminated, subscriptions.isLive(tickerKey(btc))], [false, true]);
        yield* TestClock.adjust(1);
        assert.deepStrictEqual([dead.terminated, subscriptions.isLive(tickerKey(btc))], [true, false]);
        assert.deepInclude(elements.at(-1), { _tag: "Reconnecting", attempt: 1, reason: "silent for 15020 ms" });
        yield* TestClock.adjust(500);
        assert.deepInclude(elements.at(-1), { _tag: "Resumed" });
        assert.deepStrictEqual([exchange.connects, subscriptions.status().state], [2, "open"]);
      }),
    );
  });

  it.effect("a peer that never answers pings but sends data is alive (B02)", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        yield* watch;
        exchange.socket.answersPings = false;
        for (let at = 1; at <= 20; at++) {
          yield* TestClock.adjust(14_000);
          exchange.socket.push(ticker(btc, at, at));
        }
        assert.strictEqual(exchange.connects, 1);
        assert.strictEqual(exchange.socket.pings, 20);
      }),
    );
  });

  it.effect("a link that carries a quiet market is not held to the rhythm of the busy one that its last life carried", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const follow = (of: Market) =>
          subscriptions.events("ticker", [tickerKey(of)], {}).pipe(Stream.runDrain, Effect.forkScoped({ startImmediately: true }));
        const busy = yield* follow(btc);
        yield* settle;
        for (let at = 1; at <= 40; at++) {
          yield* TestClock.adjust(200);
          exchange.socket.push(ticker(btc, at, at));
        }
        yield* Fiber.interrupt(busy);
        yield* TestClock.adjust(60_000);
        assert.strictEqual(subscriptions.status().state, "idle");
        yield* follow(eth);
        yield* settle;
        assert.strictEqual(exchange.connects, 2);
        exchange.socket.push(ticker(eth, 1, 1, true));
        yield* TestClock.adjust(10_000);
        assert.strictEqual(exchange.socket.pings, 1);
        // The pong proves the quiet market's price.
        const proved = subscriptions.confirmedNanos(tickerKey(eth)) ?? 0n;
        assert.strictEqual(proved, yield* Effect.clockWith((clock) => Effect.succeed(clock.monotonicTimeNanosUnsafe())));
      }),
    );
  });

  it.effect("an upgrade that is never answered is given up after its time", () => {
    const exchange = new ScriptedExchange();
    exchange.upgrades.push("hang");
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const waiting = yield* subscriptions.awaitLive(tickerKey(btc)).pipe(Effect.flip, Effect.forkChild({ startImmediately: true }));
        yield* TestClock.adjust(5_000);
        const error = yield* Fiber.join(waiting);
        assert.isTrue(error._tag === "TimeoutError" && error.phase === "upgrade");
        yield* TestClock.adjust(500);
        assert.isTrue(subscriptions.connected());
      }),
    );
  });
});

describe("refusals", () => {
  it.effect("a refused upgrade waits as long as the refusal says, and the waiter gets its meaning (B05)", () => {
    const exchange = new ScriptedExchange();
    exchange.upgrades.push({ status: 429 }, { status: 429 });
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const waiting = yield* subscriptions.awaitLive(tickerKey(btc)).pipe(Effect.flip, Effect.forkChild({ startImmediately: true }));
        yield* settle;
        assert.deepInclude(yield* Fiber.join(waiting), { _tag: "RateLimited", scope: "socket-connect" });
        assert.strictEqual(subscriptions.status().state, "waiting");
        yield* TestClock.adjust(999);
        assert.strictEqual(exchange.connects, 1);
        yield* TestClock.adjust(1_001);
        assert.strictEqual(exchange.connects, 2);
        yield* TestClock.adjust(2_000);
        assert.deepStrictEqual([exchange.connects, subscriptions.status().state], [3, "open"]);
      }),
    );
  });

  it.effect("a ban closes the gate of the whole host for its time", () => {
    const exchange = new ScriptedExchange();
    exchange.upgrades.push({ status: 418 });
    return exchange.run(
      Effect.gen(function* () {
        yield* watch;
        assert.strictEqual(exchange.blockedMs, 60_000);
        yield* TestClock.adjust(59_999);
        assert.strictEqual(exchange.connects, 1);
        yield* TestClock.adjust(1_001);
        assert.strictEqual(exchange.connects, 2);
      }),
    );
  });

  it.effect("an exchange out of reach fails neither the layer nor a stream, and is tried again", () => {
    const exchange = new ScriptedExchange();
    exchange.upgrades.push("unreachable", { status: 503 });
    return exchange.run(
      Effect.gen(function* () {
        const elements = yield* watch;
        yield* TestClock.adjust(2_000);
        exchange.socket.push(ticker(btc, 1, 1));
        yield* settle;
        assert.deepStrictEqual(
          elements.map((element) => element._tag),
          ["Reconnecting", "Reconnecting", "Resumed", "Live"],
        );
        assert.deepStrictEqual(
          elements.flatMap((element) => (element._tag === "Reconnecting" ? [element.attempt] : [])),
          [1, 2],
        );
      }),
    );
  });

  it.effect("a key that is refused twice in a row fails its own stream; others go on", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const elements = yield* watch;
        exchange.socket.push(ticker(btc, 1, 1));
        const bad = yield* subscriptions
          .events("ticker", [tickerKey(eth)], {})
          .pipe(Stream.runDrain, Effect.flip, Effect.forkScoped({ startImmediately: true }));
        const error = new InvalidRequest({ field: "request", input: "", reason: "INVALID_PARAM", name: "INVALID_PARAM" });
        yield* TestClock.adjust(50);
        exchange.socket.push({ _tag: "Failure", error });
        yield* TestClock.adjust(500);
        assert.deepStrictEqual(exchange.socket.sent, [["ticker:KRW-BTC", "ticker:KRW-ETH"]]);
        exchange.socket.push(ticker(btc, 2, 2), { _tag: "Failure", error });
        assert.strictEqual(yield* Fiber.join(bad), error);
        yield* TestClock.adjust(4_999);
        assert.strictEqual(exchange.connects, 2);
        yield* TestClock.adjust(1);
        assert.strictEqual(exchange.connects, 3);
        assert.deepStrictEqual(exchange.socket.sent, [["ticker:KRW-BTC"]]);
        assert.strictEqual(elements.at(-1)?._tag, "Resumed");
      }),
    );
  });
});

describe("reconnecting", () => {
  it.effect("accept-then-close loops slow down, whatever the dice say (B17)", () =>
    Effect.gen(function* () {
      for (let seed = 0; seed < 50; seed++) {
        const exchange = new ScriptedExchange();
        const connectsAt: Array<number> = [];
        let minute = 0;
        const hangUp = (socket: ScriptedSocket) => {
          connectsAt.push(minute);
          socket.push(ticker(btc, 1, 1));
          socket.close(1006);
        };
        // Before the upgrade is reported, or after the subscription and a data frame.
        if (seed % 2 === 0) exchange.onSocket = hangUp;
        else exchange.onSend = hangUp;
        yield* exchange
          .run(
            Effect.gen(function* () {
              yield* watch;
              for (minute = 0; minute < 10; minute++) yield* TestClock.adjust("1 minute");
              assert.isFalse((yield* Subscriptions).connected());
            }),
          )
          .pipe(Random.withSeed(seed));
        const inMinute = (at: number) => connectsAt.filter((when) => when === at).length;
        assert.isAtMost(inMinute(0), 12, `seed ${seed}`);
        const later = connectsAt.filter((when) => when > 0).length / 9;
        assert.isAtMost(later, 3.5, `seed ${seed}`);
        assert.isAtLeast(connectsAt.length, 20, `seed ${seed}`);
      }
    }),
  );

  it.effect("the delay starts from the bottom again only after a stable link that brought data", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const elements = yield* watch;
        const attempts = () => elements.flatMap((element) => (element._tag === "Reconnecting" ? [element.attempt] : []));
        const breakAfter = Effect.fnUntraced(function* (ms: number, data: boolean) {
          if (data) exchange.socket.push(ticker(btc, 1, 1));
          yield* TestClock.adjust(ms);
          exchange.socket.close();
          yield* TestClock.adjust(30_000);
          assert.isTrue(subscriptions.connected());
        });
        yield* breakAfter(1_000, true);
        yield* breakAfter(1_000, true);
        yield* breakAfter(120_000, false);
        yield* breakAfter(120_000, true);
        assert.deepStrictEqual(attempts(), [1, 2, 3, 1]);
      }),
    );
  });

  it.effect("a restart announced by the exchange is given 5 to 30 s", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        yield* watch;
        exchange.socket.close(1012, "service restart");
        yield* TestClock.adjust(4_999);
        assert.strictEqual(exchange.connects, 1);
        yield* TestClock.adjust(25_001);
        assert.strictEqual(exchange.connects, 2);
      }),
    );
  });

  it.effect("unreadable frames cost themselves; too many of them cost the link (B22)", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const elements = yield* watch;
        const bad = { _tag: "Undecodable", error: new DecodeError({ stage: "json", path: "", detail: "torn" }) } as const;
        for (let at = 0; at < 30; at++) {
          exchange.socket.push(bad, ticker(btc, at, at));
          yield* TestClock.adjust(1_100);
        }
        assert.deepStrictEqual([exchange.connects, elements.length], [1, 30]);
        for (let at = 0; at < 11; at++) exchange.socket.push(bad);
        assert.deepStrictEqual([subscriptions.connected(), subscriptions.status().lastClose?.startsWith("DecodeError")], [false, true]);
      }),
    );
  });

  it.effect("tickers of markets in which nobody ever traded, however many, are no unreadable frames", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const elements = yield* watch;
        for (let at = 0; at < 60; at++) exchange.socket.push({ _tag: "Untraded", market: btc });
        exchange.socket.push(ticker(btc, 1, 1));
        yield* TestClock.adjust(1_100);
        assert.deepStrictEqual([subscriptions.connected(), exchange.connects, elements.length], [true, 1, 1]);
      }),
    );
  });

  it.effect(
    "after an unreadable frame the same subscription is sent again for its snapshots, and not oftener than every five seconds",
    () => {
      const exchange = new ScriptedExchange();
      return exchange.run(
        Effect.gen(function* () {
          yield* watch;
          const bad = { _tag: "Undecodable", error: new DecodeError({ stage: "json", path: "", detail: "torn" }), lost: {} } as const;
          const { sent } = exchange.socket;
          assert.strictEqual(sent.length, 1);
          exchange.socket.push(ticker(btc, 1, 1), bad, bad);
          yield* TestClock.adjust(499);
          assert.strictEqual(sent.length, 1);
          yield* TestClock.adjust(1);
          assert.deepStrictEqual(sent, [sent[0], sent[0]]);
          exchange.socket.push(bad);
          yield* TestClock.adjust(4_999);
          assert.strictEqual(sent.length, 2);
          yield* TestClock.adjust(1);
          assert.strictEqual(sent.length, 3);
          // What is not about the market is no reason.
          exchange.socket.push({ _tag: "Undecodable", error: bad.error });
          yield* TestClock.adjust("9 seconds");
          assert.strictEqual(sent.length, 3);
        }),
      );
    },
  );

  it.effect("every change of state is told once, with its reason", () => {
    const exchange = new ScriptedExchange();
    const events: Array<LinkEvent> = [];
    return Effect.gen(function* () {
      yield* exchange.run(
        Effect.gen(function* () {
          yield* watch;
          yield* TestClock.adjust(1_000);
          exchange.socket.close(1001);
          yield* TestClock.adjust(500);
        }),
      );
      assert.deepStrictEqual(
        events.map(({ state, reason }) => [state, reason]),
        [
          ["connecting", null],
          ["open", null],
          ["waiting", "closed 1001"],
          ["connecting", null],
          ["open", null],
          ["closed", null],
        ],
      );
      assert.strictEqual(events[2]?.atNanos, 1_000_000_000n);
    }).pipe(Effect.provide(Layer.succeed(LinkObserver, (event: LinkEvent) => void events.push(event))));
  });
});

it.effect("prices on the wire stay exact to the last digit", () => {
  const exchange = new ScriptedExchange();
  return exchange.run(
    Effect.gen(function* () {
      const elements = yield* watch;
      const message = ticker(btc, 1, 1);
      if (message._tag !== "Ticker") return assert.fail();
      exchange.socket.push({ ...message, value: { ...message.value, price: Decimal.of("1234567890123456.789") } });
      yield* settle;
      const [element] = elements;
      assert.isTrue(element?._tag === "Live");
      if (element?._tag === "Live") assert.strictEqual(String((element.value as { price: Decimal }).price), "1234567890123456.789");
    }),
  );
});

it.effect("a decoder that crashes ends its link, not the process", () => {
  const exchange = new ScriptedExchange();
  return exchange.run(
    Effect.gen(function* () {
      const elements = yield* watch;
      exchange.socket.push(ticker(btc, 1, 1));
      // The scripted venue throws on a frame that nobody sent.
      assert.doesNotThrow(() => exchange.socket.handlers.onFrame("never sent"));
      yield* settle;
      assert.deepInclude(elements.at(-1), { _tag: "Reconnecting", attempt: 1 });
      yield* TestClock.adjust(500);
      assert.deepInclude(elements.at(-1), { _tag: "Resumed" });
    }),
  );
});

it.effect("every connect that was granted is told to be over, with a socket or without", () => {
  const exchange = new ScriptedExchange();
  exchange.upgrades.push({ status: 503 }, "unreachable", "accept");
  return exchange.run(
    Effect.gen(function* () {
      yield* watch;
      yield* TestClock.adjust("1 minute");
      assert.deepStrictEqual(exchange.ended, [false, false, true]);
    }),
  );
});
