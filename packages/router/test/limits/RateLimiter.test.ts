/** The limiter under the virtual clock: the bound, the rate, the queue, and what a ban or a neighbour does to it. */
import { assert, describe, it } from "@effect/vitest";
import { Clock, Deferred, Effect, Exit, Fiber, Layer, Result } from "effect";
import { TestClock } from "effect/testing";
import type { Priority } from "../../src/domain/Question.ts";
import type { LimitTable } from "../../src/limits/LimitTable.ts";
import { maxWaiters } from "../../src/limits/LimitGate.ts";
import { RateLimiter } from "../../src/limits/RateLimiter.ts";
import { mostInAny } from "./generator.ts";

const table: LimitTable = {
  groups: { ticker: { limit: 10, windowMs: 1_000 }, candle: { limit: 10, windowMs: 1_000 } },
  socketConnect: { limit: 5, windowMs: 1_000 },
  socketMessage: [{ limit: 5, windowMs: 1_000 }],
};

/** A limiter whose requests are all answered the moment they are granted. */
const answeredAtOnce = Layer.effect(
  RateLimiter,
  Effect.map(RateLimiter, (limiter) => ({
    ...limiter,
    acquire: (group, options) => Effect.tap(limiter.acquire(group, options), (grant) => limiter.ended(grant, true)),
    acquireConnect: (options) => Effect.tap(limiter.acquireConnect(options), (grant) => limiter.ended(grant, true)),
  })),
);

const withLimiter = <A, E>(test: Effect.Effect<A, E, RateLimiter>) =>
  Effect.provide(test, Layer.provide(answeredAtOnce, RateLimiter.layerTest(table)));

const forever = { priority: "normal", maxWaitMs: Number.POSITIVE_INFINITY } as const;

const nowMs = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos) / 1e6);

/** Acquires, and notes under `name` when it was granted. */
const noted = (log: Array<readonly [string, number]>, name: string, priority: Priority = "normal", group = "ticker") =>
  Effect.gen(function* () {
    const limiter = yield* RateLimiter;
    yield* limiter.acquire(group, { ...forever, priority });
    log.push([name, yield* nowMs]);
  });

/** Uses up the group's window. */
const fill = (group = "ticker") => Effect.flatMap(RateLimiter, (limiter) => Effect.replicateEffect(limiter.acquire(group, forever), 10));

describe("RateLimiter", () => {
  it.effect("never sends more than ten in any 1.05 seconds and keeps up 9.5 a second", () =>
    withLimiter(
      Effect.gen(function* () {
        const log: Array<readonly [string, number]> = [];
        const callers = yield* Effect.forEach(Array.from({ length: 700 }), () => Effect.forkChild(noted(log, "caller")));
        yield* TestClock.adjust("60 seconds");
        const times = log.map(([, at]) => at);
        for (let i = 10; i < times.length; i++) assert.isAtLeast((times[i] ?? 0) - (times[i - 10] ?? 0), 1_050);
        assert.isAtLeast(times.length, 570);
        yield* Fiber.interruptAll(callers);
      }),
    ),
  );

  it.effect("serves waiting callers by priority, and in order of arrival among equals", () =>
    withLimiter(
      Effect.gen(function* () {
        yield* fill();
        const log: Array<readonly [string, number]> = [];
        const arrivals: ReadonlyArray<readonly [string, Priority]> = [
          ["low-1", "low"],
          ["normal-1", "normal"],
          ["critical-1", "critical"],
          ["normal-2", "normal"],
          ["high-1", "high"],
          ["critical-2", "critical"],
        ];
        for (const [name, priority] of arrivals) yield* Effect.forkChild(noted(log, name, priority), { startImmediately: true });
        yield* TestClock.adjust("1050 millis");
        assert.deepStrictEqual(
          log.map(([name]) => name),
          ["critical-1", "critical-2", "high-1", "normal-1", "normal-2", "low-1"],
        );
      }),
    ),
  );

  it.effect("gives the places of interrupted callers to those behind them at once (D10)", () =>
    withLimiter(
      Effect.gen(function* () {
        yield* fill();
        const log: Array<readonly [string, number]> = [];
        const fibers = yield* Effect.forEach(Array.from({ length: 100 }), (_, i) =>
          Effect.forkChild(noted(log, String(i)), { startImmediately: true }),
        );
        // The first ninety leave, the one that keeps the time among them.
        yield* Fiber.interruptAll(fibers.slice(0, 90));
        assert.strictEqual((yield* RateLimiter).waitMs("ticker"), 2_100);
        yield* TestClock.adjust("1050 millis");
        assert.deepStrictEqual(
          log,
          Array.from({ length: 10 }, (_, i) => [String(90 + i), 1_050] as const),
        );
      }),
    ),
  );

  it.effect("gives back a grant that its caller did not live to use", () =>
    withLimiter(
      Effect.gen(function* () {
        const limiter = yield* RateLimiter;
        yield* limiter.pauseGroup("ticker", 100);
        const late = yield* Deferred.make<Fiber.Fiber<unknown, unknown>>();
        // Both are granted in one moment; the first, which goes on first, interrupts the second before it can.
        const first = Effect.andThen(limiter.acquire("ticker", forever), Effect.flatMap(Deferred.await(late), Fiber.interrupt));
        const leader = yield* Effect.forkChild(first, { startImmediately: true });
        const second = yield* Effect.forkChild(limiter.acquire("ticker", forever), { startImmediately: true });
        yield* Deferred.succeed(late, second);
        yield* TestClock.adjust("100 millis");
        yield* Fiber.join(leader);
        assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(second)));
        assert.strictEqual(limiter.snapshot().find(({ group }) => group === "ticker")?.used, 1);
      }),
    ),
  );

  it.effect("refuses at once a caller whose wait cannot fit, and uses nothing for it (D11)", () =>
    withLimiter(
      Effect.gen(function* () {
        const limiter = yield* RateLimiter;
        yield* fill();
        const refused = yield* Effect.flip(limiter.acquire("ticker", { priority: "normal", maxWaitMs: 1_049 }));
        assert.deepInclude(refused, { _tag: "RateLimited", scope: "local", group: "ticker", retryAfterMs: 1_050, status: null });
        assert.strictEqual(yield* nowMs, 0);
        const fits = yield* Effect.forkChild(limiter.acquire("ticker", { priority: "normal", maxWaitMs: 1_050 }), {
          startImmediately: true,
        });
        yield* TestClock.adjust("1050 millis");
        yield* Fiber.join(fits);
        assert.strictEqual(limiter.snapshot().find(({ group }) => group === "ticker")?.used, 1);
      }),
    ),
  );

  it.effect("refuses a waiting caller as soon as more urgent ones make its wait too long", () =>
    withLimiter(
      Effect.gen(function* () {
        const limiter = yield* RateLimiter;
        yield* fill();
        const waiting = (priority: Priority, maxWaitMs: number) =>
          Effect.forkChild(limiter.acquire("ticker", { priority, maxWaitMs }), { startImmediately: true });
        // The first of the two has the tenth place, for it waits longest; the other stands behind it.
        yield* waiting("low", 1_500);
        const patient = yield* Effect.forkChild(Effect.flip(limiter.acquire("ticker", { priority: "low", maxWaitMs: 1_500 })), {
          startImmediately: true,
        });
        for (let i = 0; i < 8; i++) yield* waiting("critical", Number.POSITIVE_INFINITY);
        assert.strictEqual(patient.pollUnsafe(), undefined);
        yield* waiting("critical", Number.POSITIVE_INFINITY);
        const error = yield* Fiber.join(patient);
        assert.deepInclude(error, { scope: "local", retryAfterMs: 2_100 });
        assert.strictEqual(yield* nowMs, 0);
      }),
    ),
  );

  it.effect("refuses callers beyond the bound of the queue", () =>
    withLimiter(
      Effect.gen(function* () {
        const limiter = yield* RateLimiter;
        yield* fill();
        const fibers = yield* Effect.forEach(Array.from({ length: maxWaiters }), () =>
          Effect.forkChild(limiter.acquire("ticker", forever), { startImmediately: true }),
        );
        const error = yield* Effect.flip(limiter.acquire("ticker", forever));
        assert.deepInclude(error, { _tag: "RateLimited", scope: "local" });
        yield* Fiber.interruptAll(fibers);
        assert.strictEqual(limiter.waitMs("ticker"), 1_050);
      }),
    ),
  );

  it.effect("a 429 pauses its group and no other; waiting callers stay in line (D01)", () =>
    withLimiter(
      Effect.gen(function* () {
        const limiter = yield* RateLimiter;
        yield* limiter.pauseGroup("ticker", 3_000);
        const log: Array<readonly [string, number]> = [];
        yield* Effect.forkChild(noted(log, "ticker"), { startImmediately: true });
        yield* noted(log, "candle", "normal", "candle");
        assert.strictEqual(limiter.usage("ticker"), 1);
        assert.strictEqual(limiter.usage("candle"), 0.1);
        assert.deepInclude(limiter.snapshot()[0], { group: "ticker", limit: 10, share: 10, allowed: 5, pausedMs: 3_000, refusals: 1 });
        yield* TestClock.adjust("2999 millis");
        assert.deepStrictEqual(log, [["candle", 0]]);
        yield* TestClock.adjust("1 millis");
        assert.deepStrictEqual(log[1], ["ticker", 3_000]);
      }),
    ),
  );

  it.effect("a block silences every group and the connects, and ends every wait for a request at once", () =>
    withLimiter(
      Effect.gen(function* () {
        const limiter = yield* RateLimiter;
        yield* fill();
        const waiting = yield* Effect.forEach(Array.from({ length: 50 }), () =>
          Effect.forkChild(Effect.flip(limiter.acquire("ticker", forever)), { startImmediately: true }),
        );
        yield* limiter.block(60_000);
        for (const fiber of waiting) assert.deepInclude(yield* Fiber.join(fiber), { _tag: "RateLimited", scope: "ip" });
        assert.strictEqual(yield* nowMs, 0);
        const connect = yield* Effect.flip(limiter.acquireConnect({ priority: "high", maxWaitMs: 5_000 }));
        assert.deepInclude(connect, { scope: "ip", group: "socket-connect", retryAfterMs: 61_000 });
        assert.strictEqual(limiter.blockedMs(), 61_000);
        const after = yield* Effect.forkChild(limiter.acquireConnect(forever), { startImmediately: true });
        yield* TestClock.adjust("60999 millis");
        assert.strictEqual(after.pollUnsafe(), undefined);
        yield* TestClock.adjust("1 millis");
        yield* Fiber.join(after);
      }),
    ),
  );

  it.effect("a step of the wall clock changes neither a window nor a pause (I01)", () =>
    withLimiter(
      Effect.gen(function* () {
        const limiter = yield* RateLimiter;
        yield* TestClock.setTime(86_400_000);
        yield* fill();
        yield* limiter.pauseGroup("candle", 2_000);
        yield* TestClock.setTime(0);
        assert.deepStrictEqual([limiter.waitMs("ticker"), limiter.waitMs("candle")], [1_050, 2_000]);
        const ticker = yield* Effect.forkChild(limiter.acquire("ticker", forever), { startImmediately: true });
        yield* TestClock.adjust("1049 millis");
        assert.strictEqual(ticker.pollUnsafe(), undefined);
        yield* TestClock.adjust("1 millis");
        yield* Fiber.join(ticker);
      }),
    ),
  );

  it.effect("shrinks our share at once when answers show a neighbour on the same address, and takes it back when nobody is seen", () =>
    withLimiter(
      Effect.gen(function* () {
        const limiter = yield* RateLimiter;
        const ticker = () => limiter.snapshot().find(({ group }) => group === "ticker");
        yield* limiter.acquire("ticker", forever);
        yield* limiter.feedback("ticker", 4, 30);
        assert.strictEqual(limiter.usage("ticker"), 0.6);
        assert.deepInclude(ticker(), { allowed: 5, others: 5, used: 6 });
        yield* Effect.replicateEffect(limiter.acquire("ticker", forever), 4);
        assert.strictEqual(limiter.waitMs("ticker"), 1_050);
        yield* limiter.feedback("ticker", 9, 30);
        yield* limiter.feedback("no-such-group", 0, 30);
        assert.strictEqual(limiter.usage("ticker"), 1);
        for (let i = 0; i < 45; i++) {
          yield* TestClock.adjust("700 millis");
          yield* limiter.feedback("ticker", 10, 30);
        }
        assert.deepInclude(ticker(), { allowed: 10, others: 0, used: 0 });
        // What is older than a window says nothing about now.
        yield* limiter.feedback("ticker", 0, 1_000);
        assert.deepInclude(ticker(), { allowed: 10, others: 0 });
      }),
    ),
  );

  it.effect("pauses for 1 s, then 2, 4 up to 30 s while refusals follow one another, and begins anew after an answer (D02)", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter;
      const pauses: Array<number> = [];
      const refused = Effect.gen(function* () {
        const grant = yield* limiter.acquire("ticker", forever);
        yield* limiter.pauseGroup("ticker", 1_000, grant);
        yield* limiter.ended(grant, true);
        const pausedMs = limiter.snapshot()[0]?.pausedMs ?? 0;
        pauses.push(pausedMs);
        yield* TestClock.adjust(pausedMs + 2_100);
      });
      for (let i = 0; i < 7; i++) yield* refused;
      const good = yield* limiter.acquire("ticker", forever);
      yield* limiter.ended(good, true);
      yield* TestClock.adjust("3 seconds");
      yield* refused;
      assert.deepStrictEqual(pauses, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 1_000]);
    }).pipe(Effect.provide(RateLimiter.layerTest(table))),
  );

  it.effect("counts refusals of requests that were under way together as one", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter;
      const grants = yield* Effect.replicateEffect(limiter.acquire("ticker", forever), 5);
      for (const grant of grants) {
        yield* limiter.pauseGroup("ticker", 1_000, grant);
        yield* limiter.ended(grant, true);
      }
      assert.deepInclude(limiter.snapshot()[0], { allowed: 5, pausedMs: 1_000, refusals: 5 });
    }).pipe(Effect.provide(RateLimiter.layerTest(table))),
  );

  it.effect("five hundred waiting calls end at once with a block, and five hundred new ones come back by a ramp (D08)", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter;
      yield* fill();
      const waiting = yield* Effect.forEach(Array.from({ length: 500 }), () =>
        Effect.forkChild(Effect.flip(limiter.acquire("ticker", forever)), { startImmediately: true }),
      );
      yield* limiter.block(60_000);
      for (const fiber of waiting) assert.deepInclude(yield* Fiber.join(fiber), { scope: "ip", retryAfterMs: 61_000 });
      assert.strictEqual(yield* nowMs, 0);
      const log: Array<number> = [];
      const call = (group: string) =>
        Effect.gen(function* () {
          const grant = yield* limiter.acquire(group, forever);
          log.push(yield* nowMs);
          yield* Effect.sleep(50);
          yield* limiter.ended(grant, true);
        });
      for (let i = 0; i < 500; i++) yield* Effect.forkChild(call(i % 2 === 0 ? "ticker" : "candle"), { startImmediately: true });
      yield* TestClock.adjust("61 seconds");
      assert.deepStrictEqual(log, [61_000], "one request of all groups sees whether the block is over");
      yield* TestClock.adjust("60 seconds");
      const within = (fromMs: number, toMs: number) => log.filter((at) => at > 61_000 + fromMs && at <= 61_000 + toMs).length;
      assert.isAtLeast(within(0, 10_050), 15);
      assert.isAtMost(within(0, 10_050), 22, "a tenth of two groups");
      assert.isAtLeast(within(11_000, 30_000), 150);
      assert.isAtMost(within(11_000, 30_000), 200, "half of them");
      assert.isAtLeast(within(32_000, 42_000), 180, "all of them");
    }).pipe(Effect.provide(RateLimiter.layerTest(table))),
  );

  it.effect("keeps to the limit under a burst of a thousand, the urgent ones first, the others with a tenth of the places (D09)", () =>
    withLimiter(
      Effect.gen(function* () {
        const log: Array<readonly [string, number]> = [];
        for (let i = 0; i < 1_000; i++) {
          const name = i % 2 === 0 ? "batch" : "interactive";
          yield* Effect.forkChild(noted(log, name, i % 2 === 0 ? "low" : "high"), { startImmediately: true });
        }
        yield* TestClock.adjust("60 seconds");
        const times = log.map(([, at]) => at);
        assert.isAtMost(mostInAny(times, 1_050), 10);
        assert.isAtLeast(times.length, 9 * 60);
        const queued = log.slice(10, 510).map(([name]) => name);
        assert.strictEqual(queued.filter((name) => name === "batch").length, 50);
        assert.strictEqual(queued.filter((name) => name === "interactive").length, 450);
      }),
    ),
  );

  it.effect("holds an unknown group to the strictest limit of the table", () =>
    withLimiter(
      Effect.gen(function* () {
        const limiter = yield* RateLimiter;
        yield* Effect.replicateEffect(limiter.acquire("news", forever), 5);
        assert.isTrue(Result.isFailure(yield* Effect.result(limiter.acquire("news", { priority: "normal", maxWaitMs: 0 }))));
      }),
    ),
  );

  const unanswered = <A, E>(test: Effect.Effect<A, E, RateLimiter>) => Effect.provide(test, RateLimiter.layerTest(table));

  it.effect("keeps the places of requests that a stalled process has not sent yet, until one window after their answers", () =>
    unanswered(
      Effect.gen(function* () {
        const limiter = yield* RateLimiter;
        const grants = yield* Effect.replicateEffect(limiter.acquire("ticker", forever), 10);
        // Nothing of this process ran for more than a window, so nothing was sent either.
        yield* TestClock.adjust("1200 millis");
        assert.strictEqual(limiter.waitMs("ticker"), 1_000);
        assert.strictEqual(limiter.usage("ticker"), 1);
        const log: Array<readonly [string, number]> = [];
        yield* Effect.forkChild(noted(log, "next"), { startImmediately: true });
        yield* TestClock.adjust("20 millis");
        yield* Effect.forEach(grants, (grant) => limiter.ended(grant, true), { discard: true });
        yield* TestClock.adjust("999 millis");
        assert.deepStrictEqual(log, []);
        yield* TestClock.adjust("1 milli");
        assert.deepStrictEqual(log, [["next", 2_220]]);
      }),
    ),
  );

  it.effect("frees the place of a request that nobody answers after three windows", () =>
    unanswered(
      Effect.gen(function* () {
        const limiter = yield* RateLimiter;
        const [slow] = yield* Effect.replicateEffect(limiter.acquire("ticker", forever), 10);
        const log: Array<readonly [string, number]> = [];
        yield* Effect.forkChild(noted(log, "next"), { startImmediately: true });
        yield* TestClock.adjust("2999 millis");
        assert.deepStrictEqual(log, []);
        yield* TestClock.adjust("1 milli");
        assert.deepStrictEqual(log, [["next", 3_000]]);
        if (slow !== undefined) yield* limiter.ended(slow, true);
        assert.strictEqual(limiter.waitMs("ticker"), 0);
      }),
    ),
  );
});
