/** How a link ends and comes back, by close code, by silence and at every step of its way up. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Exit, Fiber, Logger, Random, Scope, Stream } from "effect";
import { TestClock } from "effect/testing";
import type { StreamElement } from "../../src/domain/StreamElement.ts";
import type { StreamKey } from "../../src/domain/StreamKey.ts";
import type { Trade } from "../../src/domain/Trade.ts";
import { type LinkEvent, LinkObserver, Subscriptions } from "../../src/stream/Subscriptions.ts";
import { btc, buildIn, eth, market, ScriptedExchange, shortId, ticker, tickerKey, trade, tradeRow, tradesKey } from "./exchange.ts";

const settle = TestClock.adjust(0);

const follow = Effect.fnUntraced(function* (kind: "ticker" | "trades", keys: ReadonlyArray<StreamKey>) {
  const subscriptions = yield* Subscriptions;
  const elements: Array<StreamElement<unknown>> = [];
  yield* subscriptions.events(kind, keys, {}).pipe(
    Stream.runForEach((element: StreamElement<unknown>) => Effect.sync(() => elements.push(element))),
    Effect.forkScoped({ startImmediately: true }),
  );
  yield* settle;
  return elements;
});

const tagsOf = (elements: ReadonlyArray<StreamElement<unknown>>) => elements.map(({ _tag }) => _tag);

/** How exactly waits are measured, in milliseconds. */
const stepMs = 50;

/** How long after `code`, met so often in a row, the router connects again, for some throws of the dice. */
const delaysAfter = (code: number, times: number) =>
  Effect.forEach(
    Array.from({ length: 12 }, (_, seed) => seed),
    (seed) => {
      const exchange = new ScriptedExchange();
      return exchange
        .run(
          Effect.gen(function* () {
            yield* follow("ticker", [tickerKey(btc)]);
            let delayMs = 0;
            for (let time = 0; time < times; time++) {
              const { connects } = exchange;
              exchange.socket.close(code);
              for (delayMs = 0; exchange.connects === connects; delayMs += stepMs) yield* TestClock.adjust(stepMs);
            }
            return delayMs;
          }),
        )
        .pipe(Random.withSeed(seed));
    },
  );

const within = (delays: ReadonlyArray<number>, fromMs: number, toMs: number): void => {
  for (const delay of delays) assert.isTrue(delay >= fromMs && delay <= toMs + stepMs, `${delay} ms`);
  // Spread over the range, or clients that fell together would come back together.
  assert.isAbove(Math.max(...delays) - Math.min(...delays), (toMs - fromMs) / 3);
};

describe("a close", () => {
  it.effect("by 1000 or 1001 is ordinary: back within half a second, no alarm, and the trades in between are read back (B08)", () => {
    const alarms: Array<unknown> = [];
    const logger = Logger.make(({ message, logLevel }) => void (logLevel !== "Info" && alarms.push(message)));
    return Effect.gen(function* () {
      for (const code of [1000, 1001]) {
        within(yield* delaysAfter(code, 1), 0, 500);
        const exchange = new ScriptedExchange();
        exchange.rest = () => Effect.succeed([3, 2, 1].map((id) => tradeRow(btc, id)));
        yield* exchange.run(
          Effect.gen(function* () {
            const elements = yield* follow("trades", [tradesKey(btc)]);
            exchange.socket.push(trade(btc, 1));
            exchange.socket.close(code);
            yield* TestClock.adjust(500);
            exchange.socket.push(trade(btc, 3, true));
            exchange.socket.push(trade(btc, 4));
            yield* TestClock.adjust(5_000);
            const ids = elements.flatMap((element) =>
              element._tag === "Live" || element._tag === "Recovered" ? [shortId(element.value as Trade)] : [],
            );
            assert.deepStrictEqual(ids, [1, 2, 3, 4]);
            assert.notInclude(tagsOf(elements), "Gap");
          }),
        );
      }
      assert.deepStrictEqual(alarms, []);
    }).pipe(Effect.provide(Logger.layer([logger])));
  });

  it.effect("without a close frame is known in the same step, and nothing is asked of the dead socket (B09)", () => {
    const exchange = new ScriptedExchange();
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        const elements = yield* follow("ticker", [tickerKey(btc), tickerKey(eth)]);
        const dead = exchange.socket;
        dead.push(ticker(btc, 1, 1), ticker(eth, 1, 1));
        dead.close(1006, "read ECONNRESET");
        assert.deepStrictEqual([subscriptions.isLive(tickerKey(btc)), subscriptions.isLive(tickerKey(eth))], [false, false]);
        assert.deepStrictEqual([subscriptions.connected(), subscriptions.status().state], [false, "waiting"]);
        assert.isUndefined(subscriptions.confirmedNanos(tickerKey(btc)));
        yield* settle;
        assert.deepInclude(elements.at(-1), { _tag: "Reconnecting", attempt: 1, reason: "closed 1006: read ECONNRESET" });
        yield* TestClock.adjust(500);
        assert.deepStrictEqual([dead.pings, dead.sent.length, exchange.connects], [0, 1, 2]);
      }),
    );
  });

  it.effect("without a close frame waits no longer than an ordinary one", () =>
    Effect.map(delaysAfter(1006, 1), (delays) => within(delays, 0, 500)),
  );

  it.effect("by a crash of the server waits from the bottom, and longer every time (B12)", () =>
    Effect.gen(function* () {
      within(yield* delaysAfter(1011, 1), 0, 500);
      within(yield* delaysAfter(1011, 3), 0, 2_000);
      within(yield* delaysAfter(1011, 6), 8_000, 16_000);
    }),
  );

  it.effect("by a restart is given five to thirty seconds, in which waiting reads are sent to REST at once (B13)", () =>
    Effect.gen(function* () {
      within(yield* delaysAfter(1012, 1), 5_000, 30_000);
      const exchange = new ScriptedExchange();
      yield* exchange.run(
        Effect.gen(function* () {
          const subscriptions = yield* Subscriptions;
          yield* follow("ticker", [tickerKey(btc)]);
          exchange.socket.close(1012, "service restart");
          yield* settle;
          const exit = yield* Effect.exit(subscriptions.awaitLive(tickerKey(btc)));
          assert.isTrue(Exit.isFailure(exit));
          assert.strictEqual(exchange.connects, 1);
        }),
      );
    }),
  );

  it.effect("by overload waits five seconds and more, and then asks for everything in one message (B14)", () =>
    Effect.gen(function* () {
      within(yield* delaysAfter(1013, 1), 5_000, 10_000);
      const exchange = new ScriptedExchange();
      yield* exchange.run(
        Effect.gen(function* () {
          yield* follow("ticker", [tickerKey(btc)]);
          yield* follow("trades", [tradesKey(eth)]);
          yield* TestClock.adjust(100);
          exchange.socket.close(1013);
          yield* TestClock.adjust(11_000);
          assert.deepStrictEqual(exchange.socket.sent, [["ticker:KRW-BTC", "trades:KRW-ETH"]]);
        }),
      );
    }),
  );

  it.effect("because our message is too big splits the set over sockets, and no message is sent twice (B11)", () => {
    const exchange = new ScriptedExchange();
    const refused: Array<string> = [];
    const sent: Array<string> = [];
    exchange.onSend = (socket) => {
      const codes = socket.sent.at(-1) ?? [];
      sent.push(codes.join());
      if (codes.length > 40) {
        refused.push(codes.join());
        return socket.close(1009, "message too big");
      }
      for (const code of codes) socket.push(ticker(market(code.slice("ticker:".length)), 1, 1, true));
    };
    const keys = Array.from({ length: 100 }, (_, at) => tickerKey(market(`KRW-A${at}`)));
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        yield* follow("ticker", keys);
        yield* TestClock.adjust("1 minute");
        assert.isTrue(keys.every((key) => subscriptions.isLive(key)));
        assert.isAbove(refused.length, 0);
        assert.strictEqual(new Set(refused).size, refused.length);
        // Afterwards every socket keeps its part: nothing is closed and nothing is asked for again.
        const { connects } = exchange;
        const messages = sent.length;
        yield* TestClock.adjust("5 minutes");
        assert.deepStrictEqual([exchange.connects, sent.length], [connects, messages]);
      }),
      { maxSockets: 8, keySilenceMs: 600_000 },
    );
  });
});

it.effect(
  "a socket that nobody wants any more is not said to be open while its close takes its time, and whoever comes then gets a new one",
  () => {
    const exchange = new ScriptedExchange();
    exchange.closeTakesMs = 1_000;
    return exchange.run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        subscriptions.open();
        yield* TestClock.adjust(60_000);
        assert.deepStrictEqual([exchange.socket.closed, subscriptions.connected(), subscriptions.status().state], [false, false, "idle"]);
        const elements = yield* follow("ticker", [tickerKey(btc)]);
        yield* TestClock.adjust(999);
        assert.strictEqual(exchange.connects, 1);
        yield* TestClock.adjust(1);
        assert.deepStrictEqual([exchange.connects, exchange.socket.sent], [2, [["ticker:KRW-BTC"]]]);
        exchange.socket.push(ticker(btc, 1, 1));
        yield* settle;
        assert.deepStrictEqual(tagsOf(elements), ["Live"]);
      }).pipe(
        // The end of the test is not waited for.
        Effect.ensuring(
          Effect.sync(() => {
            exchange.closeTakesMs = 0;
          }),
        ),
      ),
    );
  },
);

describe("a drop", () => {
  /** Where on its way up the link is dropped, as the script does it. */
  const steps: ReadonlyArray<readonly [step: string, drop: (exchange: ScriptedExchange, times: number) => void]> = [
    ["while connecting", (exchange, times) => exchange.upgrades.push(...Array.from({ length: times }, () => "unreachable" as const))],
    ["by an upgrade that hangs", (exchange, times) => exchange.upgrades.push(...Array.from({ length: times }, () => "hang" as const))],
    ["by a refused upgrade", (exchange, times) => exchange.upgrades.push(...Array.from({ length: times }, () => ({ status: 503 })))],
    [
      "before the upgrade is told",
      (exchange, times) => {
        exchange.onSocket = (socket) => (exchange.connects <= times ? socket.close() : undefined);
      },
    ],
    [
      "before the first frame",
      (exchange, times) => {
        exchange.onSend = (socket) => (exchange.connects <= times ? socket.close() : undefined);
      },
    ],
    [
      "after the first frame",
      (exchange, times) => {
        exchange.onSend = (socket) => {
          socket.push(ticker(btc, exchange.connects, exchange.connects));
          if (exchange.connects <= times) socket.close();
        };
      },
    ],
    [
      "while a send waits",
      (exchange, times) => {
        exchange.onSocket = (socket) => {
          socket.stuck = exchange.connects <= times;
        };
      },
    ],
  ];

  it.effect(
    "at any step, again and again, never keeps the link from coming back, and a close by the user wins at once and for ever (B19)",
    () =>
      Effect.gen(function* () {
        for (const [step, drop] of steps) {
          const back = new ScriptedExchange();
          drop(back, 4);
          yield* back.run(
            Effect.gen(function* () {
              const subscriptions = yield* Subscriptions;
              const elements = yield* follow("ticker", [tickerKey(btc)]);
              yield* TestClock.adjust("1 minute");
              back.socket.push(ticker(btc, 99, 99));
              yield* settle;
              assert.isTrue(subscriptions.isLive(tickerKey(btc)), step);
              assert.deepStrictEqual(tagsOf(elements).slice(-1), ["Live"], step);
              // However often it was told to be down, it is told once to be back.
              const changes = tagsOf(elements).filter((tag) => tag !== "Live");
              const shape = changes.filter((tag, at) => tag !== changes[at - 1]);
              assert.strictEqual(shape.at(-1), "Resumed", step);
            }),
          );
          // Closed by the user at many moments of the same way.
          for (let closeAtMs = 0; closeAtMs <= 7_000; closeAtMs += 700) {
            const exchange = new ScriptedExchange();
            drop(exchange, 1_000);
            const scope = yield* Scope.make();
            const subscriptions = yield* buildIn(exchange, scope);
            const stream = yield* subscriptions
              .events("ticker", [tickerKey(btc)], {})
              .pipe(Stream.runDrain, Effect.flip, Effect.forkChild({ startImmediately: true }));
            yield* TestClock.adjust(closeAtMs);
            yield* Scope.close(scope, Exit.void);
            assert.strictEqual((yield* Fiber.join(stream))._tag, "Closed", step);
            const { connects } = exchange;
            yield* TestClock.adjust("10 minutes");
            assert.deepStrictEqual([exchange.connects, subscriptions.status().state], [connects, "closed"], step);
            assert.isTrue(
              exchange.sockets.every((socket) => socket.closed),
              step,
            );
          }
        }
      }),
  );
});

describe("a network that is away for a while", () => {
  /** The network is away from now on for so long: bytes and pongs do not come, connects hang. Returns how long after its return all is well. */
  const away = Effect.fnUntraced(function* (exchange: ScriptedExchange, forMs: number) {
    const subscriptions = yield* Subscriptions;
    yield* follow("ticker", [tickerKey(btc)]);
    exchange.socket.push(ticker(btc, 1, 1));
    exchange.socket.answersPings = false;
    const { socket } = exchange;
    let goneMs: number | undefined;
    let away = true;
    exchange.upgrades.push(...Array.from({ length: 1_000 }, () => "hang" as const));
    for (let atMs = 0; atMs < forMs; atMs += 100) {
      yield* TestClock.adjust(100);
      if (!subscriptions.isLive(tickerKey(btc))) goneMs ??= atMs + 100;
    }
    away = false;
    exchange.upgrades.length = 0;
    socket.answersPings = true;
    for (let atMs = 0; atMs <= 60_000; atMs += 100) {
      if (subscriptions.connected() && exchange.socket.sent.length > 0) {
        exchange.socket.push(ticker(btc, 2, 2));
        return { goneMs, backMs: atMs };
      }
      yield* TestClock.adjust(100);
    }
    return assert.fail(`not back in a minute, ${String(away)}`);
  });

  it.effect("is found after fifteen seconds, tried one attempt at a time, and used again soon after it is back (B20)", () =>
    Effect.gen(function* () {
      for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
        const short = new ScriptedExchange();
        const five = yield* short.run(away(short, 5_000)).pipe(Random.withSeed(seed));
        assert.deepStrictEqual([five.goneMs, five.backMs, short.connects], [undefined, 0, 1]);
        for (const forMs of [60_000, 600_000]) {
          const exchange = new ScriptedExchange();
          const { goneMs, backMs } = yield* exchange.run(away(exchange, forMs)).pipe(Random.withSeed(seed));
          assert.isAtLeast(goneMs ?? Number.NaN, 15_000);
          assert.isAtMost(goneMs ?? Number.NaN, 15_100);
          // A hanging attempt takes five seconds, and the longest wait is thirty.
          assert.isAtMost(backMs, 35_000);
          assert.isAtMost(exchange.connects, 2 + forMs / 5_000);
        }
      }
    }),
  );

  it.effect("is tried for ever, with waits that double up to half a minute (R004-33)", () => {
    const exchange = new ScriptedExchange();
    const triedAt: Array<number> = [];
    exchange.upgrades.push(...Array.from({ length: 10_000 }, () => "unreachable" as const));
    return exchange
      .run(
        Effect.gen(function* () {
          yield* follow("ticker", [tickerKey(btc)]);
          for (let second = 0; second < 7_200; second++) {
            while (triedAt.length < exchange.connects) triedAt.push(second);
            yield* TestClock.adjust(1_000);
          }
          const waits = triedAt.slice(1).map((at, index) => at - triedAt[index]!);
          assert.isAtMost(Math.max(...waits), 31);
          waits.slice(0, 6).forEach((wait, index) => assert.isAtMost(wait, 1 + 0.5 * 2 ** index));
          const later = waits.slice(10);
          const mean = later.reduce((sum, wait) => sum + wait, 0) / later.length;
          // At the ceiling between a quarter of a minute and half of one.
          assert.approximately(mean, 22.5, 3);
          exchange.upgrades.length = 0;
          yield* TestClock.adjust(30_000);
          assert.isTrue((yield* Subscriptions).connected());
        }),
      )
      .pipe(Random.withSeed(5));
  });

  it.effect(
    "a quiet link is pinged so often that an exchange which closes idle ones after two minutes keeps it for hours (R004-32)",
    () => {
      const exchange = new ScriptedExchange();
      return exchange.run(
        Effect.gen(function* () {
          yield* follow("ticker", [tickerKey(btc)]);
          const { socket } = exchange;
          socket.push(ticker(btc, 1, 1));
          let seen = 0;
          let idleSeconds = 0;
          for (let second = 0; second < 3 * 3_600; second++) {
            yield* TestClock.adjust(1_000);
            idleSeconds = socket.pings + socket.sent.length > seen ? 0 : idleSeconds + 1;
            seen = socket.pings + socket.sent.length;
            if (idleSeconds >= 60) socket.close(1001, "idle");
          }
          assert.strictEqual(exchange.connects, 1);
          socket.answersPings = false;
          socket.listed = undefined;
          yield* TestClock.adjust(16_000);
          assert.deepStrictEqual([socket.terminated, exchange.connects], [true, 2]);
        }),
      );
    },
  );
});

it.effect("both edges of the link are told in the very step, and whoever asks then sees what was told (R003-09)", () => {
  const exchange = new ScriptedExchange();
  const told: Array<readonly [state: string, connected: boolean]> = [];
  let connected = () => false;
  const observer = ({ state }: LinkEvent) => void told.push([state, connected()]);
  return exchange
    .run(
      Effect.gen(function* () {
        const subscriptions = yield* Subscriptions;
        connected = subscriptions.connected;
        yield* follow("ticker", [tickerKey(btc)]);
        for (let turn = 0; turn < 3; turn++) {
          exchange.socket.close(1006);
          assert.deepStrictEqual([told.at(-1), subscriptions.connected()], [["waiting", false], false]);
          yield* TestClock.adjust(2_000);
          assert.deepStrictEqual([told.at(-1), subscriptions.connected()], [["open", true], true]);
        }
        assert.deepStrictEqual(
          told.map(([state]) => state),
          ["connecting", "open", ...Array.from({ length: 3 }, () => ["waiting", "connecting", "open"]).flat()],
        );
      }),
    )
    .pipe(Effect.provideService(LinkObserver, observer));
});
