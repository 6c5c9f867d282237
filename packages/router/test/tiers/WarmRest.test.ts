/** The tier that remembers: lists as they came, lives by kind, and nothing of a question that wants what is live. */
import { assert, describe, it } from "@effect/vitest";
import { Clock, Effect, Exit, Fiber, Layer } from "effect";
import { TestClock } from "effect/testing";
import { Cache } from "../../src/cache/Cache.ts";
import type { Candle } from "../../src/domain/Candle.ts";
import type { CandlesQuestion, Priority, Question } from "../../src/domain/Question.ts";
import { NetworkError } from "../../src/errors/MarketDataError.ts";
import { defaultRouterConfig } from "../../src/RouterConfig.ts";
import type { RestAnswer } from "../../src/tiers/restAnswer.ts";
import type { TierAnswer } from "../../src/tiers/Tier.ts";
import * as WarmRest from "../../src/tiers/WarmRest.ts";
import { boundMsOf } from "../../src/tiers/warmTraits.ts";
import { candle, intent, questions } from "../samples.ts";

const minute = 60_000;
const now = Date.UTC(2026, 0, 31, 12);
const options = { deadlineNanos: 1_000_000_000_000n };
const final = { ...intent, maxAgeMs: Number.MAX_SAFE_INTEGER };

const closed = (count: number, toMs = now - 10 * minute): CandlesQuestion => ({ ...questions.candles, count, toMs, intent: final });
const rowsBefore = (toMs: number, count: number) => Array.from({ length: count }, (_, i) => candle(toMs - (count - i) * minute));

/** The tier over readings that a test makes, with the priorities they were asked with. */
const scene = (read: (question: Question) => unknown, exchangeAheadMs = 0) =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock;
    const asked: Array<Priority> = [];
    const restAnswer: RestAnswer = (question) =>
      Effect.suspend(() => {
        asked.push(question.intent.priority);
        const value = read(question);
        if (value instanceof NetworkError) return Effect.fail(value);
        const receivedMs = clock.currentTimeMillisUnsafe();
        const nanos = clock.monotonicTimeNanosUnsafe();
        const times = { exchangeTimeMs: asked.length, receivedNanos: nanos, receivedMs, confirmedNanos: nanos };
        return Effect.succeed<TierAnswer>({ value, channel: "rest", ...times, exchangeNowMs: receivedMs + exchangeAheadMs });
      });
    yield* TestClock.setTime(now);
    return { tier: yield* WarmRest.make(restAnswer), asked };
  });

const fresh = Effect.provide(Layer.fresh(Cache.layerTest));

describe("a list", () => {
  it.effect(
    "of a hundred candles comes back as a hundred in order, the second time as well, and an empty one as an empty list (R001-17)",
    () =>
      Effect.gen(function* () {
        const { tier, asked } = yield* scene((question) => (question.kind === "candles" ? rowsBefore(question.toMs ?? 0, 100) : []));
        for (const nth of [1, 2]) {
          const { value } = yield* tier.ask(closed(100), options);
          assert(Array.isArray(value));
          assert.strictEqual(value.length, 100, `time ${nth}`);
          const opens = (value as ReadonlyArray<Candle>).map(({ openTimeMs }) => openTimeMs);
          assert.deepStrictEqual(
            opens,
            rowsBefore(now - 10 * minute, 100).map(({ openTimeMs }) => openTimeMs),
          );
          const empty = yield* tier.ask({ ...questions.trades, count: 100, before: "5", intent: final }, options);
          assert.deepStrictEqual(empty.value, []);
        }
        assert.strictEqual(asked.length, 2);
      }).pipe(fresh),
  );
});

describe("the life of an answer", () => {
  it.effect(
    "ends with its kind's time and with the caller's, whichever is sooner; a range of closed windows never does, not even an empty one (R004-45)",
    () =>
      Effect.gen(function* () {
        const { tier, asked } = yield* scene((question) => (question.kind === "candles" && question.count === 7 ? [] : [1]));
        const ask = (question: Question) => Effect.map(tier.ask(question, options), ({ exchangeTimeMs }) => exchangeTimeMs);
        const page: Question = { ...questions.trades, count: 100, before: "5", intent: final };
        const strict: Question = { ...questions.trades, count: 50, intent: { ...intent, maxAgeMs: 5_000 } };
        const all = [page, strict, closed(7)];
        assert.deepStrictEqual(yield* Effect.forEach(all, ask), [1, 2, 3]);
        yield* TestClock.adjust("5 seconds");
        assert.deepStrictEqual(yield* Effect.forEach(all, ask), [1, 2, 3]);
        yield* TestClock.adjust(1);
        // The one that was read behind its last hit is there already; nobody's answer is older than its caller accepts.
        yield* TestClock.adjust("5 seconds");
        assert.strictEqual(yield* ask(page), 1);
        assert.isAbove((yield* ask(strict)) ?? 0, 3);
        yield* TestClock.adjust("30 seconds");
        const before = asked.length;
        assert.isAbove((yield* ask(page)) ?? 0, before);
        yield* TestClock.adjust("365 days");
        assert.strictEqual(yield* ask(closed(7)), 3);
      }).pipe(fresh),
  );

  it("ends with the window in progress, and as soon as a ticker's where that window is in it", () => {
    const { warmTtlMs } = defaultRouterConfig;
    const lifeAt = (nowMs: number, rows: ReadonlyArray<Candle>, changes: Partial<CandlesQuestion> = {}, exchangeNowMs = nowMs) => {
      const times = { exchangeTimeMs: null, receivedNanos: 0n, receivedMs: nowMs, confirmedNanos: 0n };
      return boundMsOf(
        { ...questions.candles, count: 5, ...changes },
        { value: rows, channel: "rest", ...times, exchangeNowMs },
        warmTtlMs,
      );
    };
    const rows = rowsBefore(now, 5);
    assert.strictEqual(lifeAt(now + 5_000, rows), 30_000);
    assert.strictEqual(lifeAt(now + 58_500, rows), 1_500);
    assert.strictEqual(lifeAt(now + 5_000, [...rows, candle(now, { state: "forming" })]), 1_000);
    assert.strictEqual(lifeAt(now + 59_800, [...rows, candle(now, { state: "forming" })]), 200);
    // Over for less than a minute by either clock is not over.
    assert.strictEqual(lifeAt(now + minute, rows, { toMs: now }), Number.POSITIVE_INFINITY);
    assert.strictEqual(lifeAt(now + minute, rows, { toMs: now }, now + minute - 1), 1);
    assert.isAtMost(lifeAt(now + minute - 1, rows, { toMs: now }, now + 2 * minute), 30_000);
  });
});

describe("a question with realtime", () => {
  it.effect("is never answered by what was stored, and shares only a request that is under way (R004-46)", () =>
    Effect.gen(function* () {
      const { tier, asked } = yield* scene(() => [1]);
      const plain: Question = { ...questions.trades, count: 50 };
      const realtime: Question = { ...plain, intent: { ...intent, realtime: true } };
      yield* tier.ask(plain, options);
      assert.strictEqual((yield* tier.ask(realtime, options)).exchangeTimeMs, 2);
      assert.strictEqual((yield* tier.ask(realtime, options)).exchangeTimeMs, 3);
      const both = yield* Effect.all([tier.ask(realtime, options), tier.ask(realtime, options)], { concurrency: 2 });
      assert.deepStrictEqual(
        both.map(({ exchangeTimeMs }) => exchangeTimeMs),
        [4, 4],
      );
      assert.strictEqual((yield* tier.ask(plain, options)).exchangeTimeMs, 4);
      assert.strictEqual(asked.length, 4);
    }).pipe(fresh),
  );
});

describe("a reading behind a caller's back", () => {
  it.effect("is the last in the queue, whatever its caller's priority, and its failure is nobody's", () =>
    Effect.gen(function* () {
      let broken = false;
      const down = new NetworkError({ phase: "connect", host: "", code: null, detail: null });
      const { tier, asked } = yield* scene(() => (broken ? down : [1]));
      const question: Question = { ...questions.trades, count: 50, intent: { ...intent, priority: "critical" } };
      yield* tier.ask(question, options);
      broken = true;
      yield* TestClock.adjust("1900 millis");
      const hit = yield* tier.ask(question, options);
      yield* TestClock.adjust(0);
      assert.deepStrictEqual([hit.exchangeTimeMs, asked], [1, ["critical", "low"]]);
      assert.strictEqual((yield* tier.ask(question, options)).exchangeTimeMs, 1);
      yield* TestClock.adjust("200 millis");
      const failed = yield* Fiber.await(yield* Effect.forkChild(tier.ask(question, options), { startImmediately: true }));
      assert.isTrue(Exit.isFailure(failed));
    }).pipe(fresh),
  );
});
