/** A worker that crashes: when it is begun again, when it has failed, and when it is well. */
import { assert, describe, it } from "@effect/vitest";
import { Clock, Effect, Fiber, Scope } from "effect";
import { TestClock } from "effect/testing";
import { GiveUp, layer, startWorker, Workers } from "../../src/transport/Workers.ts";

const nowMs = Effect.map(Clock.Clock, (clock) => Number(clock.monotonicTimeNanosUnsafe()) / 1e6);

/** A worker that crashes at once while `isIll`, and when it was begun. */
const scene = Effect.gen(function* () {
  const state = { isIll: true, begunMs: [] as Array<number>, givenUp: [] as Array<string> };
  const work = Effect.gen(function* () {
    state.begunMs.push(yield* nowMs);
    if (state.isIll) return yield* Effect.die(new Error("a bug"));
    return yield* Effect.never;
  });
  const start = startWorker("a worker", work, { isVital: true }).pipe(
    Effect.provideService(GiveUp, (reason) => Effect.sync(() => void state.givenUp.push(reason))),
  );
  const workers = yield* Workers;
  return { state, start, troubles: Effect.map(nowMs, (now) => workers.troubles(now)) };
});

describe("a worker that crashes", () => {
  it.effect("is begun again sooner and later, five times within a minute, has failed with the next crash, and is tried once a minute", () =>
    Effect.gen(function* () {
      const { state, start, troubles } = yield* scene;
      yield* start;
      yield* TestClock.adjust("20 seconds");
      assert.deepStrictEqual(state.begunMs, [0, 100, 500, 2_100, 8_500]);
      assert.deepStrictEqual(yield* troubles, [{ name: "a worker", state: "restarting", crashes: 5, lastCrash: "Error: a bug" }]);
      assert.deepStrictEqual(state.givenUp, []);
      yield* TestClock.adjust("20 minutes");
      assert.deepStrictEqual(state.begunMs.slice(5, 8), [34_100, 94_100, 154_100]);
      for (const at of state.begunMs) assert.isAtMost(state.begunMs.filter((ms) => ms > at && ms <= at + 60_000).length, 5);
      assert.strictEqual((yield* troubles)[0]?.state, "failed");
      assert.deepStrictEqual(state.givenUp, ['the worker "a worker" has failed: Error: a bug']);
    }).pipe(Effect.provide(layer)),
  );

  it.effect("is well again when it has worked for a minute, and not a moment sooner", () =>
    Effect.gen(function* () {
      const { state, start, troubles } = yield* scene;
      yield* start;
      yield* TestClock.adjust("40 seconds");
      state.isIll = false;
      yield* TestClock.adjust("114 seconds");
      assert.strictEqual((yield* troubles)[0]?.state, "failed");
      yield* TestClock.adjust("1 second");
      assert.deepStrictEqual(yield* troubles, []);
      assert.lengthOf(state.begunMs, 7);
    }).pipe(Effect.provide(layer)),
  );

  it.effect("goes on when another fiber's interruption reaches it, and ends with its own scope, which takes its name from the list", () =>
    Effect.gen(function* () {
      const workers = yield* Workers;
      const scope = yield* Scope.make();
      let begun = 0;
      let ended = 0;
      const other = yield* Effect.forkChild(Effect.never);
      const work = Effect.suspend(() => (++begun === 1 ? Fiber.join(other) : Effect.never)).pipe(
        Effect.onExit(() => Effect.sync(() => ended++)),
      );
      yield* startWorker("a worker", work).pipe(Scope.provide(scope));
      yield* Effect.yieldNow;
      yield* Fiber.interrupt(other);
      yield* TestClock.adjust("1 second");
      assert.deepStrictEqual([begun, ended, workers.troubles(yield* nowMs).length], [2, 1, 1]);
      yield* Scope.close(scope, yield* Effect.exit(Effect.void));
      yield* TestClock.adjust("1 hour");
      assert.deepStrictEqual([begun, ended, workers.troubles(0).length], [2, 2, 0]);
    }).pipe(Effect.provide(layer)),
  );
});
