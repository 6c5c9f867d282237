/** The cache service: one load per question, ages by the monotonic clock, nothing kept of a failure. */
import { assert, describe, it } from "@effect/vitest";
import { Clock, Effect, Fiber, Layer } from "effect";
import { TestClock } from "effect/testing";
import { Cache, type WarmKey } from "../../src/cache/Cache.ts";
import { keyId } from "../../src/domain/StreamKey.ts";
import { NetworkError } from "../../src/errors/MarketDataError.ts";
import { layer as configLayer } from "../../src/RouterConfig.ts";
import { btc, marketOf } from "../samples.ts";

const key: WarmKey = { kind: "candles", market: btc, parts: ["1m", "200"] };

/** A load that takes 100 ms and gives the number of its run. */
const loader = () => {
  const seen = { loads: 0 };
  return { seen, load: Effect.suspend(() => Effect.as(Effect.sleep("100 millis"), ++seen.loads)) };
};

/** Runs something to its end, moving the clock by 100 ms meanwhile. */
const throughLoad = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true });
    yield* TestClock.adjust("100 millis");
    return yield* Fiber.join(fiber);
  });

describe("Cache.warm", () => {
  it.effect("loads once for fifty callers at once, and separately for different questions (R004-44)", () =>
    Effect.gen(function* () {
      const cache = yield* Cache;
      const { load, seen } = loader();
      const callers = Effect.all(
        Array.from({ length: 50 }, () => cache.warm(key, 1_000, load)),
        { concurrency: "unbounded" },
      );
      const answers = yield* throughLoad(callers);
      assert.strictEqual(seen.loads, 1);
      for (const { entry, hit } of answers) assert.deepStrictEqual([entry.value, hit], [1, false]);
      const others: ReadonlyArray<WarmKey> = [
        { ...key, parts: ["1M", "200"] },
        { ...key, kind: "trades" },
        { ...key, market: marketOf("KRW-ETH") },
      ];
      yield* throughLoad(
        Effect.all(
          others.map((other) => cache.warm(other, 1_000, load)),
          { concurrency: "unbounded" },
        ),
      );
      assert.strictEqual(seen.loads, 4);
      const again = yield* cache.warm(key, 1_000, load);
      assert.deepStrictEqual([again.entry.value, again.hit], [1, true]);
    }).pipe(Effect.provide(Cache.layerTest)),
  );

  it.effect("serves an entry up to the age asked for, and not a moment longer", () =>
    Effect.gen(function* () {
      const cache = yield* Cache;
      const { load } = loader();
      yield* throughLoad(cache.warm(key, 1_000, load));
      yield* TestClock.adjust("1 second");
      assert.isTrue((yield* cache.warm(key, 1_000, load)).hit);
      assert.isFalse((yield* throughLoad(cache.warm(key, 999, load))).hit);
    }).pipe(Effect.provide(Cache.layerTest)),
  );

  it.effect("gives a failure to all who joined, keeps nothing of it, and loads again for the next (E03)", () =>
    Effect.gen(function* () {
      const cache = yield* Cache;
      let loads = 0;
      const error = new NetworkError({ phase: "connect", host: "", code: "ECONNRESET", detail: null });
      const load = Effect.suspend(() =>
        Effect.andThen(Effect.sleep("100 millis"), ++loads === 1 ? Effect.fail(error) : Effect.succeed(loads)),
      );
      const callers = Effect.all(
        Array.from({ length: 10 }, () => Effect.flip(cache.warm(key, 60_000, load))),
        { concurrency: "unbounded" },
      );
      assert.isTrue((yield* throughLoad(callers)).every((failure) => failure === error));
      assert.isUndefined(cache.peekWarm(key));
      const next = yield* throughLoad(cache.warm(key, 60_000, load));
      assert.deepStrictEqual([next.entry.value, next.hit], [2, false]);
    }).pipe(Effect.provide(Cache.layerTest)),
  );

  it.effect("ages by the monotonic clock: a step of the wall clock makes nothing fresh or stale", () =>
    Effect.gen(function* () {
      const test = yield* Clock.Clock;
      let step = 0;
      // The same clock with a wall that can be moved alone.
      const stepped: Clock.Clock = {
        ...test,
        sleep: (duration) => test.sleep(duration),
        currentTimeMillisUnsafe: () => test.currentTimeMillisUnsafe() + step,
        currentTimeMillis: Effect.sync(() => test.currentTimeMillisUnsafe() + step),
        monotonicTimeNanosUnsafe: () => test.monotonicTimeNanosUnsafe(),
      };
      yield* Effect.gen(function* () {
        const cache = yield* Cache;
        const { load, seen } = loader();
        yield* throughLoad(cache.warm(key, 1_000, load));
        for (const wall of [86_400_000, -86_400_000]) {
          step = wall;
          assert.isTrue((yield* cache.warm(key, 1_000, load)).hit);
        }
        yield* TestClock.adjust("1001 millis");
        step = -3_600_000;
        assert.isFalse((yield* throughLoad(cache.warm(key, 1_000, load))).hit);
        assert.strictEqual(seen.loads, 2);
      }).pipe(Effect.provide(Layer.fresh(Cache.layerTest)), Effect.provideService(Clock.Clock, stepped));
    }),
  );

  it.effect("bounds its entries by the configured capacity", () =>
    Effect.gen(function* () {
      const cache = yield* Cache;
      const numbered = (index: number): WarmKey => ({ ...key, parts: [String(index)] });
      for (let i = 0; i < 5; i++) yield* cache.warm(numbered(i), 1_000, Effect.succeed(i));
      assert.deepStrictEqual(
        [0, 1, 2, 3, 4].map((index) => cache.peekWarm(numbered(index))?.value),
        [undefined, undefined, undefined, 3, 4],
      );
    }).pipe(Effect.provide(Layer.provide(Layer.fresh(Cache.layerTest), configLayer({ warmCapacity: 2 })))),
  );
});

describe("Cache.invalidate", () => {
  it.effect("forgets a market's kind, or the whole market, in both stores and nothing else (R004-47)", () =>
    Effect.gen(function* () {
      const cache = yield* Cache;
      const eth = marketOf("KRW-ETH");
      const hotKeys = [
        keyId({ kind: "ticker", market: btc }),
        keyId({ kind: "candles", market: btc, interval: "1m" }),
        keyId({ kind: "ticker", market: eth }),
      ];
      const warmKeys: ReadonlyArray<WarmKey> = [
        { kind: "ticker", market: btc, parts: [] },
        { kind: "candles", market: btc, parts: ["1m"] },
        { kind: "ticker", market: eth, parts: [] },
      ];
      for (const id of hotKeys) {
        cache.hot.put(id, { value: 1, exchangeTimeMs: 0, receivedNanos: 0n, receivedMs: 0, confirmedNanos: 0n, channel: "rest" });
      }
      for (const warm of warmKeys) yield* cache.warm(warm, 1_000, Effect.succeed(1));
      const left = () => ({
        hot: hotKeys.map((id) => cache.hot.get(id) !== undefined),
        warm: warmKeys.map((warm) => cache.peekWarm(warm) !== undefined),
      });
      yield* cache.invalidate(btc, "candles");
      assert.deepStrictEqual(left(), { hot: [true, false, true], warm: [true, false, true] });
      yield* cache.invalidate(btc);
      assert.deepStrictEqual(left(), { hot: [false, false, true], warm: [false, false, true] });
      yield* cache.clear;
      assert.deepStrictEqual(left(), { hot: [false, false, false], warm: [false, false, false] });
    }).pipe(Effect.provide(Cache.layerTest)),
  );
});
