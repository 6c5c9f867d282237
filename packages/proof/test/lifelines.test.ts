/** Single parts taken away: whatever it is, questions go on to be answered, and what answers says who it is. In virtual time. */
import { assert, describe, it } from "@effect/vitest";
import { DirectSocket } from "@naru/router/direct/DirectSocket";
import type { Ticker } from "@naru/router/domain/Ticker";
import type { Market } from "@naru/router/domain/Market";
import { Cache } from "@naru/router/cache/Cache";
import { ModeControl } from "@naru/router/fallback/ModeControl";
import { getCandles, getOrderbook, getTicker, getTrades, health, streamOrderbook, streamTicker } from "@naru/router/MarketData";
import type { Transport } from "@naru/router/transport/Transport";
import { Exchange, Sim } from "@naru/sim";
import { Effect, Exit, Fiber, Layer, Logger, Metric, References, Stream } from "effect";
import { TestClock } from "effect/testing";
import { BrokenRouter } from "./BrokenRouter.ts";

const direct = "direct_rest_fallback";
const btc = "KRW-BTC" as Market;

const answered = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true });
    for (let waited = 0; fiber.pollUnsafe() === undefined && waited < 10_000; waited += 10) yield* TestClock.adjust("10 millis");
    return yield* Fiber.join(fiber);
  });

describe("any single part", () => {
  const parts = {
    "the socket": Effect.andThen(Sim.refuseUpgrades("10 minutes"), Sim.cutSockets),
    "the REST group of tickers": Sim.failRest("/v1/ticker", "reset", 1_000_000),
    "the cache": Effect.map(Cache, ({ hot }) => {
      const broken = () => {
        throw new Error("a broken cache");
      };
      Object.assign(hot, { get: broken, put: broken });
    }),
  };
  for (const [part, loss] of Object.entries(parts)) {
    it.effect(`may fail: without ${part} tickers are still answered, fresh${part === "the cache" ? " (R000-26)" : ""}`, () =>
      Effect.gen(function* () {
        yield* Effect.forkChild(Stream.runDrain(Stream.merge(streamTicker("KRW-BTC"), streamOrderbook("KRW-BTC"))));
        yield* TestClock.adjust("5 seconds");
        yield* loss;
        for (let call = 0; call < 10; call++) {
          const { provenance } = yield* answered(getTicker("KRW-BTC"));
          assert.isFalse(provenance.stale);
          yield* TestClock.adjust("1 second");
        }
      }).pipe(Effect.provide(Sim.layerTest({ seed: 41 }))),
    );
  }
});

describe("a tier that works but is slow", () => {
  it.effect(
    "costs no answer: the direct client starts beside it, the first valid answer wins, and extra requests stay below 5 % (E17)",
    () => {
      const requests = { all: 0 };
      /** Every fiftieth request never ends. */
      const sometimesStuck = (inner: Transport["Service"]): Transport["Service"] => ({
        ...inner,
        rest: (request) => Effect.suspend(() => (++requests.all % 50 === 0 ? Effect.never : inner.rest(request))),
      });
      return Effect.gen(function* () {
        yield* answered(getTicker("KRW-BTC", { strategy: "rest_only", maxAge: 0 }));
        const before = requests.all;
        const calls = 300;
        for (let call = 0; call < calls; call++) {
          const { provenance } = yield* answered(getTicker("KRW-BTC", { strategy: "rest_only", maxAge: 0, deadline: 1_500 }));
          assert.isFalse(provenance.stale);
          yield* TestClock.adjust("200 millis");
        }
        // The list of markets is read again once a minute beside the questions.
        assert.isAtMost((requests.all - before) / calls, 1.05);
      }).pipe(Effect.provide(Sim.layerTest({ seed: 42, decorate: { transport: sometimesStuck } })));
    },
  );
});

describe("what the direct client answers", () => {
  const router = new BrokenRouter();
  router.next = "unbuildable";
  it.effect("names it as its source, with the mode, in every answer and in the report (R002-13, R002-47)", () =>
    Effect.gen(function* () {
      const calls = [
        getTicker("KRW-BTC"),
        getOrderbook("KRW-BTC"),
        getTrades("KRW-BTC", { count: 3 }),
        getCandles("KRW-BTC", "1m", { count: 3 }),
      ];
      for (const call of calls) {
        const { provenance } = yield* answered(Effect.map(call, (given: { readonly provenance: unknown }) => given as never));
        const { tier, mode, channel, attempts } = provenance as {
          tier: string;
          mode: string;
          channel: string;
          attempts: ReadonlyArray<{ tier: string }>;
        };
        assert.deepStrictEqual([tier, mode, channel, attempts.at(-1)?.tier], [direct, "fallback", "rest", direct]);
      }
      assert.strictEqual((yield* health).mode, "fallback");
    }).pipe(Effect.provide(Sim.layerTest({ seed: 43, decorate: { router: router.decorate } }))),
  );

  const intervals = ["1s", "1m", "3m", "5m", "10m", "15m", "30m", "1h", "4h", "1d", "1w", "1M"];
  it.effect("are candles of every interval, in pages where they are many, of each market by itself (R002-10)", () =>
    Effect.gen(function* () {
      for (const interval of intervals) {
        const { value, provenance } = yield* answered(getCandles("KRW-BTC", interval, { count: 2 }));
        assert.deepStrictEqual([value.length, provenance.tier], [2, direct], interval);
      }
      assert.strictEqual((yield* answered(getCandles("KRW-BTC", "1m", { count: 450 }))).value.length, 450);
      assert.isTrue(Exit.isFailure(yield* Effect.exit(answered(getCandles("KRW-NOPE", "1m")))));
    }).pipe(Effect.provide(Sim.layerTest({ seed: 44, config: { enableSmartRouting: false } }))),
  );

  it.effect("are books, of one market and of several, as deep as asked (R002-12)", () =>
    Effect.gen(function* () {
      for (const levels of [1, 5, 30]) {
        const { value, provenance } = yield* answered(getOrderbook("KRW-BTC", { levels }));
        assert.deepStrictEqual([value.asks.length, value.bids.length, provenance.tier], [levels, levels, direct]);
      }
    }).pipe(Effect.provide(Sim.layerTest({ seed: 45, config: { enableSmartRouting: false } }))),
  );
});

describe("the last word of the direct socket", () => {
  it.effect("can be read by key, with its age, and answers where REST does not (R002-17)", () =>
    Effect.gen(function* () {
      const control = yield* ModeControl;
      const socket = yield* DirectSocket;
      yield* answered(getTicker("KRW-BTC"));
      assert.isUndefined(socket.latest({ kind: "ticker", market: btc }));
      yield* control.override("on", { by: "a test", why: "to see the direct socket" });
      yield* TestClock.adjust("20 seconds");
      const price = 100_000_000;
      yield* Sim.failRest("/v1", "reset", 1_000);
      yield* Sim.trade("KRW-BTC", { price });
      yield* TestClock.adjust("100 millis");
      const word = socket.latest({ kind: "ticker", market: btc });
      assert(word !== undefined);
      assert.strictEqual((word.value as Ticker).price.number, price);
      const { value, provenance } = yield* answered(getTicker("KRW-BTC"));
      assert.deepStrictEqual(
        [value.price.number, provenance.tier, provenance.channel, provenance.stale],
        [price, direct, "websocket", false],
      );
      assert.isAtMost(provenance.confirmedAgeMs, 2_000);
    }).pipe(Effect.provide(Sim.layerTest({ seed: 46 }))),
  );
});

describe("the log of a program that writes errors alone", () => {
  it.effect(
    "has what the direct client and the probes do while the router is out, and errors alone again when it is back (R002-34)",
    () => {
      const router = new BrokenRouter();
      const lines: Array<string> = [];
      const log = Logger.make(({ logLevel, message }) => void lines.push(`${logLevel} ${[message].flat().map(String).join(" ")}`));
      /** What was logged of some asking. */
      const logged = Effect.gen(function* () {
        lines.length = 0;
        for (let call = 0; call < 3; call++) {
          yield* Effect.exit(answered(getTicker("KRW-BTC", { strategy: "rest_only", maxAge: 0 })));
          yield* TestClock.adjust("10 seconds");
        }
        return [...lines];
      });
      return Effect.gen(function* () {
        const control = yield* ModeControl;
        assert.deepStrictEqual(yield* logged, []);
        router.next = "unbuildable";
        yield* control.tell("gone", "a test");
        const during = yield* logged;
        assert.include(during, "Debug the direct client answered ticker KRW-BTC over rest");
        assert.isTrue(
          during.some((line) => line.startsWith("Debug ") && !line.includes("direct client")),
          during.join("\n"),
        );
        router.next = "well";
        yield* TestClock.adjust("2 minutes");
        assert.strictEqual(control.mode(), "normal");
        assert.deepStrictEqual(yield* logged, []);
      }).pipe(
        Effect.provide(Layer.provideMerge(Sim.layerTest({ seed: 48, decorate: { router: router.decorate } }), Logger.layer([log]))),
        Effect.provideService(References.MinimumLogLevel, "Error"),
      );
    },
  );
});

describe("a failure that nobody could help", () => {
  it.effect("is a typed error, told once to its caller and in the log (R002-15)", () => {
    const lines: Array<string> = [];
    const log = Logger.make(({ logLevel, message }) => void (logLevel === "Error" && lines.push(String(message))));
    return Effect.gen(function* () {
      yield* answered(getTicker("KRW-BTC"));
      yield* Sim.refuseUpgrades("10 minutes");
      yield* Sim.cutSockets;
      yield* Sim.failRest("/v1", "reset", 10_000);
      yield* TestClock.adjust("1 minute");
      for (let call = 0; call < 6; call++) {
        const error = yield* Effect.flip(answered(getTicker("KRW-BTC")));
        assert.include(["NetworkError", "CircuitOpen", "DataUnavailable"], error._tag);
      }
      assert.strictEqual(lines.length, 1);
      assert.include(lines[0], "nobody answers");
    }).pipe(Effect.provide(Layer.provideMerge(Sim.layerTest({ seed: 47 }), Logger.layer([log]))));
  });
});

describe("a probe", () => {
  const probes = (verdict: string) =>
    Effect.map(Metric.snapshot, (all) =>
      all.find(({ id, attributes }) => id === "naru_router_probes_total" && attributes?.["verdict"] === verdict),
    );

  /** What the exchange answers to a ticker of the probe. */
  const wrong =
    (change: (row: Record<string, unknown>) => void) =>
    (inner: Transport["Service"]): Transport["Service"] => ({
      ...inner,
      rest: (request) =>
        Effect.map(inner.rest(request), (response) => {
          if (!request.url.includes("/ticker") || response.status !== 200) return response;
          const rows = JSON.parse(new TextDecoder().decode(response.body)) as Array<Record<string, unknown>>;
          if (asked++ < 1) return response;
          for (const row of rows) change(row);
          return { ...response, body: new TextEncoder().encode(JSON.stringify(rows)) };
        }),
    });
  let asked = 0;

  it.effect("is a bad one where the price is nothing, though a cache would have answered well (F-58)", () =>
    Effect.gen(function* () {
      asked = 0;
      const control = yield* ModeControl;
      yield* answered(getTicker("KRW-BTC"));
      yield* TestClock.adjust("301 seconds");
      assert.isDefined(yield* probes("bad"));
      assert.strictEqual(control.mode(), "fallback");
    }).pipe(
      Effect.provide(Sim.layerTest({ seed: 48, decorate: { transport: wrong((row) => void (row["trade_price"] = 0)) } })),
      Effect.provideService(Metric.MetricRegistry, new Map()),
    ),
  );

  it.effect("asks the exchange itself, never a cache: each is a request more", () =>
    Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      yield* answered(getTicker("KRW-BTC", { realtime: true }));
      yield* TestClock.adjust("299 seconds");
      const tickers = () => ledger.requests().filter(({ target }) => target.includes("/ticker")).length;
      const before = tickers();
      yield* TestClock.adjust("3 seconds");
      assert.isAtLeast(tickers(), before + 1);
    }).pipe(Effect.provide(Sim.layerTest({ seed: 49, config: { tickerAuditEveryMs: 0 } }))),
  );
});
