/** The ways in which a request can go wrong between the caller and REST: lists with a bad market, deadlines of others, old answers, old lists. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Fiber, Option } from "effect";
import { TestClock } from "effect/testing";
import type { Cache } from "../src/cache/Cache.ts";
import { MarketUnknown, NetworkError, TimeoutError } from "../src/errors/MarketDataError.ts";
import { FallbackManager } from "../src/fallback/FallbackManager.ts";
import { RateLimiter } from "../src/limits/RateLimiter.ts";
import { getCandles, getTicker, type MarketData } from "../src/MarketData.ts";
import { candle, marketOf, ticker } from "./samples.ts";
import { answered, frame, routerOver, type Script, type Stub, stubOf, tickers } from "./stubServices.ts";

const start = Date.UTC(2026, 0, 31);
const down = Effect.fail(new NetworkError({ phase: "connect", host: "stub.test", code: "ECONNREFUSED", detail: null }));

const test = (title: string, stub: Stub, effect: Effect.Effect<unknown, unknown, MarketData | Cache | FallbackManager | RateLimiter>) =>
  it.effect(title, () => Effect.provide(Effect.andThen(TestClock.setTime(start), effect), routerOver(stub)));

describe("a list of 300 markets with one that does not exist", () => {
  const markets = Array.from({ length: 300 }, (_, index) => marketOf(`KRW-M${index}`));
  const bad = marketOf("KRW-M137");
  /** Refuses the whole list for one market, as exchanges do. */
  const refusing: Script = (asked) =>
    (asked.query[0] ?? "").split(",").includes(bad)
      ? Effect.fail(new MarketUnknown({ market: asked.query[0] ?? "", venue: "stub", near: [] }))
      : tickers()(asked);
  const check = (stub: Stub, requests: number) =>
    Effect.gen(function* () {
      const { answers, failures } = yield* answered(getTicker(markets));
      assert.strictEqual(answers.length, 299);
      assert.deepStrictEqual(
        failures.map(({ market, error }) => [market, error._tag]),
        [[bad, "MarketUnknown"]],
      );
      assert.isAtMost(stub.asked.length, requests);
    });

  const listed = stubOf((asked) => Effect.andThen(Effect.sleep("20 millis"), refusing(asked)));
  listed.markets = markets.filter((market) => market !== bad);
  test("costs two requests when the list of markets came meanwhile", listed, check(listed, 2));

  const blind = stubOf(refusing);
  const { script } = blind;
  blind.script = (asked) => (asked.endpoint === "markets" ? down : script(asked));
  test("is cut smaller until the bad one is found, never asked market by market", blind, check(blind, 20));
});

describe("a market that is listed while we run", () => {
  const stub = stubOf(tickers());
  test(
    "is found once the list is too old, though nothing else is asked",
    stub,
    Effect.gen(function* () {
      yield* answered(getTicker("KRW-BTC"));
      stub.markets = [...stub.markets, marketOf("KRW-BTX")];
      assert.strictEqual((yield* Effect.flip(answered(getTicker("KRW-BTX"))))._tag, "MarketUnknown");
      yield* TestClock.adjust("61 seconds");
      yield* Effect.exit(answered(getTicker("KRW-BTX")));
      assert.strictEqual((yield* answered(getTicker("KRW-BTX"))).market, "KRW-BTX");
    }),
  );

  const slow: Stub = stubOf(() => Effect.fail(new MarketUnknown({ market: "KRW-BTX", venue: "stub", near: [] })));
  const { script } = slow;
  slow.script = (asked) => (asked.endpoint === "markets" ? Effect.never : script(asked));
  test(
    "is refused within the caller's deadline, also when the names near it cannot be read",
    slow,
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(Effect.flip(getTicker("KRW-BTX", { deadline: 200 })), { startImmediately: true });
      yield* TestClock.adjust("200 millis");
      assert.isDefined(fiber.pollUnsafe());
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "MarketUnknown");
    }),
  );
});

describe("an urgent question", () => {
  const stub = stubOf(tickers());
  test(
    "is asked although the queue of less urgent ones is longer than its deadline",
    stub,
    Effect.gen(function* () {
      const limiter = yield* RateLimiter;
      const acquire = limiter.acquire("ticker", { priority: "low", maxWaitMs: Number.POSITIVE_INFINITY });
      yield* Effect.forkChild(Effect.replicateEffect(acquire, 100, { concurrency: "unbounded" }), { startImmediately: true });
      yield* TestClock.adjust(0);
      assert.strictEqual((yield* Effect.flip(answered(getTicker("KRW-ETH", { priority: "low" }))))._tag, "RateLimited");
      assert.strictEqual((yield* answered(getTicker("KRW-BTC", { priority: "critical" }))).market, "KRW-BTC");
    }),
  );
});

/** Candles in pages of 200, one a minute, the newest window forming; every page takes so long. */
const paged =
  (pageMs: number): Script =>
  ({ query }) =>
    Effect.andThen(
      Effect.sleep(pageMs),
      Effect.sync(() => {
        const to = query[3] === "" ? start + 60_000 : Number(query[3]);
        return Array.from({ length: Number(query[2]) }, (_, index) => candle(to - (index + 1) * 60_000));
      }),
    );

describe("history that took longer to read than it may be old", () => {
  const stub = stubOf(paged(3_000));
  const options = { count: 600, strategy: "rest_only", deadline: 5_000 } as const;
  test(
    "is not passed on from the cache as if it were young: it is read again",
    stub,
    Effect.gen(function* () {
      const first = yield* answered(getCandles("KRW-BTC", "1m", options));
      assert.deepStrictEqual([first.value.length, first.provenance.stale], [600, false]);
      const second = yield* answered(getCandles("KRW-BTC", "1m", options));
      assert.isFalse(second.provenance.stale);
      assert.strictEqual(stub.asked.length, 6);
    }),
  );

  const shared = stubOf(paged(3_000));
  test(
    "is not passed on to a caller who came when its first page was old already",
    shared,
    Effect.gen(function* () {
      yield* Effect.forkChild(getCandles("KRW-BTC", "1m", options), { startImmediately: true });
      yield* TestClock.adjust("8 seconds");
      const { provenance } = yield* answered(getCandles("KRW-BTC", "1m", { ...options, maxAge: 1_000 }));
      assert.isFalse(provenance.stale);
    }),
  );
});

describe("a caller who joins another one's request", () => {
  const patient = { strategy: "rest_only", deadline: 20_000 } as const;
  const stub: Stub = stubOf(({ options }) =>
    Effect.clockWith((clock) => {
      const left = Number(options.deadlineNanos - clock.monotonicTimeNanosUnsafe()) / 1e6;
      const late = Effect.fail(new TimeoutError({ phase: "deadline", timeoutMs: left, detail: null }));
      return left < 1_000
        ? Effect.andThen(Effect.sleep(left), late)
        : Effect.andThen(Effect.sleep("1 second"), Effect.succeed([candle(start)]));
    }),
  );
  test(
    "does not fail by that one's deadline",
    stub,
    Effect.gen(function* () {
      const hasty = yield* Effect.forkChild(Effect.option(getCandles("KRW-BTC", "1m", { ...patient, count: 2, deadline: 100 })), {
        startImmediately: true,
      });
      const { provenance } = yield* answered(getCandles("KRW-BTC", "1m", { ...patient, count: 2 }));
      assert.isTrue(Option.isNone(yield* Fiber.join(hasty)));
      assert.deepStrictEqual(
        provenance.attempts.map(({ tier, outcome }) => [tier, outcome]),
        [["warm_cache_rest", "answered"]],
      );
    }),
  );
});

describe("the last known value", () => {
  const stub: Stub = stubOf(({ query }) =>
    stub.asked.length === 1 ? Effect.succeed([candle(start - 60_000), candle(start - 120_000)].slice(0, Number(query[2]))) : down,
  );
  test(
    "names the store it was kept in",
    stub,
    Effect.gen(function* () {
      const options = { count: 2, onStale: "serve" } as const;
      yield* answered(getCandles("KRW-BTC", "1m", options));
      yield* TestClock.adjust("10 seconds");
      const { provenance } = yield* answered(getCandles("KRW-BTC", "1m", options));
      assert.deepStrictEqual([provenance.stale, provenance.tier], [true, "warm_cache_rest"]);
    }),
  );

  const simulated: Stub = stubOf(() => (simulated.asked.length === 1 ? Effect.succeed([ticker("100", start)]) : down));
  test(
    "says that it is made up also where an error carries it",
    simulated,
    Effect.gen(function* () {
      yield* answered(getTicker("KRW-BTC"));
      yield* TestClock.adjust("10 seconds");
      const error = yield* Effect.flip(answered(getTicker("KRW-BTC")));
      assert(error._tag === "StaleData");
      assert.isTrue(error.simulated);
    }),
  );
});

describe("calls that never reached the network", () => {
  const stub = stubOf((asked) => Effect.delay(tickers()(asked), "100 millis"));
  test(
    "say nothing about it: out of time while a batch was gathered behind another one",
    stub,
    Effect.gen(function* () {
      const manager = yield* FallbackManager;
      yield* Effect.forkChild(getTicker("KRW-ETH", { strategy: "rest_only" }), { startImmediately: true });
      yield* TestClock.adjust("5 millis");
      for (let i = 0; i < 3; i++) {
        const error = yield* Effect.flip(answered(getTicker("KRW-BTC", { deadline: 2, strategy: "rest_only" })));
        assert.strictEqual(error._tag, "TimeoutError");
      }
      assert.deepStrictEqual(
        stub.asked.map(({ query }) => query[0]),
        ["KRW-ETH"],
      );
      assert.strictEqual(manager.mode(), "normal");
    }),
  );
});

describe("a caller who leaves", () => {
  let interrupted = 0;
  const hanging = stubOf(() => Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted++)));
  test(
    "takes its request with it, unless another one waits for the same",
    hanging,
    Effect.gen(function* () {
      const callers = yield* Effect.forEach([1, 2], () => Effect.forkChild(getTicker("KRW-BTC"), { startImmediately: true }));
      yield* TestClock.adjust("10 millis");
      assert.strictEqual(hanging.asked.length, 1);
      const [first, second] = callers;
      assert(first !== undefined && second !== undefined);
      yield* Fiber.interrupt(first);
      assert.strictEqual(interrupted, 0);
      yield* Fiber.interrupt(second);
      assert.strictEqual(interrupted, 1);
    }),
  );
});

describe("a caller who forbids the socket", () => {
  const stub = stubOf(() => Effect.succeed([ticker("90", start)]));
  test(
    "gets what REST answered, not a value of the socket in its place",
    stub,
    Effect.gen(function* () {
      yield* frame(stub, ticker("100", start + 500));
      const { value, provenance } = yield* answered(getTicker("KRW-BTC", { strategy: "rest_only" }));
      assert.deepStrictEqual([value.price.number, provenance.channel], [90, "rest"]);
    }),
  );
});

describe("an exchange that keeps sending short pages", () => {
  let asked = 0;
  const stub = stubOf(() => Effect.succeed([candle(start - 60_000 * ++asked, { state: "closed" })]));
  test(
    "fails the call instead of making its answer short without a word",
    stub,
    Effect.gen(function* () {
      const error = yield* Effect.flip(answered(getCandles("KRW-BTC", "1m", { count: 500 })));
      assert.strictEqual(error._tag, "DecodeError");
      assert.include(error.message, "brought only");
    }),
  );
});
