/** Reading again behind the callers' backs: one at a time, at nobody's cost, and never at the price of the last good value. */
import { assert, describe, expectTypeOf, it } from "@effect/vitest";
import { Clock, Effect, Fiber, Layer } from "effect";
import { TestClock } from "effect/testing";
import { Cache, maxRefreshes, type WarmKey } from "../../src/cache/Cache.ts";
import { NetworkError } from "../../src/errors/MarketDataError.ts";
import { RateLimiter } from "../../src/limits/RateLimiter.ts";
import { layer as configLayer } from "../../src/RouterConfig.ts";
import { btc, marketOf } from "../samples.ts";

const key: WarmKey = { kind: "candles", market: btc, parts: ["1m", "200"] };
const error = new NetworkError({ phase: "connect", host: "", code: "ECONNRESET", detail: null });
const same = { differs: () => false };

/** Readings that take 100 ms and give their number, unless they fail. */
const readings = () => {
  const seen = { begun: 0, under: 0, most: 0, fails: false };
  const load = Effect.suspend(() => {
    const nth = ++seen.begun;
    seen.most = Math.max(seen.most, ++seen.under);
    return Effect.andThen(
      Effect.sleep("100 millis"),
      Effect.suspend(() => (seen.fails ? Effect.fail(error) : Effect.succeed(nth))),
    ).pipe(Effect.ensuring(Effect.sync(() => void seen.under--)));
  });
  return { seen, load };
};

/** What a call comes to without time; undefined where it has to wait. */
const atOnce = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true });
    yield* TestClock.adjust(0);
    const exit = fiber.pollUnsafe();
    return exit?._tag === "Success" ? exit.value : undefined;
  });

describe("a hot key at the end of its life", () => {
  it.effect("is read again once per life, behind a hundred callers a second of whom none waits (E04)", () =>
    Effect.gen(function* () {
      const cache = yield* Cache;
      const { load, seen } = readings();
      const ask = cache.warm(key, 60_000, load, { ...same, boundMs: () => 1_000, refresh: load });
      const first = yield* Effect.forkChild(ask, { startImmediately: true });
      yield* TestClock.adjust("100 millis");
      yield* Fiber.join(first);
      let oldest = 0;
      const clock = yield* Clock.Clock;
      for (let nth = 0; nth < 1_000; nth++) {
        yield* TestClock.adjust("10 millis");
        const answer = yield* atOnce(ask);
        assert.isTrue(answer?.hit, `call ${nth} waited`);
        if (answer !== undefined) oldest = Math.max(oldest, Number(clock.monotonicTimeNanosUnsafe() - answer.entry.sinceNanos) / 1e6);
      }
      assert.isAtMost(oldest, 1_000);
      assert.strictEqual(seen.most, 1);
      // Ten seconds hold ten to fourteen lives of which four fifths pass before the reading.
      assert.isAtLeast(seen.begun, 9);
      assert.isAtMost(seen.begun, 15);

      // The exchange fails: the last good value answers until its own time is over, readings wait between each other, and then callers wait.
      seen.fails = true;
      const before = seen.begun;
      let hits = 0;
      while ((yield* atOnce(ask))?.hit === true) {
        hits++;
        yield* TestClock.adjust("10 millis");
      }
      assert.isAtLeast(hits, 8);
      assert.isAtMost(hits, 101);
      assert.isAtMost(seen.begun - before, 4);
      // It comes back, and so does the answer: no failure was kept.
      yield* TestClock.adjust("100 millis");
      seen.fails = false;
      const again = yield* Effect.forkChild(ask, { startImmediately: true });
      yield* TestClock.adjust("100 millis");
      assert.strictEqual((yield* Fiber.join(again)).entry.value, seen.begun);
    }).pipe(Effect.provide(Layer.fresh(Cache.layerTest))),
  );

  it.effect("is not stored when it was forgotten meanwhile, and nobody joins what was asked before", () =>
    Effect.gen(function* () {
      const cache = yield* Cache;
      const { load, seen } = readings();
      const ask = cache.warm(key, 60_000, load);
      const before = yield* Effect.forkChild(ask, { startImmediately: true });
      yield* TestClock.adjust("50 millis");
      yield* cache.invalidate(btc);
      const after = yield* Effect.forkChild(ask, { startImmediately: true });
      yield* TestClock.adjust("100 millis");
      assert.deepStrictEqual([(yield* Fiber.join(before)).entry.value, (yield* Fiber.join(after)).entry.value], [1, 2]);
      assert.deepStrictEqual([cache.peekWarm(key)?.value, seen.begun], [2, 2]);
    }).pipe(Effect.provide(Layer.fresh(Cache.layerTest))),
  );
});

const limits = {
  groups: { candle: { limit: 10, windowMs: 1_000 } },
  socketConnect: { limit: 5, windowMs: 1_000 },
  socketMessage: [{ limit: 5, windowMs: 1_000 }],
};

describe("seven hundred entries of one moment", () => {
  it.effect("end apart from each other and none after its bound; their readings obey the limit and make nobody wait (E05)", () =>
    Effect.gen(function* () {
      const cache = yield* Cache;
      const limiter = yield* RateLimiter;
      const clock = yield* Clock.Clock;
      const nowMs = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6;
      const boundMs = 30_000;
      const grants: Array<number> = [];
      let under = 0;
      const read = Effect.suspend(() => {
        under++;
        assert.isAtMost(under, maxRefreshes);
        return limiter.acquire("candle", { priority: "low", maxWaitMs: 5_000 });
      }).pipe(
        Effect.tap((grant) => Effect.sync(() => void grants.push(nowMs())).pipe(Effect.andThen(limiter.ended(grant, true)))),
        Effect.ensuring(Effect.sync(() => void under--)),
      );
      const keys = Array.from({ length: 700 }, (_, i): WarmKey => ({ ...key, market: marketOf(`KRW-M${i}`) }));
      for (const one of keys) yield* cache.warm(one, 60_000, Effect.succeed(one.market), { boundMs: () => boundMs });
      const lives = keys.map((one) => cache.peekWarm(one)?.lifeMs ?? 0);
      assert.isAtMost(Math.max(...lives), boundMs);
      assert.isAtLeast(Math.min(...lives), 24_500);
      const perTenth = Map.groupBy(lives, (lifeMs) => Math.floor(lifeMs / 100));
      for (const [tenth, ended] of perTenth) assert.isBelow(ended.length, 35, `${tenth}00 ms`);

      // All of them are in use when their lives run out.
      yield* TestClock.adjust("20 seconds");
      for (let round = 0; round < 20; round++) {
        yield* TestClock.adjust("200 millis");
        for (const one of keys) {
          const answer = yield* cache.warm(one, 60_000, Effect.die("waited"), {
            boundMs: () => boundMs,
            refresh: Effect.as(read, one.market),
          });
          assert.isTrue(answer.hit);
        }
      }
      assert.isAtLeast(grants.length, 20);
      for (const [nth, atMs] of grants.entries()) assert.isTrue(nth < 10 || atMs - (grants[nth - 10] ?? 0) >= 1_000);
    }).pipe(Effect.provide(Layer.mergeAll(Layer.fresh(Cache.layerTest), RateLimiter.layerTest(limits)))),
  );
});

describe("ten thousand callers at once", () => {
  it.effect("over fifty keys are fifty readings, and not one of them holds up another (R000-09)", () =>
    Effect.gen(function* () {
      const cache = yield* Cache;
      let loads = 0;
      const ask = (i: number) =>
        cache.warm(
          { ...key, parts: [String(i % 50)] },
          1_000,
          Effect.sync(() => ++loads && i % 50),
          { boundMs: () => 1_000 },
        );
      // The first of them is stuck for good; nobody else may notice.
      yield* Effect.forkChild(cache.warm({ ...key, parts: ["stuck"] }, 1_000, Effect.never), { startImmediately: true });
      const fibers = yield* Effect.forEach(Array.from({ length: 10_000 }), (_, i) => Effect.forkChild(ask(i), { startImmediately: true }));
      // Those who leave take nothing from the others.
      for (const fiber of fibers.slice(0, 100)) yield* Fiber.interrupt(fiber);
      yield* TestClock.adjust(0);
      const values = yield* Effect.forEach(fibers.slice(100), Fiber.join);
      for (const [i, { entry }] of values.entries()) assert.strictEqual(entry.value, (i + 100) % 50);
      assert.isAtMost(loads, 50);
      assert.strictEqual(cache.warmSize().entries, 50);
    }).pipe(Effect.provide(Layer.fresh(Cache.layerTest))),
  );

  it("is asked in Effects alone, but for what stands in the way of every answer and is read in memory (R000-10)", () => {
    type Service = Cache["Service"];
    type Given<K extends keyof Service> = Service[K] extends (...given: never) => infer R ? R : Service[K];
    type Asynchronous = { [K in keyof Service]: Given<K> extends Effect.Effect<unknown, unknown, unknown> ? K : never }[keyof Service];
    expectTypeOf<Asynchronous>().toEqualTypeOf<"warm" | "refreshWarm" | "invalidate" | "clear">();
    expectTypeOf<Exclude<keyof Service, Asynchronous>>().toEqualTypeOf<"hot" | "transition" | "peekWarm" | "warmSize" | "warmCounts">();
  });
});

describe("the counts", () => {
  it.effect("tell hits from misses, late hits from habits, and what was read ahead and used from what was not", () =>
    Effect.gen(function* () {
      const cache = yield* Cache;
      const numbered = (nth: number): WarmKey => ({ ...key, parts: [String(nth)] });
      const ask = (nth: number) => cache.warm(numbered(nth), 1_000, Effect.succeed(nth), { refresh: Effect.succeed(nth) });
      const ahead = (nth: number) =>
        Effect.andThen(cache.refreshWarm(numbered(nth), { refresh: Effect.succeed(nth) }), TestClock.adjust(0));
      // A miss, a hit, and a late one, which has it read again.
      yield* ask(1);
      yield* ask(1);
      yield* TestClock.adjust("900 millis");
      yield* ask(1);
      yield* TestClock.adjust(0);
      assert.deepStrictEqual(cache.warmCounts(), { hits: 2, misses: 1, refreshes: 1, readAhead: 0, aheadUsed: 0, aheadWasted: 0 });
      // Used: once, however often. Asked for too late; read again unused; pushed out; forgotten.
      for (const nth of [2, 3]) yield* ahead(nth);
      yield* ask(2);
      yield* ask(2);
      assert.deepInclude(cache.warmCounts(), { hits: 4, misses: 1, readAhead: 2, aheadUsed: 1, aheadWasted: 0 });
      yield* TestClock.adjust("2 seconds");
      yield* ask(3);
      assert.deepInclude(cache.warmCounts(), { misses: 2, aheadUsed: 1, aheadWasted: 1 });
      yield* ahead(4);
      yield* ahead(4);
      assert.deepInclude(cache.warmCounts(), { readAhead: 4, aheadWasted: 2 });
      for (const nth of [5, 6]) yield* ask(nth);
      assert.deepInclude(cache.warmCounts(), { aheadWasted: 2 });
      yield* ask(7);
      assert.deepInclude(cache.warmCounts(), { aheadWasted: 3 });
      yield* ahead(8);
      yield* cache.invalidate(btc);
      assert.deepInclude(cache.warmCounts(), { aheadWasted: 4 });
      yield* ahead(9);
      yield* cache.clear;
      assert.deepInclude(cache.warmCounts(), { readAhead: 6, aheadUsed: 1, aheadWasted: 5 });
      assert.deepStrictEqual(cache.warmSize(), { entries: 0, bytes: 0 });
    }).pipe(Effect.provide(Layer.provide(Layer.fresh(Cache.layerTest), configLayer({ warmCapacity: 3 })))),
  );
});

describe("readings ahead", () => {
  it.effect("are so many at once and no more, leave the order of use alone, and fail nobody", () =>
    Effect.gen(function* () {
      const cache = yield* Cache;
      const numbered = (nth: number): WarmKey => ({ ...key, parts: [String(nth)] });
      for (const nth of [1, 2]) yield* cache.warm(numbered(nth), 1_000, Effect.succeed(nth));
      assert.isTrue(yield* cache.refreshWarm(numbered(1), { refresh: Effect.succeed(10) }));
      assert.isTrue(yield* cache.refreshWarm(numbered(2), { refresh: Effect.die("broken") }));
      yield* TestClock.adjust(0);
      assert.deepStrictEqual(
        [1, 2].map((nth) => cache.peekWarm(numbered(nth))?.value),
        [10, 2],
      );
      yield* cache.warm(numbered(3), 1_000, Effect.succeed(3));
      assert.deepStrictEqual(
        [1, 2, 3].map((nth) => cache.peekWarm(numbered(nth))?.value),
        [undefined, 2, 3],
      );
      const begun = yield* Effect.forEach(Array.from({ length: maxRefreshes + 5 }), (_, nth) =>
        cache.refreshWarm(numbered(100 + nth), { refresh: Effect.never }),
      );
      assert.strictEqual(begun.filter(Boolean).length, maxRefreshes);
      assert.isFalse(yield* cache.refreshWarm(numbered(100), { refresh: Effect.never }));
    }).pipe(Effect.provide(Layer.provide(Layer.fresh(Cache.layerTest), configLayer({ warmCapacity: 2 })))),
  );
});
