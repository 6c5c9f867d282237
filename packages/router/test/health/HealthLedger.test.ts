/** The ledger: what it counts, its percentiles, and its bounds. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer, Metric } from "effect";
import { TestClock } from "effect/testing";
import type { Attempt } from "../../src/errors/MarketDataError.ts";
import { type CallEnd, Health, type RequestEnd } from "../../src/health/HealthLedger.ts";
import * as Metrics from "../../src/health/Metrics.ts";
import { btc, marketOf } from "../samples.ts";

const call = (outcome: string, changes: Partial<CallEnd> = {}): CallEnd => ({
  kind: "ticker",
  market: btc,
  durationMs: 8,
  outcome,
  ...(outcome === "answered" || outcome === "stale"
    ? { answer: { tier: "hot_cache", valueAgeMs: 400, confirmedAgeMs: 30, staleReason: outcome === "stale" ? "limited" : null } }
    : {}),
  ...changes,
});

const request = (outcome: string, changes: Partial<RequestEnd> = {}): RequestEnd => ({
  endpoint: "/v1/ticker",
  group: "ticker",
  status: outcome === "answered" ? 200 : null,
  durationMs: 40,
  attempt: 1,
  waitedMs: 5,
  outcome,
  ...changes,
});

const attempt = (outcome: Attempt["outcome"], durationMs = 0): Attempt => ({
  tier: "cold_rest",
  outcome,
  reason: `it ${outcome}`,
  durationMs,
});

const withLedger = <A, E>(use: (health: Health["Service"]) => Effect.Effect<A, E> | void) =>
  Effect.gen(function* () {
    const health = yield* Health;
    const effect = use(health);
    if (effect !== undefined) yield* effect;
  }).pipe(Effect.provide(Layer.fresh(Health.layer)));

describe("Health", () => {
  it.effect("counts attempts by tier, and takes percentiles of answers alone", () =>
    withLedger((health) => {
      for (let ms = 1; ms <= 100; ms++) health.attempted("ticker", attempt("answered", ms));
      health.attempted("ticker", attempt("failed", 9_000));
      health.attempted("ticker", attempt("missed", 9_000));
      assert.deepStrictEqual(health.tiers(), [
        { tier: "cold_rest", answered: 100, missed: 1, failed: 1, p50Ms: 50, p95Ms: 95, lastFailure: "it failed" },
      ]);
    }),
  );

  it.effect("looks back 200 attempts for percentiles, and forgets no count", () =>
    withLedger((health) => {
      for (let i = 0; i < 1_000; i++) health.attempted("ticker", attempt("answered", 10_000));
      for (let i = 0; i < 200; i++) health.attempted("ticker", attempt("answered", 5));
      const [tier] = health.tiers();
      assert.deepStrictEqual([tier?.answered, tier?.p50Ms, tier?.p95Ms], [1_200, 5, 5]);
    }),
  );

  it.effect("has no percentile before the first answer, and the one answer for both after it", () =>
    withLedger((health) => {
      health.attempted("ticker", attempt("failed"));
      assert.deepStrictEqual([health.tiers()[0]?.p50Ms, health.tiers()[0]?.p95Ms], [null, null]);
      health.attempted("ticker", attempt("answered", 7));
      assert.deepStrictEqual([health.tiers()[0]?.p50Ms, health.tiers()[0]?.p95Ms], [7, 7]);
    }),
  );

  it.effect("keeps the last hundred changes of mode, the newest last", () =>
    withLedger((health) => {
      for (let i = 0; i < 150; i++) health.modeChanged({ from: "normal", to: "degraded", level: 1, atMs: i, reason: "" });
      const modes = health.modes();
      assert.strictEqual(modes.length, 100);
      assert.deepStrictEqual([modes[0]?.atMs, modes.at(-1)?.atMs], [50, 149]);
    }),
  );

  it.effect("calls a fresh answer a success, an old one and an error none, and a caller's mistake neither", () =>
    withLedger((health) => {
      for (const outcome of ["answered", "answered", "stale", "NetworkError", "InvalidRequest", "MarketUnknown", "Closed"])
        health.called(call(outcome));
      const { samples, failures, successRate, p95Ms } = health.calls();
      assert.deepStrictEqual([samples, failures, successRate, p95Ms], [4, 2, 0.5, 10]);
      assert.deepStrictEqual(
        health.errors().map(({ tag, count }) => [tag, count]),
        [["NetworkError", 1]],
      );
    }),
  );

  it.effect("knows each channel by its own attempts: a refused question says nothing against REST", () =>
    withLedger((health) => {
      for (const outcome of ["answered", "InvalidRequest", "interrupted", "NetworkError"]) health.requested(request(outcome));
      for (const cause of ["answered", "data", "connection"]) health.waited(cause);
      assert.deepStrictEqual(
        health.channels().map(({ channel, samples, failures }) => [channel, samples, failures]),
        [
          ["rest", 3, 1],
          ["websocket", 3, 2],
        ],
      );
    }),
  );

  it.effect("takes each channel's last word for its status, for five minutes, and keeps what went wrong last", () =>
    withLedger((health) =>
      Effect.gen(function* () {
        const statuses = () => health.channels().map(({ status }) => status);
        assert.deepStrictEqual(statuses(), ["unknown", "unknown"]);
        health.requested(request("UpstreamError", { status: 503 }));
        health.linkChanged("connecting");
        health.linkChanged("waiting", "closed 1006");
        assert.deepStrictEqual(statuses(), ["down", "down"]);
        yield* TestClock.adjust("4 minutes");
        health.requested(request("InvalidRequest", { status: 400 }));
        health.linkChanged("open");
        yield* TestClock.adjust("1 minute");
        const [rest, websocket] = health.channels();
        const seen = { status: "up", lastGoodAgeMs: 60_000 } as const;
        assert.deepInclude(rest, {
          ...{ ...seen, latencyMs: 40, samples: 1 },
          lastFailure: { detail: "/v1/ticker: UpstreamError, HTTP 503", ageMs: 300_000 },
        });
        assert.deepInclude(websocket, { ...seen, latencyMs: null, lastFailure: { detail: "closed 1006", ageMs: 300_000 } });
        yield* TestClock.adjust("241 seconds");
        assert.deepStrictEqual(statuses(), ["unknown", "unknown"]);
      }),
    ),
  );

  it.effect("tells the errors by tag, the most frequent first, each with the pattern of its times (R004-54)", () =>
    withLedger((health) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(health.errors(), []);
        // A quarter of an hour: a request that fails each minute, calls that fail now and then, and at the end a burst.
        for (let second = 0; second <= 900; second++) {
          if (second % 60 === 0) health.requested(request("TimeoutError"));
          if ([7, 19, 340, 371, 512].includes(second)) health.called(call("DecodeError"));
          if (second > 892) for (let i = 0; i < 3; i++) health.called(call("NetworkError"));
          if (second < 900) yield* TestClock.adjust("1 second");
        }
        assert.deepStrictEqual(health.errors(), [
          { tag: "NetworkError", count: 24, lastAgeMs: 0, pattern: { _tag: "burst", count: 24, withinMs: 10_000 } },
          { tag: "rest TimeoutError", count: 16, lastAgeMs: 0, pattern: { _tag: "periodic", everyMs: 60_000, times: 9 } },
          { tag: "DecodeError", count: 5, lastAgeMs: 388_000, pattern: null },
        ]);
        yield* TestClock.adjust("11 seconds");
        assert.isNull(health.errors()[0]?.pattern, "a burst ends");
      }),
    ),
  );

  it.effect("knows each key, those in trouble first, and lets the one go that was asked least lately", () =>
    withLedger((health) =>
      Effect.gen(function* () {
        for (let at = 0; at < 500; at++) {
          health.called(call("answered", { market: marketOf(`KRW-M${at}`) }));
          yield* TestClock.adjust("1 millis");
        }
        health.called(call("answered", { market: marketOf("KRW-M0") }));
        health.called(call("NetworkError"));
        health.called(call("NetworkError"));
        const keys = health.keys();
        assert.strictEqual(keys.length, 500);
        assert.deepInclude(keys[0], { market: btc, failed: 2, failedInARow: 2, answeredAgeMs: null, lastFailure: "NetworkError" });
        const names = new Set<string>(keys.map(({ market }) => market));
        assert.deepStrictEqual([names.has("KRW-M0"), names.has("KRW-M1")], [true, false]);
        health.called(call("answered"));
        assert.deepInclude(
          health.keys().find(({ market }) => market === btc),
          { failedInARow: 0, answeredAgeMs: 0 },
        );
      }),
    ),
  );

  it.effect("adds up the time spent in each mode, on a clock that no step of the wall clock touches", () =>
    withLedger((health) =>
      Effect.gen(function* () {
        yield* TestClock.adjust("1 minute");
        health.modeChanged({ from: "normal", to: "fallback", level: 2, atMs: 0, reason: "" });
        yield* TestClock.adjust("3 minutes");
        health.modeChanged({ from: "fallback", to: "normal", level: 0, atMs: 0, reason: "" });
        yield* TestClock.adjust("1 minute");
        assert.deepStrictEqual(
          [health.modeSeconds("normal"), health.modeSeconds("fallback"), health.modeSeconds("emergency")],
          [120, 180, 0],
        );
      }),
    ),
  );

  it.effect("counts the same in metrics: calls, ages, freshness, retries and waits", () =>
    Effect.gen(function* () {
      yield* withLedger((health) => {
        health.called(call("answered"));
        health.called(call("stale"));
        health.called(call("DataUnavailable"));
        health.called(call("MarketUnknown"));
        health.requested(request("UpstreamError", { status: 503 }));
        health.requested(request("answered", { attempt: 2, waitedMs: 300 }));
      });
      const count = (metric: typeof Metrics.calls, labels: Record<string, string>) =>
        Effect.map(Metric.value(Metric.withAttributes(metric, labels)), (state) => state.count);
      assert.strictEqual(yield* count(Metrics.calls, { kind: "ticker", tier: "none", outcome: "DataUnavailable" }), 1);
      assert.strictEqual(yield* count(Metrics.freshness, { kind: "ticker", met: "yes" }), 1);
      assert.strictEqual(yield* count(Metrics.freshness, { kind: "ticker", met: "no" }), 2);
      assert.strictEqual(yield* count(Metrics.staleAnswers, { kind: "ticker", reason: "limited" }), 1);
      assert.strictEqual(yield* count(Metrics.restRequests, { endpoint: "/v1/ticker", status: "503" }), 1);
      assert.strictEqual(yield* count(Metrics.restRetries, { endpoint: "/v1/ticker" }), 1);
      const age = yield* Metric.value(Metric.withAttributes(Metrics.confirmedAge, { kind: "ticker" }));
      assert.deepStrictEqual([age.count, age.max], [2, 0.03]);
      const waited = yield* Metric.value(Metric.withAttributes(Metrics.limiterWait, { group: "ticker" }));
      assert.deepStrictEqual([waited.count, waited.max], [2, 0.3]);
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())),
  );
});
