/** A read that waits for its key's first element, over a scripted exchange: in attempts, on one subscription, each end told with its cause. */
import { assert, describe, it } from "@effect/vitest";
import { Clock, Effect, Fiber, Layer, Metric } from "effect";
import { TestClock } from "effect/testing";
import { Cache } from "../../src/cache/Cache.ts";
import type { ResolvedIntent } from "../../src/domain/Question.ts";
import { keyId } from "../../src/domain/StreamKey.ts";
import { InvalidRequest } from "../../src/errors/MarketDataError.ts";
import { FallbackManager } from "../../src/fallback/FallbackManager.ts";
import { ModeControl } from "../../src/fallback/ModeControl.ts";
import { Health } from "../../src/health/HealthLedger.ts";
import * as Metrics from "../../src/health/Metrics.ts";
import { Subscriptions } from "../../src/stream/Subscriptions.ts";
import * as LiveSubscription from "../../src/tiers/LiveSubscription.ts";
import { intent, questions } from "../samples.ts";
import { btc, ScriptedExchange, ticker, tickerKey } from "../stream/exchange.ts";

/** One read by this tier alone: when it ended, how, and the attempts as `outcome: reason after ms`. */
const read = (changes: Partial<ResolvedIntent> = {}) =>
  Effect.gen(function* () {
    const tier = yield* LiveSubscription.make;
    const manager = yield* FallbackManager;
    const clock = yield* Clock.Clock;
    const startedNanos = clock.monotonicTimeNanosUnsafe();
    const question = { ...questions.ticker, intent: { ...intent, realtime: true, ...changes } };
    const result = yield* Effect.result(manager.run(question, [tier], question.intent.deadlineMs));
    const attempts = result._tag === "Success" ? result.success.attempts : result.failure.attempts;
    return {
      atMs: Number(clock.monotonicTimeNanosUnsafe() - startedNanos) / 1e6,
      end: result._tag === "Success" ? result.success.answer.channel : result.failure.error._tag,
      attempts: attempts.map(({ outcome, reason, durationMs }) => `${outcome}: ${reason} after ${durationMs}`),
    };
  });

/** The read while the clock goes on; `at` says what the exchange does when. */
const during = (exchange: ScriptedExchange, atMs: number, act: () => void, changes: Partial<ResolvedIntent> = {}) =>
  Effect.gen(function* () {
    const { open } = yield* Subscriptions;
    open();
    yield* TestClock.adjust(100);
    const fiber = yield* Effect.forkChild(read(changes), { startImmediately: true });
    yield* TestClock.adjust(atMs);
    act();
    yield* TestClock.adjust(5_000);
    assert.strictEqual(exchange.connects, exchange.sockets.length);
    return yield* Fiber.join(fiber);
  });

const over = <A, E>(exchange: ScriptedExchange, effect: Effect.Effect<A, E, Subscriptions | Cache | FallbackManager | Health>) =>
  exchange.run(
    Effect.provide(effect, Layer.fresh(FallbackManager.layer.pipe(Layer.provide(ModeControl.layer), Layer.provideMerge(Health.layer)))),
  );

const socketOnly = { strategy: "websocket_only" } as const;

/** A read whose market first speaks `atMs` after it. */
const speaksAt = (atMs: number, changes: Partial<ResolvedIntent> = socketOnly) => {
  const exchange = new ScriptedExchange();
  return over(
    exchange,
    Effect.map(
      during(exchange, atMs, () => exchange.socket.push(ticker(btc, 5, 1, true)), changes),
      (end) => ({ ...end, sent: exchange.socket.sent.length }),
    ),
  );
};

const nothingIn = (ms: number) => `missed: data: no first element in ${ms} ms after ${ms}`;

describe("a read that waits for the first element", () => {
  it.effect("is answered in the attempt in which the market speaks, the third one too, over the socket (R003-18)", () =>
    Effect.gen(function* () {
      const answered = (ms: number) => `answered: ok after ${ms}`;
      const cases: ReadonlyArray<readonly [number, ReadonlyArray<string>]> = [
        [50, [answered(50)]],
        [250, [nothingIn(200), answered(50)]],
        [900, [nothingIn(200), nothingIn(500), answered(200)]],
        [1_600, [nothingIn(200), nothingIn(500), answered(900)]],
      ];
      for (const [atMs, attempts] of cases) assert.deepStrictEqual(yield* speaksAt(atMs), { atMs, end: "websocket", attempts, sent: 1 });
    }),
  );

  it.effect("gives up after 0.2, 0.5 and 1.0 seconds, having asked the exchange once; what comes later is kept (R003-19, C-16)", () =>
    Effect.gen(function* () {
      const exchange = new ScriptedExchange();
      yield* over(
        exchange,
        Effect.gen(function* () {
          const late = yield* during(exchange, 2_500, () => exchange.socket.push(ticker(btc, 5, 1, true)), socketOnly);
          assert.deepStrictEqual([late.atMs, late.end], [1_700, "TimeoutError"]);
          assert.deepStrictEqual(late.attempts.slice(0, 2), [nothingIn(200), nothingIn(500)]);
          assert.match(late.attempts[2] ?? "", /^failed: data: TimeoutError: .* after 1000$/);
          assert.strictEqual(exchange.socket.sent.length, 1);
          const { hot } = yield* Cache;
          assert.strictEqual(hot.get(keyId(tickerKey(btc)))?.exchangeTimeMs, 1);
        }),
      );
    }),
  );

  it.effect("keeps to its caller's time: half of it where REST comes after, all of it where nobody does (R003-14)", () =>
    Effect.gen(function* () {
      const auto = yield* speaksAt(3_000, { deadlineMs: 1_000 });
      assert.deepStrictEqual([auto.atMs, auto.attempts.length], [500, 2]);
      const alone = yield* speaksAt(3_000, { ...socketOnly, deadlineMs: 1_000 });
      assert.deepStrictEqual([alone.atMs, alone.attempts.length], [1_000, 3]);
    }),
  );

  it.effect("is over with the first element at once, and with an error frame at once", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* speaksAt(60)).atMs, 60);
      const exchange = new ScriptedExchange();
      const error = new InvalidRequest({ field: "request", input: "", reason: "WRONG_FORMAT", name: "WRONG_FORMAT" });
      const refused = yield* over(
        exchange,
        during(exchange, 300, () => exchange.socket.push({ _tag: "Failure", error }), socketOnly),
      );
      assert.deepStrictEqual([refused.atMs, refused.end], [300, "InvalidRequest"]);
      assert.match(refused.attempts[1] ?? "", /^failed: subscription: InvalidRequest: /);
    }),
  );

  it.effect("tells the cause of every end, and counts it (R003-17)", () =>
    Effect.gen(function* () {
      const exchange = new ScriptedExchange();
      const broken = yield* over(
        exchange,
        Effect.gen(function* () {
          const end = yield* during(exchange, 250, () => exchange.socket.close(1006), socketOnly);
          const count = (cause: string) =>
            Effect.map(Metric.value(Metric.withAttributes(Metrics.firstElements, { cause })), ({ count }) => count);
          assert.deepStrictEqual([yield* count("data"), yield* count("connection"), yield* count("answered")], [1, 1, 0]);
          return end;
        }),
      );
      assert.strictEqual(broken.atMs, 250);
      assert.strictEqual(broken.attempts[0], nothingIn(200));
      assert.match(broken.attempts[1] ?? "", /^failed: connection: NetworkError: /);
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())),
  );

  it.effect("does not wait at all when it asked for neither realtime nor the socket alone", () =>
    Effect.gen(function* () {
      const { atMs, attempts, sent } = yield* speaksAt(50, { realtime: false });
      assert.deepStrictEqual([atMs, attempts, sent], [0, ["missed: not_live after 0"], 0]);
    }),
  );
});
