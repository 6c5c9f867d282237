/** The chain of tiers, with tiers that do as they are told and count how often they were asked. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Fiber, Layer, Stream } from "effect";
import { TestClock } from "effect/testing";
import { type TierName, tiers as names } from "../../src/domain/Provenance.ts";
import * as Errors from "../../src/errors/MarketDataError.ts";
import { type FallbackFailure, FallbackManager } from "../../src/fallback/FallbackManager.ts";
import { ModeControl } from "../../src/fallback/ModeControl.ts";
import { Health } from "../../src/health/HealthLedger.ts";
import { type Tier, type TierAnswer, TierMiss } from "../../src/tiers/Tier.ts";
import { questions } from "../samples.ts";

type Outcome = Effect.Effect<TierAnswer, Errors.MarketDataError | TierMiss>;

const answer: TierAnswer = { value: "value", channel: "rest", exchangeTimeMs: 1, receivedNanos: 0n, receivedMs: 0, confirmedNanos: 0n };
/** An answer read at the very moment it is given. */
const now: Outcome = Effect.clockWith((clock) =>
  Effect.sync(() => {
    const nanos = clock.monotonicTimeNanosUnsafe();
    return { ...answer, receivedNanos: nanos, confirmedNanos: nanos };
  }),
);
const miss = Effect.fail(new TierMiss({ reason: "absent" }));
const network = Effect.fail(new Errors.NetworkError({ phase: "connect", host: "", code: "ECONNRESET", detail: null }));
const upstream = Effect.fail(new Errors.UpstreamError({ status: 503, name: null, detail: null, retryAfterMs: null }));
const limited = Effect.fail(new Errors.RateLimited({ group: "ticker", scope: "group", status: 429, retryAfterMs: 1_000, detail: null }));
const timeout = Effect.fail(new Errors.TimeoutError({ phase: "first-frame", timeoutMs: 1_000, detail: null }));
const decode = Effect.fail(new Errors.DecodeError({ stage: "schema", path: "[0]", detail: "Expected number" }));
const open = Effect.fail(new Errors.CircuitOpen({ target: "ticker", retryAfterMs: 1_000 }));

/** Five tiers with these outcomes, in the order of the ranking. */
const scripted = (outcomes: ReadonlyArray<Outcome>, ranking: ReadonlyArray<TierName> = names) => {
  const asked: Array<TierName> = [];
  const tiers = outcomes.map((outcome, index): Tier => {
    const name = ranking[index] ?? "cold_rest";
    return { name, ask: () => Effect.suspend(() => (asked.push(name), outcome)) };
  });
  return { asked, tiers };
};

const run = (tiers: ReadonlyArray<Tier>, deadlineMs = 5_000) =>
  Effect.flatMap(FallbackManager, (manager) => manager.run(questions.ticker, tiers, deadlineMs));
const failureOf = (outcomes: ReadonlyArray<Outcome>) => Effect.flip(run(scripted(outcomes).tiers));
const calls = (outcomes: ReadonlyArray<Outcome>) =>
  Effect.forEach(outcomes, (outcome) => Effect.exit(run(scripted([outcome]).tiers)), { discard: true });
const mode = Effect.map(FallbackManager, (manager) => manager.mode());

const trace = ({ attempts }: Pick<FallbackFailure, "attempts">) =>
  attempts.map(({ tier, outcome, reason }) => `${tier} ${outcome}: ${reason}`);

const test = (title: string, effect: Effect.Effect<unknown, unknown, FallbackManager>) =>
  it.effect(title, () => Effect.provide(effect, Layer.fresh(FallbackManager.layerTest)));

test(
  "a tier that crashes costs the call nothing but itself, and is told",
  Effect.gen(function* () {
    const { asked, tiers } = scripted([Effect.die(new Error("a bug")), now]);
    const won = yield* run(tiers);
    assert.deepStrictEqual(asked, [names[0], names[1]]);
    assert.deepStrictEqual(trace(won), [`${names[0]} failed: crashed`, `${names[1]} answered: ok`]);
    assert.strictEqual(yield* mode, "degraded");
  }),
);

test(
  "answers that the disk gave alone do not make the exchange well",
  Effect.gen(function* () {
    yield* run(scripted([network, now]).tiers);
    assert.strictEqual(yield* mode, "degraded");
    yield* TestClock.adjust("1 second");
    const kept = Effect.map(now, (read): TierAnswer => ({ ...read, kept: { rows: 5, isAll: true } }));
    yield* calls(Array.from({ length: 10 }, () => kept));
    assert.strictEqual(yield* mode, "degraded");
    yield* calls(Array.from({ length: 10 }, () => now));
    assert.strictEqual(yield* mode, "normal");
  }),
);

describe("tier-fallback", () => {
  test(
    "is a suite that passes over any number of failing tiers, in the order of any ranking (R000-24)",
    Effect.gen(function* () {
      for (const ranking of [names, [...names].reverse()]) {
        const { asked, tiers } = scripted([network, upstream, limited, timeout, now], ranking);
        assert.strictEqual((yield* run(tiers)).tier, ranking[4]);
        assert.deepStrictEqual(asked, ranking);
      }
    }),
  );

  for (const failing of [0, 1, 2, 3, 4]) {
    test(
      `answers from tier ${failing + 1} when the ${failing} before it fail${failing === 4 ? " (R000-01)" : ""}`,
      Effect.gen(function* () {
        const { asked, tiers } = scripted(names.map((_, index) => (index < failing ? network : now)));
        const won = yield* run(tiers);
        assert.strictEqual(won.tier, names[failing]);
        assert.strictEqual(won.answer.value, "value");
        assert.deepStrictEqual(asked, names.slice(0, failing + 1));
        assert.deepStrictEqual(
          won.attempts.map(({ tier, outcome }) => [tier, outcome]),
          names.slice(0, failing + 1).map((tier, index) => [tier, index < failing ? "failed" : "answered"]),
        );
      }),
    );
  }

  test(
    "never touches a tier after the one that answered (R000-03)",
    Effect.gen(function* () {
      const { asked, tiers } = scripted([miss, now, Effect.die("asked"), Effect.die("asked"), Effect.die("asked")]);
      yield* run(tiers);
      assert.deepStrictEqual(asked, ["hot_cache", "live_subscription"]);
    }),
  );

  test(
    "fails with all five reasons when five tiers fail for different ones (R000-04)",
    Effect.gen(function* () {
      const slow = Effect.andThen(Effect.sleep("250 millis"), decode);
      const fiber = yield* Effect.forkChild(failureOf([network, upstream, limited, timeout, slow]));
      yield* TestClock.adjust("250 millis");
      const { error, attempts } = yield* Fiber.join(fiber);
      assert(error._tag === "DataUnavailable");
      assert.deepStrictEqual(error.attempts, attempts);
      assert.deepStrictEqual(
        attempts.map(({ tier, outcome, reason }) => [tier, outcome, reason.split(":")[0]]),
        [
          ["hot_cache", "failed", "NetworkError"],
          ["live_subscription", "failed", "UpstreamError"],
          ["batch_snapshot", "failed", "RateLimited"],
          ["warm_cache_rest", "failed", "TimeoutError"],
          ["cold_rest", "failed", "DecodeError"],
        ],
      );
      assert.deepStrictEqual(
        attempts.map(({ durationMs }) => durationMs),
        [0, 0, 0, 0, 250],
      );
      for (const { tier, reason } of attempts) assert.include(error.message, `${tier}: ${reason}`);
    }),
  );

  test(
    "keeps the trace of a miss and the answer after it, with durations",
    Effect.gen(function* () {
      const slow = Effect.andThen(Effect.sleep("45 millis"), now);
      const fiber = yield* Effect.forkChild(run(scripted([miss, slow]).tiers));
      yield* TestClock.adjust("45 millis");
      assert.deepStrictEqual((yield* Fiber.join(fiber)).attempts, [
        { tier: "hot_cache", outcome: "missed", reason: "absent", durationMs: 0 },
        { tier: "live_subscription", outcome: "answered", reason: "ok", durationMs: 45 },
      ]);
    }),
  );

  test(
    "goes on to the next tier after a miss and after every kind of trouble with the network or the exchange (R000-27)",
    Effect.gen(function* () {
      const closed = Effect.fail(new Errors.NetworkError({ phase: "socket", host: "", code: "1006", detail: null }));
      for (const cause of [miss, closed, network, upstream, limited, timeout, decode, open]) {
        const { asked, tiers } = scripted([cause, now]);
        assert.strictEqual((yield* run(tiers)).tier, "live_subscription");
        assert.strictEqual(asked.length, 2);
      }
    }),
  );

  test(
    "fails with the reason itself when there is only one, misses aside",
    Effect.gen(function* () {
      const { error, attempts } = yield* failureOf([miss, limited, limited, miss, limited]);
      assert.strictEqual(error._tag, "RateLimited");
      assert.strictEqual(attempts.length, 5);
      // A breaker that opened on the way is what the reason led to.
      assert.strictEqual((yield* failureOf([upstream, open])).error._tag, "UpstreamError");
      assert.strictEqual((yield* failureOf([open, open])).error._tag, "CircuitOpen");
      assert.strictEqual((yield* failureOf([upstream, open, network])).error._tag, "DataUnavailable");
      assert.strictEqual((yield* failureOf([miss, miss])).error._tag, "DataUnavailable");
    }),
  );

  test(
    "ends at once where no other tier can know better",
    Effect.gen(function* () {
      const finals: ReadonlyArray<Errors.MarketDataError> = [
        new Errors.MarketUnknown({ market: "KRW-BTD", venue: "upbit", near: [] }),
        new Errors.InvalidRequest({ field: "count", input: "0", reason: "is bad" }),
        new Errors.Closed({ what: "the client" }),
      ];
      for (const error of finals) {
        const { asked, tiers } = scripted([network, Effect.fail(error), now]);
        assert.strictEqual((yield* Effect.flip(run(tiers))).error, error);
        assert.strictEqual(asked.length, 2);
      }
      assert.strictEqual(yield* mode, "normal");
    }),
  );

  test(
    "lays one deadline over all tiers, interrupts the one under way, and tells what was tried (F-06)",
    Effect.gen(function* () {
      let interrupted = 0;
      const stuck = Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted++));
      const slowly = Effect.andThen(Effect.sleep("400 millis"), network);
      const { asked, tiers } = scripted([slowly, slowly, stuck, now]);
      const fiber = yield* Effect.forkChild(Effect.flip(run(tiers, 1_000)));
      yield* TestClock.adjust("999 millis");
      assert.isUndefined(fiber.pollUnsafe());
      yield* TestClock.adjust("1 millis");
      const failure = yield* Fiber.join(fiber);
      assert(failure.error._tag === "TimeoutError");
      assert.deepStrictEqual([failure.error.phase, failure.error.timeoutMs, failure.error.retryable], ["deadline", 1_000, false]);
      assert.include(failure.error.detail, "hot_cache: NetworkError");
      assert.include(failure.error.detail, "batch_snapshot: interrupted");
      assert.strictEqual(interrupted, 1);
      assert.strictEqual(asked.length, 3);
      assert.deepStrictEqual(
        failure.attempts.map(({ durationMs }) => durationMs),
        [400, 400, 200],
      );
    }),
  );

  test(
    "gives every tier the moment at which the whole call is over",
    Effect.gen(function* () {
      const deadlines: Array<bigint> = [];
      const noting = (name: TierName): Tier => ({
        name,
        ask: (_question, { deadlineNanos }) =>
          Effect.andThen(
            Effect.sync(() => deadlines.push(deadlineNanos)),
            Effect.andThen(Effect.sleep("100 millis"), network),
          ),
      });
      yield* TestClock.adjust("1 second");
      const fiber = yield* Effect.forkChild(Effect.flip(run([noting("batch_snapshot"), noting("cold_rest")], 2_500)));
      yield* TestClock.adjust("1 second");
      yield* Fiber.join(fiber);
      assert.deepStrictEqual(deadlines, [3_500_000_000n, 3_500_000_000n]);
    }),
  );

  test(
    "fails without tiers as it does without answers",
    Effect.gen(function* () {
      const { error, attempts } = yield* failureOf([]);
      assert.strictEqual(error._tag, "DataUnavailable");
      assert.deepStrictEqual(trace({ attempts }), []);
    }),
  );
});

describe("mode", () => {
  test(
    "follows the outcomes of calls, and every change is told once",
    Effect.gen(function* () {
      const manager = yield* FallbackManager;
      const seen = yield* Effect.forkChild(manager.modeChanges.pipe(Stream.take(4), Stream.runCollect), { startImmediately: true });
      yield* Effect.yieldNow;
      yield* calls([now]);
      assert.strictEqual(yield* mode, "normal");
      yield* run(scripted([network, now]).tiers);
      assert.strictEqual(yield* mode, "degraded");
      yield* calls([network, network]);
      assert.strictEqual(yield* mode, "degraded");
      yield* calls([network]);
      assert.strictEqual(yield* mode, "emergency");
      yield* TestClock.adjust("1 second");
      yield* calls([now]);
      assert.strictEqual(yield* mode, "degraded");
      yield* calls([now, now]);
      assert.strictEqual(yield* mode, "normal");
      assert.deepStrictEqual(
        (yield* Fiber.join(seen)).map(({ from, to, atMs }) => [from, to, atMs]),
        [
          ["normal", "degraded", 0],
          ["degraded", "emergency", 0],
          ["emergency", "degraded", 1_000],
          ["degraded", "normal", 1_000],
        ],
      );
    }),
  );

  test(
    "is not moved by calls in which every tier only had nothing that fits",
    Effect.gen(function* () {
      yield* calls([miss, miss, miss, miss]);
      assert.strictEqual(yield* mode, "normal");
      yield* calls([network, network]);
      yield* calls([miss, miss, miss]);
      assert.strictEqual(yield* mode, "degraded");
      yield* calls([network]);
      assert.strictEqual(yield* mode, "emergency");
      yield* calls([miss, miss, miss]);
      assert.strictEqual(yield* mode, "emergency");
    }),
  );

  test(
    "is not moved by what our own limits and breakers refused, and is by what the exchange refused",
    Effect.gen(function* () {
      const refused = Effect.fail(
        new Errors.RateLimited({ group: "ticker", scope: "local", status: null, retryAfterMs: 1_000, detail: null }),
      );
      yield* calls([refused, refused, refused, open, open, open]);
      assert.strictEqual(yield* mode, "normal");
      yield* calls([limited, limited, limited]);
      assert.strictEqual(yield* mode, "emergency");
    }),
  );

  test(
    "is not moved by reads that found no slot, neither by those that nobody answered nor by those that REST did",
    Effect.gen(function* () {
      const noSlot = Effect.fail(new Errors.Overloaded({ what: "subscriptions started by reads", limit: 200, retryAfterMs: 0 }));
      yield* calls([noSlot, noSlot, noSlot, noSlot]);
      assert.strictEqual(yield* mode, "normal");
      assert.strictEqual((yield* failureOf([noSlot])).error._tag, "Overloaded");
      const won = yield* run(scripted([noSlot, now]).tiers);
      assert.match(trace(won)[0] ?? "", /^hot_cache failed: Overloaded: /);
      assert.strictEqual(yield* mode, "normal");
      yield* run(scripted([noSlot, network, now]).tiers);
      assert.strictEqual(yield* mode, "degraded");
    }),
  );

  test(
    "is not healed by a value from memory that is older than the trouble, and is by one confirmed since",
    Effect.gen(function* () {
      yield* TestClock.adjust("1 second");
      yield* calls([network, network, network]);
      const remembered: Outcome = Effect.succeed({ ...answer, confirmedNanos: 999_000_000n });
      yield* calls([remembered, remembered, remembered]);
      assert.strictEqual(yield* mode, "emergency");
      yield* TestClock.adjust("1 second");
      yield* calls([now, now, now]);
      assert.strictEqual(yield* mode, "normal");
    }),
  );

  it.effect("and every attempt stand in the ledger", () =>
    Effect.gen(function* () {
      const health = yield* Health;
      yield* run(scripted([miss, network, now]).tiers);
      assert.deepStrictEqual(
        health.tiers().map(({ tier, answered, missed, failed, lastFailure }) => [tier, answered, missed, failed, lastFailure]),
        [
          ["hot_cache", 0, 1, 0, null],
          ["live_subscription", 0, 0, 1, "NetworkError: The network failed at connect (code ECONNRESET)"],
          ["batch_snapshot", 1, 0, 0, null],
        ],
      );
      assert.deepStrictEqual(
        health.modes().map(({ to }) => to),
        ["degraded"],
      );
    }).pipe(Effect.provide(FallbackManager.layer.pipe(Layer.provide(ModeControl.layer), Layer.provideMerge(Health.layer)))),
  );
});
