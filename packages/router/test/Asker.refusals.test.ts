/** Questions that no tier may be asked: which error is told, and that the network is left alone. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Fiber } from "effect";
import { TestClock } from "effect/testing";
import { Cache } from "../src/cache/Cache.ts";
import { keyId } from "../src/domain/StreamKey.ts";
import { CircuitOpen } from "../src/errors/MarketDataError.ts";
import { RateLimiter } from "../src/limits/RateLimiter.ts";
import { getTicker, getTrades, type MarketData } from "../src/MarketData.ts";
import { btc, ticker } from "./samples.ts";
import { answered, frame, routerOver, type Stub, stubOf, tickers } from "./stubServices.ts";

const key = keyId({ kind: "ticker", market: btc });
const start = Date.UTC(2026, 0, 31);

const test = (title: string, stub: Stub, effect: Effect.Effect<unknown, unknown, MarketData | Cache | RateLimiter>) =>
  it.effect(title, () => Effect.provide(effect, routerOver(stub)));

describe("when nobody can be asked", () => {
  const open = stubOf(tickers());
  test(
    "an open breaker is told as such, with its wait, for any kind of question",
    open,
    Effect.gen(function* () {
      open.breakerOpenMs = 4_000;
      for (const ask of [getTicker("KRW-BTC"), getTrades("KRW-BTC", { count: 10 })]) {
        const error = yield* Effect.flip(ask as Effect.Effect<unknown, unknown, MarketData>);
        assert.instanceOf(error, CircuitOpen);
        assert.strictEqual(error.retryAfterMs, 4_000);
      }
      assert.strictEqual(open.asked.length, 0);
    }),
  );

  const busy = stubOf(tickers());
  test(
    "a limiter that cannot serve in time is told as RateLimited, and a blocked address as such",
    busy,
    Effect.gen(function* () {
      const limiter = yield* RateLimiter;
      yield* limiter.pauseGroup("ticker", 60_000);
      const local = yield* Effect.flip(getTicker("KRW-BTC"));
      assert(local._tag === "RateLimited");
      assert.deepStrictEqual([local.scope, local.group], ["local", "ticker"]);
      assert.isAtLeast(local.retryAfterMs, 59_000);
      yield* limiter.block(120_000);
      const banned = yield* Effect.flip(getTicker("KRW-BTC"));
      assert(banned._tag === "RateLimited");
      assert.deepStrictEqual([banned.scope, banned.status], ["ip", 418]);
      assert.isAbove(banned.retryAfterMs, 119_000);
      assert.strictEqual(busy.asked.length, 0);
    }),
  );

  const silent = stubOf(tickers());
  test(
    "a caller who forbids REST waits for the socket, and never longer than the deadline",
    silent,
    Effect.gen(function* () {
      silent.connected = true;
      const started = yield* Effect.clockWith((clock) => clock.monotonicTimeNanos);
      const fiber = yield* Effect.forkChild(
        Effect.flip(getTicker("KRW-BTC", { strategy: "websocket_only", realtime: true, deadline: 1_500 })),
        { startImmediately: true },
      );
      yield* TestClock.adjust("1499 millis");
      assert.isUndefined(fiber.pollUnsafe());
      for (let i = 0; i < 1_000 && fiber.pollUnsafe() === undefined; i++) yield* TestClock.adjust("1 millis");
      const tookMs = Number((yield* Effect.clockWith((clock) => clock.monotonicTimeNanos)) - started) / 1e6;
      assert.isAtMost(tookMs, 1_502);
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "TimeoutError");
      assert.include(silent.wanted, key);
      assert.strictEqual(silent.asked.length, 0);
    }),
  );

  const opening = stubOf(tickers());
  test(
    "a caller who forbids REST is answered by the socket as soon as it speaks",
    opening,
    Effect.gen(function* () {
      yield* TestClock.setTime(start);
      const cache = yield* Cache;
      opening.awaitLive = Effect.andThen(
        Effect.sleep("300 millis"),
        Effect.suspend(() => Effect.provideService(frame(opening, ticker("102", start)), Cache, cache)),
      );
      opening.connected = true;
      const { value, provenance } = yield* answered(getTicker("KRW-BTC", { strategy: "websocket_only" }));
      assert.deepStrictEqual([value.price.number, provenance.channel, provenance.stale], [102, "websocket", false]);
      assert.strictEqual(opening.asked.length, 0);
    }),
  );

  const impossible = stubOf(tickers());
  test(
    "a question that the allowed channel never answers is refused as the caller's mistake",
    impossible,
    Effect.gen(function* () {
      const error = yield* Effect.flip(getTrades("KRW-BTC", { count: 10, strategy: "websocket_only" }));
      assert(error._tag === "InvalidRequest");
      assert.strictEqual(error.field, "strategy");
    }),
  );
});
