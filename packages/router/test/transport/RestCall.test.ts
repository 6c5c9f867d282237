/** One REST call against a scripted transport: what is retried, what never is, how often a failing host is asked, and what is read. */
import { assert, describe, it } from "@effect/vitest";
import { Clock, Effect, Fiber, Layer, Random, Result } from "effect";
import { TestClock } from "effect/testing";
import { type MarketDataError, NetworkError } from "../../src/errors/MarketDataError.ts";
import type { LimitTable } from "../../src/limits/LimitTable.ts";
import { RateLimiter } from "../../src/limits/RateLimiter.ts";
import { Rest, type RestAttempt, RestObserver, type RestOptions } from "../../src/transport/RestCall.ts";
import { defaultRestPolicy, RestPolicy, type RestPolicyShape } from "../../src/transport/RestPolicy.ts";
import { good, limits, response, type Row, type Script, scriptedTransport, stubVenue, tickerCall } from "./stubVenue.ts";

interface Bench {
  /** Requests that reached the transport. */
  readonly sends: () => number;
  readonly attempts: ReadonlyArray<RestAttempt>;
  /** Runs the call with a deadline from now. */
  readonly run: (deadlineMs?: number, options?: Partial<RestOptions<Row>>) => Effect.Effect<Result.Result<Row, MarketDataError>>;
  readonly breakerOpenMs: () => number;
}

/** A bench for one test: limiter, breaker and budget of its own. */
const bench = <A, E>(
  script: Script,
  test: (bench: Bench) => Effect.Effect<A, E, RateLimiter | Rest>,
  options: { readonly policy?: Partial<RestPolicyShape>; readonly limits?: LimitTable } = {},
) => {
  const { requests, layer } = scriptedTransport(script);
  const attempts: Array<RestAttempt> = [];
  const knobs = Layer.mergeAll(
    Layer.succeed(RestObserver, (attempt) => void attempts.push(attempt)),
    Layer.succeed(RestPolicy, { ...defaultRestPolicy, ...options.policy }),
  );
  const services = Layer.fresh(Rest.layer).pipe(
    Layer.provide(Layer.mergeAll(layer, stubVenue(), knobs)),
    Layer.provideMerge(RateLimiter.layerTest(options.limits ?? limits)),
  );
  return Effect.gen(function* () {
    const rest = yield* Rest;
    const run: Bench["run"] = (deadlineMs = 5_000, more = {}) =>
      Effect.gen(function* () {
        const deadlineNanos = (yield* Clock.monotonicTimeNanos) + BigInt(deadlineMs) * 1_000_000n;
        const result = yield* rest.run(tickerCall, { priority: "normal", deadlineNanos, ...more });
        return result.rows[0] ?? { market: "none" };
      }).pipe(Effect.result);
    return yield* test({ sends: () => requests.length, attempts, run, breakerOpenMs: () => rest.breakerOpenMs("ticker") });
  }).pipe(Effect.provide(services), Random.withSeed("rest"));
};

const reset = Effect.fail(new NetworkError({ phase: "headers", host: "stub.test", code: "ECONNRESET", detail: null }));

/** Runs an effect while virtual time passes. */
const during = <A, E, R>(duration: "1 second" | "5 seconds" | "10 seconds" | "30 seconds", effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true });
    yield* TestClock.adjust(duration);
    return yield* Fiber.join(fiber);
  });

const tagOf = (result: Result.Result<Row, MarketDataError>): string => (Result.isFailure(result) ? result.failure._tag : "answered");

/** The failure as plain fields; empty for an answer. */
const failureOf = (result: Result.Result<Row, MarketDataError>): object => (Result.isFailure(result) ? result.failure : {});

describe("Rest", () => {
  it.effect("reads a good answer with the exchange's clock and ours", () =>
    bench(
      () => Effect.succeed({ ...good, headers: { ...good.headers, date: "Mon, 05 Jan 2026 00:00:07 GMT", "remaining-req": "3" } }),
      () =>
        Effect.gen(function* () {
          const rest = yield* Rest;
          yield* TestClock.adjust("2 seconds");
          const result = yield* rest.run(tickerCall, { priority: "high", deadlineNanos: 10_000_000_000n });
          assert.deepStrictEqual(result, {
            rows: [{ market: "KRW-BTC" }],
            rejected: [],
            unknownFields: ["new_field"],
            exchangeNowMs: Date.UTC(2026, 0, 5, 0, 0, 7),
            receivedNanos: 2_000_000_000n,
            receivedMs: 2_000,
          });
          assert.strictEqual((yield* RateLimiter).usage("ticker"), 0.7, "the header's word counts");
        }),
    ),
  );

  it.effect("sends nothing but the URL", () => {
    const { requests, layer } = scriptedTransport(() => Effect.succeed(good));
    const services = Layer.fresh(Rest.layer).pipe(Layer.provide([layer, stubVenue(), RateLimiter.layerTest(limits)]));
    return Effect.gen(function* () {
      yield* (yield* Rest).run(tickerCall, { priority: "normal", deadlineNanos: 1_000_000_000n });
      assert.deepStrictEqual(requests, [{ url: tickerCall.url, headers: {} }]);
    }).pipe(Effect.provide(services));
  });

  it.effect("retries a reset connection without the caller noticing (A02)", () =>
    bench(
      (index) => (index === 0 ? reset : Effect.succeed(good)),
      ({ run, sends, attempts }) =>
        Effect.gen(function* () {
          assert.strictEqual(tagOf(yield* during("1 second", run())), "answered");
          assert.strictEqual(sends(), 2);
          assert.deepStrictEqual(
            attempts.map(({ outcome, status }) => [outcome, status]),
            [
              ["NetworkError", null],
              ["answered", 200],
            ],
          );
        }),
    ),
  );

  it.effect("gives up after three attempts with the last error", () =>
    bench(
      () => reset,
      ({ run, sends }) =>
        Effect.gen(function* () {
          assert.strictEqual(tagOf(yield* during("5 seconds", run())), "NetworkError");
          assert.strictEqual(sends(), 3);
        }),
    ),
  );

  const narrow: LimitTable = { ...limits, groups: { ticker: { limit: 1, windowMs: 1_000 } } };

  it.effect("tells what the network said when the limiter has no place for the retry", () =>
    bench(
      () => reset,
      ({ run, sends }) =>
        Effect.gen(function* () {
          assert.strictEqual(tagOf(yield* during("1 second", run(500))), "NetworkError");
          assert.strictEqual(sends(), 1);
        }),
      { limits: narrow },
    ),
  );

  it.effect("sends nothing for callers that were queued before the breaker opened", () =>
    bench(
      () => reset,
      ({ run, sends }) =>
        Effect.gen(function* () {
          const callers = Effect.all(Array.from({ length: 6 }, () => run(60_000)), { concurrency: "unbounded" });
          const results = yield* during("10 seconds", callers);
          assert.deepStrictEqual(results.map(tagOf).sort(), [...Array(3).fill("CircuitOpen"), ...Array(3).fill("NetworkError")]);
          assert.strictEqual(sends(), 3);
        }),
      { limits: narrow, policy: { attempts: 1 } },
    ),
  );

  it.effect("a body cut at any byte is a DecodeError, never a value, and is asked for again (A11)", () =>
    Effect.forEach(Array.from({ length: good.body.length }), (_, length) =>
      bench(
        (index) => Effect.succeed(index === 0 ? { ...good, body: good.body.slice(0, length) } : good),
        ({ run, sends, attempts }) =>
          Effect.gen(function* () {
            assert.strictEqual(tagOf(yield* during("1 second", run())), "answered");
            assert.strictEqual(sends(), 2);
            assert.strictEqual(attempts[0]?.outcome, "DecodeError");
          }),
      ),
    ),
  );

  it.effect("refuses invalid UTF-8 instead of repairing it (A12)", () =>
    Effect.forEach([2, 10, good.body.length - 3], (offset) =>
      bench(
        () => Effect.succeed({ ...good, body: good.body.with(offset, 0xff) }),
        ({ run }) =>
          Effect.gen(function* () {
            const result = yield* during("5 seconds", run());
            assert.deepInclude(failureOf(result), { _tag: "DecodeError", stage: "utf8" });
          }),
      ),
    ),
  );

  it.effect("an HTML page under 200 is the exchange's failure, whatever it says, and counts against it (A13)", () =>
    bench(
      () => Effect.succeed(response(200, "[]", { "content-type": "text/html; charset=utf-8" })),
      ({ run, breakerOpenMs }) =>
        Effect.gen(function* () {
          const result = yield* during("1 second", run());
          assert.deepInclude(failureOf(result), { _tag: "UpstreamError", status: 200, detail: "unexpected text/html" });
          assert.isAbove(breakerOpenMs(), 0);
        }),
    ),
  );

  it.effect("accepts an answer that reads well under a wrong content type (A14)", () =>
    bench(
      () => Effect.succeed(response(200, '[{"market":"KRW-BTC"}]', { "content-type": "text/plain" })),
      ({ run, sends }) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* run(), Result.succeed({ market: "KRW-BTC" }));
          assert.strictEqual(sends(), 1);
        }),
    ),
  );

  it.effect("never takes an answer about another market for its own (A21)", () =>
    bench(
      () => Effect.succeed(response(200, '[{"market":"KRW-BTC"},{"market":"KRW-ETH"}]')),
      ({ run }) =>
        Effect.gen(function* () {
          const result = yield* during("5 seconds", run(5_000, { expects: ({ market }) => market === "KRW-BTC" }));
          assert.deepInclude(failureOf(result), { _tag: "DecodeError", stage: "answer", path: "[1]" });
        }),
    ),
  );

  it.effect("asks a host that answers 5xx for half a minute at most a dozen times, and is back within a probe (A22)", () =>
    bench(
      () =>
        Effect.map(Clock.currentTimeMillis, (now) => (now < 30_000 ? response(503, "busy") : good)),
      ({ run, sends, breakerOpenMs }) =>
        Effect.gen(function* () {
          const callers = Effect.forEach(
            Array.from({ length: 300 }),
            (_, i) => Effect.andThen(Effect.sleep(i * 100), run(1_000)),
            { concurrency: "unbounded", discard: true },
          );
          yield* during("30 seconds", Effect.timeoutOption(callers, "30 seconds"));
          assert.isAtLeast(sends(), 3);
          assert.isAtMost(sends(), 12);
          yield* TestClock.adjust(Math.ceil(breakerOpenMs()));
          assert.strictEqual(tagOf(yield* run()), "answered");
          assert.strictEqual(breakerOpenMs(), 0);
        }),
    ),
  );

  it.effect("waits as long as Retry-After says, and so does everybody else (A23)", () =>
    bench(
      (index) => Effect.succeed(index === 0 ? response(503, "", { "retry-after": "3" }) : good),
      ({ run, sends, breakerOpenMs }) =>
        Effect.gen(function* () {
          const first = yield* Effect.forkChild(run(), { startImmediately: true });
          assert.strictEqual(tagOf(yield* run()), "CircuitOpen");
          yield* TestClock.adjust("2999 millis");
          assert.strictEqual(sends(), 1);
          yield* TestClock.adjust("101 millis");
          assert.strictEqual(tagOf(yield* Fiber.join(first)), "answered");
          assert.strictEqual(breakerOpenMs(), 0);
        }),
    ),
  );

  for (const [header, heldMs] of [
    ["-5", 1_000],
    ["0", 1_000],
    ["90", 90_000],
    ["86400", 600_000],
  ] as const) {
    it.effect(`holds the host for ${heldMs} ms at a Retry-After of ${header}`, () =>
      bench(
        () => Effect.succeed(response(503, "", { "retry-after": header })),
        ({ run, sends, breakerOpenMs }) =>
          Effect.gen(function* () {
            assert.strictEqual(tagOf(yield* run(900)), "UpstreamError");
            assert.strictEqual(sends(), 1);
            assert.strictEqual(breakerOpenMs(), heldMs);
          }),
      ),
    );
  }

  const wide: LimitTable = { ...limits, groups: { ticker: { limit: 10_000, windowMs: 1_000 } } };
  const neverOpens = { breaker: { ...defaultRestPolicy.breaker, consecutive: Infinity, minimumCalls: Infinity } };

  it.effect("a hundred failing calls do not become three hundred requests (D12)", () =>
    bench(
      () => Effect.succeed(response(503, "busy")),
      ({ run, sends }) =>
        Effect.gen(function* () {
          const results = yield* during("5 seconds", Effect.all(Array.from({ length: 100 }, () => run()), { concurrency: "unbounded" }));
          assert.isTrue(results.every((result) => tagOf(result) === "UpstreamError"));
          assert.isAtLeast(sends(), 101);
          assert.isAtMost(sends(), 120);
        }),
      { limits: wide, policy: neverOpens },
    ),
  );

  it.effect("sends one probe for a thousand callers when the breaker's time is over, and the rest fail at once (D14)", () => {
    let mode: "down" | "hang" | "up" = "down";
    return bench(
      () => (mode === "down" ? reset : mode === "hang" ? Effect.never : Effect.succeed(good)),
      ({ run, sends, breakerOpenMs }) =>
        Effect.gen(function* () {
          yield* during("1 second", run());
          mode = "hang";
          yield* TestClock.adjust(Math.ceil(breakerOpenMs()));
          const before = sends();
          const probe = yield* Effect.forkChild(run(60_000), { startImmediately: true });
          const others = yield* Effect.all(Array.from({ length: 1_000 }, () => run()), { concurrency: "unbounded" });
          assert.isTrue(others.every((result) => tagOf(result) === "CircuitOpen"));
          assert.strictEqual(sends() - before, 1);
          // A probe that is given up leaves its place to the next caller.
          yield* Fiber.interrupt(probe);
          mode = "up";
          assert.strictEqual(tagOf(yield* run()), "answered");
          assert.strictEqual(breakerOpenMs(), 0);
        }),
      { limits: wide },
    );
  });

  it.effect("a hung attempt ends at its own timeout and frees the probe", () => {
    let hang = false;
    return bench(
      () => (hang ? Effect.never : reset),
      ({ run, breakerOpenMs }) =>
        Effect.gen(function* () {
          yield* during("1 second", run());
          hang = true;
          yield* TestClock.adjust(Math.ceil(breakerOpenMs()));
          const result = yield* during("10 seconds", run(60_000));
          assert.deepInclude(failureOf(result), { _tag: "TimeoutError", phase: "attempt", timeoutMs: 10_000 });
          assert.isAbove(breakerOpenMs(), 5_000, "open again, for longer");
        }),
    );
  });

  it.effect("ends at the caller's deadline, whatever the attempt is doing", () =>
    bench(
      () => Effect.never,
      ({ run, attempts }) =>
        Effect.gen(function* () {
          const result = yield* during("1 second", run(700));
          assert.deepInclude(failureOf(result), { _tag: "TimeoutError", phase: "deadline", timeoutMs: 700 });
          assert.deepInclude(attempts[0], { outcome: "TimeoutError", durationMs: 700, status: null });
        }),
    ),
  );

  it.effect("sends nothing for a caller whose deadline is over or whose turn comes too late", () =>
    bench(
      () => Effect.succeed(good),
      ({ run, sends }) =>
        Effect.gen(function* () {
          assert.strictEqual(tagOf(yield* run(0)), "TimeoutError");
          yield* Effect.replicateEffect(run(), 10);
          assert.strictEqual(tagOf(yield* run(1_000)), "RateLimited");
          assert.strictEqual(sends(), 10);
        }),
    ),
  );

  it.effect("a 429 pauses the group, is retried once after the pause, and does not count against the host", () =>
    bench(
      (index) => Effect.succeed(index === 0 ? response(429, "") : good),
      ({ run, sends, breakerOpenMs }) =>
        Effect.gen(function* () {
          const caller = yield* Effect.forkChild(run(), { startImmediately: true });
          const limiter = yield* RateLimiter;
          assert.deepStrictEqual([limiter.waitMs("ticker") > 0, limiter.waitMs("candle")], [true, 0]);
          yield* TestClock.adjust("999 millis");
          assert.strictEqual(sends(), 1);
          yield* TestClock.adjust("1 millis");
          assert.strictEqual(tagOf(yield* Fiber.join(caller)), "answered");
          assert.strictEqual(breakerOpenMs(), 0);
        }),
    ),
  );

  it.effect("a second 429, or one whose pause does not fit, is the caller's answer", () =>
    bench(
      () => Effect.succeed(response(429, "")),
      ({ run, sends }) =>
        Effect.gen(function* () {
          assert.strictEqual(tagOf(yield* during("5 seconds", run())), "RateLimited");
          assert.strictEqual(sends(), 2);
          assert.strictEqual(tagOf(yield* run(500)), "RateLimited");
          assert.strictEqual(sends(), 3);
        }),
    ),
  );

  it.effect("a 418 silences the host at once and is never retried", () =>
    bench(
      () => Effect.succeed(response(418, "", { "retry-after": "120" })),
      ({ run, sends }) =>
        Effect.gen(function* () {
          const result = yield* run(600_000);
          assert.deepInclude(failureOf(result), { _tag: "RateLimited", scope: "ip", status: 418 });
          assert.strictEqual((yield* RateLimiter).blockedMs(), 120_000);
          const next = yield* run();
          assert.deepInclude(failureOf(next), { _tag: "RateLimited", scope: "ip", status: null });
          assert.strictEqual(sends(), 1);
        }),
    ),
  );

  it.effect("an error that trying again cannot help is not tried again", () =>
    bench(
      () => Effect.succeed(response(302, "")),
      ({ run, sends, breakerOpenMs }) =>
        Effect.gen(function* () {
          for (let i = 0; i < 5; i++) assert.strictEqual(tagOf(yield* run()), "UpstreamError");
          assert.strictEqual(sends(), 5);
          assert.strictEqual(breakerOpenMs(), 0);
        }),
    ),
  );
});
