import { assert, describe, it } from "@effect/vitest";
import { Clock, Effect, Fiber, Layer } from "effect";
import { TestClock } from "effect/testing";
import { advance, ExchangeClock, pause, resume, setSpeed } from "../../src/time/ExchangeClock.ts";

/** Runs on the exchange's time. */
const onIt = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | ExchangeClock> =>
  Effect.flatMap(ExchangeClock, (clock) => Effect.provideService(effect, Clock.Clock, clock));

const startMs = Date.UTC(2026, 0, 5, 3);
const layer = (speed: number) => ExchangeClock.layer({ speed, startMs });
const passed = Effect.map(ExchangeClock, (clock) => clock.currentTimeMillisUnsafe() - startMs);

/** Sleeps so long on the exchange's time and notes when it woke. */
const sleeper = (into: Array<readonly [number, number]>, ms: number) =>
  onIt(
    Effect.gen(function* () {
      yield* Effect.sleep(ms);
      into.push([ms, yield* passed]);
    }),
  );

describe("a clock with a speed", () => {
  it.effect.each([0.5, 1, 3, 60, 1_000])("runs and wakes at %s times the base clock's pace", (speed) =>
    Effect.gen(function* () {
      const woken: Array<readonly [number, number]> = [];
      for (const ms of [30_000, 1_000, 10_000, 1]) yield* Effect.forkChild(sleeper(woken, ms));
      const clock = yield* ExchangeClock;
      const monotonic = clock.monotonicTimeNanosUnsafe();
      yield* TestClock.adjust(Math.ceil(30_000 / speed));
      assert.deepStrictEqual(
        woken.map(([ms]) => ms),
        [1, 1_000, 10_000, 30_000],
      );
      for (const [ms, at] of woken) assert.isTrue(at >= ms && at <= ms + 1, `${ms} woke at ${at}`);
      const elapsed = Math.ceil(30_000 / speed) * speed;
      assert.strictEqual(yield* passed, Math.floor(elapsed));
      assert.strictEqual(clock.monotonicTimeNanosUnsafe() - monotonic, BigInt(Math.round(elapsed * 1e6)));
      assert.strictEqual(yield* onIt(Clock.currentTimeMillis), startMs + Math.floor(elapsed));
    }).pipe(Effect.provide(layer(speed))),
  );

  it.effect("moves the end of sleeps under way when its speed changes", () =>
    Effect.gen(function* () {
      const woken: Array<readonly [number, number]> = [];
      yield* Effect.forkChild(sleeper(woken, 10_000));
      yield* TestClock.adjust(4_000); // 4 s of its time
      yield* setSpeed(10);
      yield* TestClock.adjust(599);
      assert.deepStrictEqual(woken, []);
      yield* TestClock.adjust(1); // the other 6 s
      assert.deepStrictEqual(woken, [[10_000, 10_000]]);
      yield* Effect.forkChild(sleeper(woken, 10_000));
      yield* TestClock.adjust(500);
      yield* setSpeed(0.1);
      yield* TestClock.adjust(49_999);
      assert.strictEqual(woken.length, 1);
      yield* TestClock.adjust(1);
      assert.deepStrictEqual(woken[1], [10_000, 20_000]);
      assert.strictEqual((yield* ExchangeClock).speed, 0.1);
    }).pipe(Effect.provide(layer(1))),
  );

  it.effect("stands still while paused, with all its sleeps, and goes on where it stopped", () =>
    Effect.gen(function* () {
      const woken: Array<readonly [number, number]> = [];
      const clock = yield* ExchangeClock;
      yield* Effect.forkChild(sleeper(woken, 5_000));
      yield* TestClock.adjust(1_000);
      yield* pause;
      yield* pause;
      yield* setSpeed(4);
      yield* Effect.forkChild(sleeper(woken, 100));
      yield* TestClock.adjust("1 day");
      assert.deepStrictEqual([woken.length, yield* passed, clock.paused, clock.speed], [0, 2_000, true, 4]);
      yield* resume;
      yield* resume;
      yield* TestClock.adjust(750);
      assert.deepStrictEqual(woken, [
        [100, 2_100],
        [5_000, 5_000],
      ]);
    }).pipe(Effect.provide(layer(2))),
  );

  it.effect("jumps ahead, waking in order what would have ended on the way, paused or not", () =>
    Effect.gen(function* () {
      const woken: Array<readonly [number, number]> = [];
      for (const ms of [9_000, 3_000, 6_000]) yield* Effect.forkChild(sleeper(woken, ms));
      yield* TestClock.adjust(1_000);
      yield* pause;
      yield* advance(5_000);
      yield* TestClock.adjust(0);
      assert.deepStrictEqual(woken, [
        [3_000, 6_000],
        [6_000, 6_000],
      ]);
      yield* resume;
      yield* TestClock.adjust(2_999);
      assert.strictEqual(woken.length, 2);
      yield* TestClock.adjust(1);
      assert.deepStrictEqual(woken[2], [9_000, 9_000]);
    }).pipe(Effect.provide(layer(1))),
  );

  it.effect("loses nothing over a thousand changes of speed", () =>
    Effect.gen(function* () {
      const clock = yield* ExchangeClock;
      const from = clock.monotonicTimeNanosUnsafe();
      let expected = 0;
      for (let i = 0; i < 1_000; i++) {
        const speed = 1 + (i % 7) * 0.5;
        yield* setSpeed(speed);
        yield* TestClock.adjust(3);
        expected += 3 * speed;
      }
      assert.strictEqual(clock.monotonicTimeNanosUnsafe() - from, BigInt(expected * 1e6));
    }).pipe(Effect.provide(layer(1))),
  );

  it.effect("lets a sleep be interrupted, and then wakes only the others", () =>
    Effect.gen(function* () {
      const woken: Array<readonly [number, number]> = [];
      const first = yield* Effect.forkChild(sleeper(woken, 1_000));
      yield* Effect.forkChild(sleeper(woken, 2_000));
      const timed = yield* Effect.forkChild(onIt(Effect.timeoutOption(Effect.never, 1_500)));
      yield* TestClock.adjust(500);
      yield* Fiber.interrupt(first);
      yield* TestClock.adjust(1_500);
      assert.deepStrictEqual(woken, [[2_000, 2_000]]);
      assert.strictEqual((yield* Fiber.join(timed))._tag, "None");
      const forever = yield* Effect.forkChild(onIt(Effect.sleep("Infinity")));
      yield* advance(1e9);
      assert.isUndefined(forever.pollUnsafe());
    }).pipe(Effect.provide(layer(1))),
  );

  it.effect("sleeps longer than any one timer", () =>
    Effect.gen(function* () {
      const woken: Array<readonly [number, number]> = [];
      yield* Effect.forkChild(sleeper(woken, 100 * 86_400_000));
      yield* TestClock.adjust("99 days");
      assert.strictEqual(woken.length, 0);
      yield* TestClock.adjust("1 day");
      assert.strictEqual(woken.length, 1);
    }).pipe(Effect.provide(layer(1))),
  );

  it.effect("wakes nobody after its scope closed", () =>
    Effect.gen(function* () {
      const woken: Array<readonly [number, number]> = [];
      yield* Effect.provide(
        Effect.gen(function* () {
          yield* Effect.forkDetach(sleeper(woken, 1_000));
          yield* TestClock.adjust(500);
        }),
        Layer.fresh(layer(1)),
      );
      yield* TestClock.adjust("1 hour");
      assert.deepStrictEqual(woken, []);
    }),
  );

  it.effect("refuses speeds and jumps that cannot be", () =>
    Effect.gen(function* () {
      const clock = yield* ExchangeClock;
      for (const speed of [0, -1, 1_001, Number.NaN, Infinity, 0.0009]) assert.throws(() => clock.setSpeed(speed), RangeError);
      for (const ms of [-1, Number.NaN, Infinity, 1e15]) assert.throws(() => clock.advance(ms), RangeError);
      assert.strictEqual(clock.speed, 1);
    }).pipe(Effect.provide(layer(1))),
  );
});
