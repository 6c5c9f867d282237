/** What is left of the client when its router is broken in every way a router can be, in virtual time over the emulated exchange. */
import { assert, describe, it } from "@effect/vitest";
import type { Alert } from "@naru/router/alerts/Alert";
import { DirectSocket } from "@naru/router/direct/DirectSocket";
import type { Candle } from "@naru/router/domain/Candle";
import type { ModeChange } from "@naru/router/domain/Mode";
import type { StreamElement } from "@naru/router/domain/StreamElement";
import type { Ticker } from "@naru/router/domain/Ticker";
import type { Trade } from "@naru/router/domain/Trade";
import { ModeControl } from "@naru/router/fallback/ModeControl";
import {
  alerts as marketAlerts,
  getCandles,
  getMarkets,
  getOrderbook,
  getTicker,
  getTrades,
  health,
  modeChanges,
  streamCandlesEvents,
  streamTickerEvents,
  streamTradesEvents,
  subscribe,
} from "@naru/router/MarketData";
import type { RouterConfigShape } from "@naru/router/RouterConfig";
import { Exchange, Sim } from "@naru/sim";
import type { Services } from "@naru/sim/Sim";
import { Clock, Effect, Exit, Fiber, type Scope, Stream } from "effect";
import { TestClock } from "effect/testing";
import { TradeAccount } from "../src/soak/TradeAccount.ts";
import { Truth } from "../src/world/Truth.ts";
import { BrokenRouter } from "./BrokenRouter.ts";

const direct = "direct_rest_fallback";

const scene = (
  title: string,
  body: (router: BrokenRouter) => Effect.Effect<unknown, unknown, Services | Scope.Scope>,
  config: Partial<RouterConfigShape> = {},
  prepare: (router: BrokenRouter) => void = () => {},
) =>
  it.effect(title, () => {
    const router = new BrokenRouter();
    prepare(router);
    return body(router).pipe(Effect.scoped, Effect.provide(Sim.layerTest({ seed: 33, config, decorate: { router: router.decorate } })));
  });

/** Runs `effect` while the clock moves, and says how long it took. */
const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Effect.exit(effect), { startImmediately: true });
    let tookMs = 0;
    for (; fiber.pollUnsafe() === undefined && tookMs < 20_000; tookMs += 10) yield* TestClock.adjust("10 millis");
    return { exit: yield* Fiber.join(fiber), tookMs };
  });

const answered = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.flatMap(timed(effect), ({ exit }) => exit);

const told = <A>(stream: Stream.Stream<A, unknown, Services>) =>
  Effect.gen(function* () {
    const seen: Array<A> = [];
    yield* Effect.forkScoped(Stream.runForEach(stream, (element) => Effect.sync(() => void seen.push(element))));
    yield* TestClock.adjust(1);
    return seen;
  });

const tags = (seen: ReadonlyArray<StreamElement<unknown>>) => seen.map(({ _tag }) => _tag);

describe("a router that cannot be built", () => {
  const kinds = (router: BrokenRouter) =>
    Effect.gen(function* () {
      const control = yield* ModeControl;
      assert.strictEqual(control.mode(), "fallback");
      assert.strictEqual((yield* health).mode, "fallback");
      const { exit, tookMs } = yield* timed(getTicker("KRW-BTC"));
      assert.isTrue(Exit.isSuccess(exit));
      assert.isBelow(tookMs, 1_000);
      // The same calls, all four kinds of data, and the list of markets.
      const asked = [
        getTicker("KRW-BTC"),
        getOrderbook("KRW-BTC", { levels: 3 }),
        getTrades("KRW-BTC", { count: 700 }),
        getCandles("KRW-BTC", "4h", { count: 250 }),
      ];
      for (const call of asked) {
        const { provenance } = yield* answered(
          call as Effect.Effect<
            { readonly provenance: { readonly tier: string; readonly mode: string; readonly stale: boolean } },
            unknown,
            Services
          >,
        );
        assert.deepStrictEqual([provenance.tier, provenance.mode, provenance.stale], [direct, "fallback", false]);
      }
      assert.strictEqual((yield* answered(getTrades("KRW-BTC", { count: 700 }))).value.length, 700);
      assert.strictEqual((yield* answered(getCandles("KRW-BTC", "1w", { count: 3 }))).value.length, 3);
      assert.isAbove((yield* answered(getMarkets({ quote: "krw" }))).length, 10);
      // It is looked for, and used when it can be built.
      router.next = "well";
      yield* TestClock.adjust("60 seconds");
      assert.strictEqual(control.mode(), "normal");
      assert.notStrictEqual((yield* answered(getTicker("KRW-BTC"))).provenance.tier, direct);
    });
  const unbuildable = (router: BrokenRouter) => void (router.next = "unbuildable");
  scene(
    "leaves a service that answers every kind of question, and comes when it can (R002-03, R002-08, R002-18, R002-19, R002-49)",
    kinds,
    {},
    unbuildable,
  );

  it.effect("and never ends building costs half a second before the service is up", () => {
    const router = new BrokenRouter();
    router.next = "endless";
    const up = answered(getTicker("KRW-BTC")).pipe(Effect.provide(Sim.layerTest({ seed: 34, decorate: { router: router.decorate } })));
    return Effect.gen(function* () {
      const { exit, tookMs } = yield* timed(up);
      assert.strictEqual(Exit.isSuccess(exit) ? exit.value.provenance.tier : "none", direct);
      assert.isBelow(tookMs, 1_000);
    });
  });
});

describe("one call that the router does not answer", () => {
  for (const ill of ["fails", "crashes", "throws", "hangs"] as const) {
    scene(
      `because it ${ill} is answered by the direct client within its deadline, and does not change who answers${ill === "fails" ? " (R002-20)" : ""}`,
      (router) =>
        Effect.gen(function* () {
          const control = yield* ModeControl;
          yield* answered(getTicker("KRW-BTC"));
          router.current.ill = ill;
          const { exit, tookMs } = yield* timed(getTicker("KRW-ETH", { deadline: 3_000 }));
          const { provenance } = yield* exit;
          assert.deepStrictEqual([provenance.tier, provenance.stale], [direct, false]);
          assert.isAtMost(tookMs, 3_000);
          assert.deepStrictEqual(
            provenance.attempts.map(({ tier }) => tier),
            ["router", direct],
          );
          assert.strictEqual(control.mode(), "degraded");
          router.current.ill = "well";
          yield* answered(getTicker("KRW-XRP"));
          assert.isAbove(router.current.calls, 2);
        }),
    );
  }

  scene("and the exchange does not either, is the router's own failure", (router) =>
    Effect.gen(function* () {
      yield* answered(getTicker("KRW-BTC"));
      router.current.ill = "fails";
      yield* Sim.failRest("/v1", "reset", 1_000);
      const error = yield* Effect.flip(answered(getTicker("KRW-ETH")));
      assert.include(String(error), "a broken router");
    }),
  );
});

describe("a hundred calls that fail at once", () => {
  scene("are one activation, one alert, one socket, and one request (R002-35)", (router) =>
    Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      const changes = yield* told<ModeChange>(modeChanges);
      const alerts = yield* told<Alert>(Stream.filter(marketAlerts, ({ rule }) => rule === "mode"));
      yield* answered(getTicker("KRW-BTC"));
      router.current.ill = "fails";
      const before = { requests: ledger.restCount(), sockets: ledger.connections().length };
      const answers = yield* answered(
        Effect.all(
          Array.from({ length: 100 }, () => getTicker("KRW-ETH")),
          { concurrency: "unbounded" },
        ),
      );
      assert.isTrue(answers.every(({ provenance }) => provenance.tier === direct));
      assert.strictEqual(ledger.restCount() - before.requests, 1);
      yield* TestClock.adjust("5 seconds");
      assert.deepStrictEqual(
        changes.map(({ to }) => to),
        ["degraded", "fallback"],
      );
      assert.deepStrictEqual(
        alerts.map(({ severity, state }) => [severity, state]),
        [["warning", "raised"]],
      );
      assert.strictEqual(ledger.connections().length - before.sockets, 1);
    }),
  );
});

describe("questions to the direct client", () => {
  for (const [count, requests] of [
    [1, 1],
    [5, 1],
    [250, 3],
  ] as const) {
    scene(
      `about ${count} markets are ${requests === 1 ? "one request" : `${requests} requests`}${count === 250 ? " (R002-09)" : ""}`,
      () =>
        Effect.gen(function* () {
          const { ledger } = yield* Exchange;
          const all = yield* answered(getMarkets({ instruments: false }));
          const markets = Array.from({ length: count }, (_, at) => all[at % all.length]?.market ?? "KRW-BTC");
          yield* TestClock.adjust("2 seconds");
          const before = ledger.restCount();
          const { answers, failures } = yield* answered(getTicker(markets));
          assert.deepStrictEqual([answers.length, failures.length], [count, 0]);
          assert.isTrue(answers.every(({ provenance }) => provenance.tier === direct));
          assert.isAtMost(ledger.restCount() - before, requests);
        }),
      { enableSmartRouting: false },
    );
  }

  scene(
    "of which one is about a market that does not exist spare the others (F-56)",
    () =>
      Effect.gen(function* () {
        const { answers, failures } = yield* answered(getTicker(["KRW-BTC", "KRW-NOPE", "KRW-ETH", "KRW-XRP"]));
        assert.deepStrictEqual(
          answers.map(({ market }) => market),
          ["KRW-BTC", "KRW-ETH", "KRW-XRP"] as Array<string>,
        );
        assert.deepStrictEqual(
          failures.map(({ market, error }) => [market, error._tag]),
          [["KRW-NOPE", "MarketUnknown"]],
        );
        const books = yield* answered(getOrderbook(["KRW-BTC", "KRW-ETH"], { levels: 5 }));
        assert.deepStrictEqual(
          books.answers.map(({ value, provenance }) => [value.asks.length, provenance.tier]),
          [
            [5, direct],
            [5, direct],
          ],
        );
      }),
    { enableSmartRouting: false },
  );
});

describe("switches", () => {
  scene(
    "turn routing off for one kind and leave it on for the others (R001-56)",
    () =>
      Effect.gen(function* () {
        const control = yield* ModeControl;
        assert.strictEqual((yield* answered(getCandles("KRW-BTC", "1m"))).provenance.tier, direct);
        assert.notStrictEqual((yield* answered(getTicker("KRW-BTC"))).provenance.tier, direct);
        assert.strictEqual(control.mode(), "normal");
      }),
    { smartRouting: { ticker: true, orderbook: true, trades: true, candles: false } },
  );

  scene(
    "turn it off for all: questions and streams go to the exchange directly, and by default the router answers (R001-37)",
    (router) =>
      Effect.gen(function* () {
        const control = yield* ModeControl;
        const { provenance } = yield* answered(getTicker("KRW-BTC"));
        assert.deepStrictEqual([provenance.tier, provenance.mode], [direct, "normal"]);
        const seen = yield* told<StreamElement<Ticker>>(streamTickerEvents("KRW-BTC"));
        yield* TestClock.adjust("10 seconds");
        assert.isAbove(seen.length, 1);
        assert.deepStrictEqual([...new Set(tags(seen))], ["Live"]);
        assert.deepStrictEqual([router.tries, control.mode()], [0, "normal"]);
      }),
    { enableSmartRouting: false },
  );

  scene("of a person hold until they are taken back, and are written down (R002-32)", (router) =>
    Effect.gen(function* () {
      const control = yield* ModeControl;
      const tier = Effect.map(answered(getTicker("KRW-BTC")), ({ provenance }) => provenance.tier);
      assert.notStrictEqual(yield* tier, direct);
      yield* control.override("on", { by: "kim", why: "maintenance of the router" });
      yield* TestClock.adjust("20 minutes");
      assert.deepStrictEqual([yield* tier, control.mode(), control.status().nextStepInMs], [direct, "fallback", null]);
      yield* control.override("auto", { by: "kim", why: "done" });
      yield* TestClock.adjust("30 seconds");
      assert.notStrictEqual(yield* tier, direct);
      assert.strictEqual(control.mode(), "normal");
      // Off: the router keeps answering whatever happens to it, and each call that it fails is still rescued.
      yield* control.override("off", { by: "lee", why: "a test" });
      router.current.ill = "fails";
      for (let call = 0; call < 5; call++) yield* tier;
      assert.deepStrictEqual([yield* tier, control.mode()], [direct, "degraded"]);
      assert.deepStrictEqual(
        control.status().overrides.map(({ override, by, why }) => [override, by, why]),
        [
          ["on", "kim", "maintenance of the router"],
          ["auto", "kim", "done"],
          ["off", "lee", "a test"],
        ],
      );
    }),
  );
});

describe("recovery", () => {
  scene(
    "is tried about every five minutes while the router stays broken, by a fresh one each time (R002-25, R002-26)",
    (router) =>
      Effect.gen(function* () {
        const control = yield* ModeControl;
        yield* answered(getTicker("KRW-BTC"));
        router.current.ill = "fails";
        router.next = "fails";
        for (let call = 0; call < 3; call++) yield* answered(getTicker("KRW-BTC"));
        const tries: Array<number> = [];
        for (let second = 0; second < 960; second++) {
          const before = router.tries;
          yield* TestClock.adjust("1 second");
          if (router.tries > before) tries.push(second);
        }
        assert.strictEqual(control.mode(), "fallback");
        assert.strictEqual(tries.length, 3);
        for (const [at, second] of tries.entries())
          assert.isTrue(second - (tries[at - 1] ?? 0) >= 269 && second - (tries[at - 1] ?? 0) <= 335, `${tries}`);
        // And it stops with the first that is good.
        router.next = "well";
        yield* TestClock.adjust("6 minutes");
        assert.deepStrictEqual([control.mode(), router.tries], ["normal", 5]);
      }),
    { earlyProbeMs: 0 },
  );

  scene("gives traffic back step by step, and takes it away at the first failure (R002-48)", (router) =>
    Effect.gen(function* () {
      const control = yield* ModeControl;
      yield* control.override("on", { by: "a test", why: "to begin in fallback" });
      yield* control.override("auto", { by: "a test", why: "to recover" });
      yield* TestClock.adjust("5500 millis");
      const routed = Effect.gen(function* () {
        const before = router.current.calls;
        for (let call = 0; call < 8; call++) yield* answered(getTicker("KRW-BTC"));
        return router.current.calls - before;
      });
      assert.deepStrictEqual([control.mode(), yield* routed], ["recovering", 2]);
      yield* TestClock.adjust("5 seconds");
      assert.deepStrictEqual([control.mode(), yield* routed], ["recovering", 4]);
      router.current.ill = "fails";
      yield* answered(getTicker("KRW-BTC"));
      yield* answered(getTicker("KRW-BTC"));
      assert.strictEqual(control.mode(), "fallback");
    }),
  );

  scene("is no matter of time alone: a silent client is probed after five minutes, and stays as it is (R002-06)", () =>
    Effect.gen(function* () {
      const control = yield* ModeControl;
      const { ledger } = yield* Exchange;
      const changes = yield* told<ModeChange>(modeChanges);
      yield* answered(getTicker("KRW-BTC"));
      yield* TestClock.adjust("290 seconds");
      const before = ledger.requests().filter(({ target }) => target.includes("/ticker")).length;
      yield* TestClock.adjust("20 seconds");
      assert.strictEqual(ledger.requests().filter(({ target }) => target.includes("/ticker")).length, before + 1);
      yield* TestClock.adjust("1 hour");
      assert.deepStrictEqual([control.mode(), changes], ["normal", []]);
    }),
  );

  scene("follows a silence in which the probe fails at once: the router is out before anybody asks", (router) =>
    Effect.gen(function* () {
      const control = yield* ModeControl;
      yield* answered(getTicker("KRW-BTC"));
      yield* TestClock.adjust("290 seconds");
      router.current.ill = "hangs";
      yield* TestClock.adjust("20 seconds");
      assert.strictEqual(control.mode(), "fallback");
    }),
  );
});

describe("nobody answers", () => {
  scene("is an emergency: told once as critical, known values only with a label, and over with the first answer (R002-04, E16)", () =>
    Effect.gen(function* () {
      const control = yield* ModeControl;
      const alerts = yield* told<Alert>(Stream.filter(marketAlerts, ({ rule }) => rule === "mode"));
      const before = yield* answered(getTicker("KRW-BTC"));
      yield* Sim.refuseUpgrades("10 minutes");
      yield* Sim.cutSockets;
      yield* Sim.failRest("/v1", "reset", 1_000);
      yield* TestClock.adjust("3 seconds");
      for (let call = 0; call < 4; call++) {
        const { exit, tookMs } = yield* timed(getTicker("KRW-BTC", { onStale: "serve", deadline: 2_000 }));
        const { provenance, value } = yield* exit;
        assert.isAtMost(tookMs, 2_050);
        assert.deepStrictEqual([provenance.stale, value.price.toString()], [true, before.value.price.toString()]);
        assert.isAbove(provenance.confirmedAgeMs, 2_000);
        const error = yield* Effect.flip(answered(getTicker("KRW-BTC", { deadline: 2_000 })));
        assert.isTrue(typeof error === "object" && error !== null && "_tag" in error && error._tag === "StaleData");
      }
      assert.strictEqual(control.mode(), "emergency");
      assert.deepStrictEqual(
        alerts.map(({ severity }) => severity),
        ["critical"],
      );
      // Older than half a minute, it is not given at all.
      yield* TestClock.adjust("40 seconds");
      assert.isTrue(Exit.isFailure((yield* timed(getTicker("KRW-BTC", { onStale: "serve" }))).exit));
      yield* Sim.clearRestFaults;
      yield* TestClock.adjust("2 seconds");
      assert.isFalse((yield* answered(getTicker("KRW-BTC"))).provenance.stale);
      assert.notStrictEqual(control.mode(), "emergency");
    }),
  );
});

describe("streams of a router that dies", () => {
  scene(
    "go on over the direct socket with the loss told, and return without a word lost or said twice (R002-01, R002-16, F-52, F-54)",
    (router) =>
      Effect.gen(function* () {
        const control = yield* ModeControl;
        const socket = yield* DirectSocket;
        const exchange = yield* Exchange;
        const markets = ["KRW-BTC", "KRW-ETH"];
        const trades = yield* told<StreamElement<Trade>>(streamTradesEvents(markets));
        const called: Array<StreamElement<Trade>> = [];
        const subscription = yield* subscribe(markets, ["trades"], ({ kind, element }) => void (kind === "trades" && called.push(element)));
        const tickers = yield* told<StreamElement<Ticker>>(streamTickerEvents("KRW-BTC"));
        const candles = yield* told<StreamElement<Candle>>(streamCandlesEvents("KRW-BTC", "1m"));
        yield* TestClock.adjust("20 seconds");
        router.next = "unbuildable";
        yield* router.kill;
        yield* TestClock.adjust("1 second");
        assert.strictEqual(control.mode(), "fallback");
        const frames = exchange.ledger.frameCount("in", "request");
        yield* TestClock.adjust("100 seconds");
        assert.isAtMost(exchange.ledger.frameCount("in", "request") - frames, 1);
        assert.strictEqual(socket.status().state, "open");
        const onDirect = tickers.length;
        router.next = "well";
        yield* TestClock.adjust("8 minutes");
        assert.strictEqual(control.mode(), "normal");
        assert.strictEqual(socket.status().state, "closed");
        assert.isAbove(tickers.length, onDirect);
        assert.deepStrictEqual([subscription.status().state, subscription.status().delivered], ["running", called.length]);
        const endMs = exchange.nowOf(yield* Clock.Clock) - 5_000;
        // By a stream and by calls: each trade once, in order or called late, and each there or told as missing.
        for (const given of [trades, called]) {
          const returnedTo = tags(given).filter((tag) => tag === "Reconnecting" || tag === "Resumed");
          assert.deepStrictEqual(returnedTo.slice(0, 2), ["Reconnecting", "Resumed"]);
          const account = new TradeAccount(new Truth(exchange), markets);
          for (const element of given) account.element(element);
          assert.deepStrictEqual([account.problems, account.missingUpTo(endMs).examples], [[], []]);
          assert.isAtMost(account.gaps.length, markets.length);
          assert.isAbove(account.delivered, 200);
          for (const market of markets) {
            const times = given.flatMap((element) =>
              "value" in element && element.market === market && !element.late ? [element.value.tradeTimeMs] : [],
            );
            assert.deepStrictEqual(
              times,
              times.toSorted((a, b) => a - b),
            );
          }
        }
        const closed = candles.flatMap((element) =>
          "value" in element && element.value.state === "closed" ? [element.value.openTimeMs] : [],
        );
        assert.strictEqual(new Set(closed).size, closed.length);
        assert.isAbove(closed.length, 6);
      }),
  );
});
