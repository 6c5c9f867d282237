/** When a REST call is tried again and when it never is, and how often a host that fails is asked. */
import { assert, describe, it } from "@effect/vitest";
import { Clock, Effect, Fiber } from "effect";
import { TestClock } from "effect/testing";
import type { LimitTable } from "../../src/limits/LimitTable.ts";
import { RateLimiter } from "../../src/limits/RateLimiter.ts";
import { defaultRestPolicy } from "../../src/transport/RestPolicy.ts";
import { bench, during, failureOf, reset, tagOf } from "./restBench.ts";
import { good, limits, response } from "./stubVenue.ts";

describe("retries of Rest", () => {
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
          const callers = Effect.all(
            Array.from({ length: 6 }, () => run(60_000)),
            { concurrency: "unbounded" },
          );
          const results = yield* during("10 seconds", callers);
          assert.deepStrictEqual(results.map(tagOf).sort(), [...Array(3).fill("CircuitOpen"), ...Array(3).fill("NetworkError")]);
          assert.strictEqual(sends(), 3);
        }),
      { limits: narrow, policy: { attempts: 1 } },
    ),
  );

  it.effect("asks a host that answers 5xx for half a minute at most a dozen times, and is back within a probe (A22)", () =>
    bench(
      () => Effect.map(Clock.currentTimeMillis, (now) => (now < 30_000 ? response(503, "busy") : good)),
      ({ run, sends, breakerOpenMs }) =>
        Effect.gen(function* () {
          const callers = Effect.forEach(Array.from({ length: 300 }), (_, i) => Effect.andThen(Effect.sleep(i * 100), run(1_000)), {
            concurrency: "unbounded",
            discard: true,
          });
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
          const results = yield* during(
            "5 seconds",
            Effect.all(
              Array.from({ length: 100 }, () => run()),
              { concurrency: "unbounded" },
            ),
          );
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
          const others = yield* Effect.all(
            Array.from({ length: 1_000 }, () => run()),
            { concurrency: "unbounded" },
          );
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
          assert.strictEqual((yield* RateLimiter).blockedMs(), 121_000);
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
