/** The service in virtual time: told within the step of the trouble, quiet in good times, sinks that cost nobody anything. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Fiber, Layer, Logger, Metric, References, Schema, Stream } from "effect";
import { TestClock } from "effect/testing";
import { Alert, alertText } from "../../src/alerts/Alert.ts";
import { Alerts } from "../../src/alerts/Alerts.ts";
import { type AlertSink, AlertSinks, SinkFailure } from "../../src/alerts/AlertSink.ts";
import { NetworkError } from "../../src/errors/MarketDataError.ts";
import * as HostProbe from "../../src/health/HostProbe.ts";
import * as Metrics from "../../src/health/Metrics.ts";
import { alerts, getTicker } from "../../src/MarketData.ts";
import { answered, routerOver, type Stub, stubOf, tickers } from "../stubServices.ts";

const start = Date.UTC(2026, 0, 31);
const down = new NetworkError({ phase: "connect", host: "stub.test", code: "ECONNREFUSED", detail: null });

/** A router whose REST fails while `fails` says so. */
const failing = () => {
  const stub = stubOf(tickers());
  const { script } = stub;
  const state = { fails: true };
  stub.script = (asked) => (state.fails && asked.endpoint !== "markets" ? Effect.fail(down) : script(asked));
  return { stub, state };
};

const ask = Effect.exit(answered(getTicker("KRW-BTC", { strategy: "rest_only" })));

/** A sink that writes down what it gets. */
const witness = (): AlertSink & { readonly got: Array<Alert> } => {
  const got: Array<Alert> = [];
  return { name: "witness", got, send: (alert) => Effect.sync(() => void got.push(alert)) };
};

const over = (stub: Stub, sinks: ReadonlyArray<AlertSink>) => routerOver(stub).pipe(Layer.provide(Layer.succeed(AlertSinks, sinks)));

const words = (list: ReadonlyArray<Alert>) =>
  list.map(({ rule, about, state, severity }) => [rule, about, state, severity].filter(Boolean).join(" "));

describe("alerts", () => {
  it.effect("a hundred calls that fail at once are one alert of the mode, within a second; its end is told too (F-59)", () => {
    const { stub, state } = failing();
    const sink = witness();
    return Effect.gen(function* () {
      yield* TestClock.setTime(start);
      const stream = yield* Effect.forkChild(Stream.runCollect(Stream.take(alerts, 2)), { startImmediately: true });
      const before = yield* Effect.clockWith((clock) => clock.currentTimeMillis);
      yield* answered(
        Effect.forEach(Array.from({ length: 100 }), () => Effect.exit(getTicker("KRW-BTC", { strategy: "rest_only" })), {
          concurrency: "unbounded",
        }),
      );
      yield* TestClock.adjust("1 second");
      // That so many calls failed, and failed at once, is what the mode says already.
      assert.deepStrictEqual(words(sink.got), ["mode raised critical"]);
      const [alert] = sink.got;
      assert(alert !== undefined);
      assert.isAtMost(alert.atMs - before, 1_000);
      assert.deepStrictEqual([alert.venue, alert.simulated, alert.sinceMs], ["stub", true, alert.atMs]);
      state.fails = false;
      yield* TestClock.adjust("6 minutes");
      for (let i = 0; i < 4; i++) yield* Effect.andThen(ask, TestClock.adjust("2 seconds"));
      assert.deepStrictEqual(words(sink.got), ["mode raised critical", "mode over critical"]);
      for (const one of sink.got) assert.isTrue(Schema.is(Alert)(one));
      assert.deepStrictEqual(yield* Fiber.join(stream), sink.got);
      assert.deepStrictEqual((yield* Alerts).recent(), sink.got);
    }).pipe(Effect.provide(over(stub, [sink])));
  });

  it.effect("in good times nothing runs and nothing is told", () => {
    const sink = witness();
    return Effect.gen(function* () {
      for (let i = 0; i < 50; i++) yield* Effect.andThen(ask, TestClock.adjust("10 seconds"));
      assert.deepStrictEqual(sink.got, []);
    }).pipe(Effect.provide(over(stubOf(tickers()), [sink])));
  });

  it.effect(
    "a sink that hangs, fails or crashes costs neither the calls nor the other sinks anything, and is tried again (R002-41)",
    () => {
      const { stub } = failing();
      const good = witness();
      let tries = 0;
      const flaky: AlertSink = {
        name: "flaky",
        send: () =>
          Effect.suspend(() => (++tries < 3 ? Effect.fail(new SinkFailure({ reason: "status 503", retryable: true })) : Effect.void)),
      };
      const sinks: ReadonlyArray<AlertSink> = [
        { name: "hangs", send: () => Effect.never },
        { name: "refuses", send: () => Effect.fail(new SinkFailure({ reason: "status 404", retryable: false })) },
        { name: "crashes", send: () => Effect.die(new Error("a bug")) },
        flaky,
        good,
      ];
      const outcome = (sink: string, one: string) =>
        Effect.map(Metric.value(Metric.withAttributes(Metrics.alertDeliveries, { sink, outcome: one })), ({ count }) => count);
      return Effect.gen(function* () {
        for (let i = 0; i < 5; i++) yield* ask;
        yield* TestClock.adjust("2 minutes");
        assert.include(words(good.got), "mode raised critical");
        assert.isAtLeast(yield* outcome("witness", "sent"), 1);
        assert.isAtLeast(yield* outcome("hangs", "failed"), 1);
        assert.isAtLeast(yield* outcome("refuses", "failed"), 1);
        assert.isAtLeast(yield* outcome("crashes", "failed"), 1);
        assert.deepStrictEqual([tries >= 3, (yield* outcome("flaky", "sent")) >= 1], [true, true]);
      }).pipe(Effect.provide(over(stub, sinks)), Effect.provideService(Metric.MetricRegistry, new Map()));
    },
  );

  it.effect("a sink that fell behind loses its oldest, and they are counted", () => {
    const got: Array<string> = [];
    const slow: AlertSink = {
      name: "slow",
      send: ({ about }) =>
        Effect.andThen(
          Effect.sync(() => got.push(about)),
          Effect.sleep("9 seconds"),
        ),
    };
    return Effect.gen(function* () {
      const service = yield* Alerts;
      for (let i = 0; i < 6; i++) {
        const finding = (at: number) =>
          ({ rule: "daily_check", about: `${i}-${at}`, severity: "warning", what: "x", did: "", youCan: "" }) as const;
        service.report(
          "test",
          Array.from({ length: 20 }, (_, at) => finding(at)),
        );
        yield* TestClock.adjust("2 seconds");
      }
      yield* TestClock.adjust("1 hour");
      const dropped = yield* Metric.value(Metric.withAttributes(Metrics.alertDeliveries, { sink: "slow", outcome: "dropped" }));
      assert.isAbove(dropped.count, 50);
      const told = (state: string) => Metric.value(Metric.withAttributes(Metrics.alerts, { rule: "daily_check", state }));
      assert.strictEqual(got.length + dropped.count, (yield* told("raised")).count + (yield* told("over")).count);
      // The newest came; the oldest that waited are gone.
      assert.strictEqual(got.at(-1), service.recent().at(-1)?.about);
      assert.lengthOf(service.recent(), 100);
    }).pipe(Effect.provide(over(stubOf(tickers()), [slow])), Effect.provideService(Metric.MetricRegistry, new Map()));
  });

  it.effect("trouble of the machine is told without any call", () => {
    const sink = witness();
    let heapUsedBytes = 1e8;
    const host = HostProbe.layerMemory(() => ({ memory: { residentBytes: 1e9, heapUsedBytes, heapLimitBytes: 1e9 } }));
    return Effect.gen(function* () {
      yield* TestClock.adjust("1 minute");
      assert.deepStrictEqual(sink.got, []);
      heapUsedBytes = 9e8;
      yield* TestClock.adjust("31 seconds");
      heapUsedBytes = 1e8;
      yield* TestClock.adjust("32 seconds");
      assert.deepStrictEqual(words(sink.got), ["memory raised warning", "memory over warning"]);
    }).pipe(Effect.provide(over(stubOf(tickers()), [sink]).pipe(Layer.provide(host))));
  });

  it.effect("without sinks of its own an app finds them in its log, each at its level", () => {
    const { stub } = failing();
    const lines: Array<readonly [string, string]> = [];
    const logger = Logger.make(({ message, logLevel, fiber }) => {
      const annotations = fiber.getRef(References.CurrentLogAnnotations);
      if ("alert" in annotations) lines.push([logLevel, `${String(annotations["alert"])}: ${[message].flat().join(" ")}`]);
    });
    return Effect.gen(function* () {
      for (let i = 0; i < 4; i++) yield* ask;
      yield* TestClock.adjust("1 second");
      assert.strictEqual(lines[0]?.[0], "Error");
      assert.match(lines[0]?.[1] ?? "", /^mode: nobody answers: /);
    }).pipe(Effect.provide(routerOver(stub).pipe(Layer.provideMerge(Logger.layer([logger])))));
  });
});

describe("an alert as text", () => {
  it("has a line for what happened, since when, what was done and what can be done", () => {
    const alert: Alert = {
      rule: "mode",
      about: "",
      state: "raised",
      severity: "critical",
      what: "nobody answers",
      sinceMs: start,
      atMs: start + 90_000,
      did: "asked again",
      youCan: "look at the network",
      venue: "upbit",
      simulated: false,
    };
    assert.strictEqual(
      alertText(alert),
      "[critical] upbit: nobody answers\nsince 2026-01-31T00:00:00.000Z (90 s)\ndone: asked again\nyou can: look at the network",
    );
    assert.strictEqual(
      alertText({ ...alert, state: "over", simulated: true }),
      "[over] upbit (emulated): nobody answers\nsince 2026-01-31T00:00:00.000Z (90 s)",
    );
  });
});
