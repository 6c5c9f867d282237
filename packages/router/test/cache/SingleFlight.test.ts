/** Shared work: one run, everybody's exit, nobody's hostage. */
import { assert, describe, it } from "@effect/vitest";
import { Cause, Deferred, Effect, Exit, Fiber, Scope } from "effect";
import { TestClock } from "effect/testing";
import { SingleFlight } from "../../src/cache/SingleFlight.ts";

/** Flights in a scope of their own, and work that takes a second and counts its runs, ends and interruptions. */
const make = Effect.gen(function* () {
  const scope = yield* Scope.make();
  const flights = new SingleFlight<number, string>(scope);
  const seen = { runs: 0, interrupted: 0 };
  const work = Effect.suspend(() => {
    const run = ++seen.runs;
    return Effect.as(Effect.sleep("1 second"), run);
  }).pipe(Effect.onInterrupt(() => Effect.sync(() => seen.interrupted++)));
  const call = (key = "key") => Effect.forkChild(flights.run(key, work), { startImmediately: true });
  return { scope, flights, seen, call };
});

describe("SingleFlight", () => {
  it.effect("runs once for a thousand callers, who all get the same value at the same moment (E01)", () =>
    Effect.gen(function* () {
      const { call, flights, seen } = yield* make;
      const callers = yield* Effect.forEach(Array.from({ length: 1_000 }), () => call());
      assert.strictEqual(flights.size, 1);
      yield* TestClock.adjust("1 second");
      assert.deepStrictEqual(new Set(yield* Fiber.joinAll(callers)), new Set([1]));
      assert.deepStrictEqual(seen, { runs: 1, interrupted: 0 });
      assert.strictEqual(flights.size, 0);
    }),
  );

  it.effect("goes on when the first caller leaves, and stops when the last one does (E02)", () =>
    Effect.gen(function* () {
      const { call, flights, seen } = yield* make;
      const [first, second, third] = [yield* call(), yield* call(), yield* call()];
      yield* TestClock.adjust("500 millis");
      yield* Fiber.interrupt(first);
      assert.strictEqual(seen.interrupted, 0);
      yield* Fiber.interrupt(second);
      yield* TestClock.adjust("500 millis");
      assert.strictEqual(yield* Fiber.join(third), 1);

      const [fourth, fifth] = [yield* call(), yield* call()];
      yield* TestClock.adjust("500 millis");
      yield* Fiber.interrupt(fourth);
      yield* Fiber.interrupt(fifth);
      assert.deepStrictEqual(seen, { runs: 2, interrupted: 1 });
      assert.strictEqual(flights.size, 0);
    }),
  );

  it.effect("starts anew for a caller who comes while abandoned work is still winding up", () =>
    Effect.gen(function* () {
      const flights = new SingleFlight<string, never>(yield* Effect.scope);
      const released = yield* Deferred.make<void>();
      const slowToStop = Effect.onInterrupt(Effect.never, () => Deferred.await(released));
      const first = yield* Effect.forkChild(flights.run("key", slowToStop), { startImmediately: true });
      yield* Effect.yieldNow;
      const leaving = yield* Effect.forkChild(Fiber.interrupt(first), { startImmediately: true });
      yield* Effect.yieldNow;
      assert.strictEqual(yield* flights.run("key", Effect.succeed("fresh")), "fresh");
      yield* Deferred.succeed(released, undefined);
      yield* Fiber.join(leaving);
      assert.strictEqual(flights.size, 0);
    }),
  );

  it.effect("gives every caller the failure, and remembers none of it", () =>
    Effect.gen(function* () {
      const flights = new SingleFlight<number, string>(yield* Effect.scope);
      let runs = 0;
      const work = Effect.suspend(() =>
        Effect.andThen(Effect.sleep("1 second"), ++runs < 2 ? Effect.fail(`failure ${runs}`) : Effect.succeed(runs)),
      );
      const callers = yield* Effect.forEach(Array.from({ length: 20 }), () =>
        Effect.forkChild(Effect.flip(flights.run("key", work)), { startImmediately: true }),
      );
      yield* TestClock.adjust("1 second");
      assert.deepStrictEqual(new Set(yield* Fiber.joinAll(callers)), new Set(["failure 1"]));
      const next = yield* Effect.forkChild(flights.run("key", work), { startImmediately: true });
      yield* TestClock.adjust("1 second");
      assert.strictEqual(yield* Fiber.join(next), 2);
    }),
  );

  it.effect("passes a defect on to every caller", () =>
    Effect.gen(function* () {
      const flights = new SingleFlight<number, string>(yield* Effect.scope);
      const broken = Effect.die("a bug");
      const exits = yield* Effect.all([Effect.exit(flights.run("key", broken)), Effect.exit(flights.run("key", broken))], {
        concurrency: 2,
      });
      for (const exit of exits) assert.deepStrictEqual(exit, Exit.die("a bug"));
      assert.strictEqual(flights.size, 0);
    }),
  );

  it.effect("keeps different keys apart", () =>
    Effect.gen(function* () {
      const { call, seen } = yield* make;
      const callers = [yield* call("a"), yield* call("b"), yield* call("a")];
      yield* TestClock.adjust("1 second");
      assert.deepStrictEqual(yield* Fiber.joinAll(callers), [1, 2, 1]);
      assert.strictEqual(seen.runs, 2);
    }),
  );

  it.effect("leaves nobody waiting when its scope closes", () =>
    Effect.gen(function* () {
      const { call, scope, seen } = yield* make;
      const callers = [yield* call(), yield* call()];
      yield* TestClock.adjust("500 millis");
      yield* Scope.close(scope, Exit.void);
      for (const caller of callers) {
        const exit = yield* Fiber.await(caller);
        assert(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause));
      }
      assert.strictEqual(seen.interrupted, 1);
    }),
  );

  it.effect("leaves nobody waiting who joins work that could not even begin before its scope closed", () =>
    Effect.gen(function* () {
      const { call, scope } = yield* make;
      const caller = yield* call();
      yield* Scope.close(scope, Exit.void);
      assert.isTrue(Exit.isFailure(yield* Fiber.await(caller)));
      const late = yield* call();
      assert.isTrue(Exit.isFailure(yield* Fiber.await(late)));
    }),
  );
});
