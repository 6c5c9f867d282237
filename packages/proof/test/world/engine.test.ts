import { assert, describe, it } from "@effect/vitest";
import { Deferred, Effect, Exit, Fiber } from "effect";
import { Chance } from "../../src/world/engine/Chance.ts";
import { Engine, Stuck } from "../../src/world/engine/Engine.ts";
import { SeededScheduler } from "../../src/world/engine/SeededScheduler.ts";

const runIn = async <A>(
  seed: number,
  effect: Effect.Effect<A>,
): Promise<{ readonly value: A; readonly engine: Engine; readonly instants: number }> => {
  const engine = new Engine(new Chance(seed));
  let instants = 0;
  const exit = await engine.run(effect, () => instants++);
  assert.isTrue(Exit.isSuccess(exit));
  return { value: Exit.isSuccess(exit) ? exit.value : assert.fail(), engine, instants };
};

/** Five fibers that take turns; the order they end in is the scheduler's. */
const race = Effect.gen(function* () {
  const order: Array<number> = [];
  const runner = (name: number) =>
    Effect.gen(function* () {
      for (let turn = 0; turn < 5; turn++) yield* Effect.yieldNow;
      order.push(name);
    });
  yield* Effect.forEach([0, 1, 2, 3, 4], runner, { concurrency: "unbounded" });
  return order.join("");
});

describe("the seeded scheduler", () => {
  it("gives one order for one seed, and many orders for many", async () => {
    const orders = new Set<string>();
    for (let seed = 1; seed <= 40; seed++) {
      const first = await runIn(seed, race);
      const second = await runIn(seed, race);
      assert.strictEqual(first.value, second.value, `seed ${seed}`);
      orders.add(first.value);
    }
    assert.isAbove(orders.size, 10);
    // A quarter of seeds keeps to first in, first out.
    assert.isTrue(orders.has("01234"));
  });

  it("runs a step of lower priority number before one of higher, whatever the seed", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const scheduler = new SeededScheduler(new Chance(seed), { inOrder: false, operations: 100 });
      const ran: Array<number> = [];
      for (const priority of [2, 0, 1, 0, 2, 1]) scheduler.add(() => ran.push(priority), priority);
      scheduler.runAll();
      assert.deepStrictEqual(ran, [0, 0, 1, 1, 2, 2]);
    }
  });
});

describe("the virtual clock", () => {
  it("moves only from one due sleep to the next, and not at all while something can run", async () => {
    const { value, instants } = await runIn(
      3,
      Effect.gen(function* () {
        const times: Array<string> = [];
        const at = (name: string) =>
          Effect.clockWith((clock) => Effect.sync(() => times.push(`${name} ${clock.currentTimeMillisUnsafe()}`)));
        const sleeper = yield* Effect.forkChild(Effect.andThen(Effect.sleep(250), at("slept")));
        for (let turn = 0; turn < 1_000; turn++) yield* Effect.yieldNow;
        yield* at("busy");
        yield* Fiber.join(sleeper);
        yield* Effect.sleep("1 hour");
        yield* at("hour");
        return times;
      }),
    );
    assert.deepStrictEqual(value, ["busy 0", "slept 250", "hour 3600250"]);
    assert.strictEqual(instants, 2);
  });

  it("waits for promises, which the scheduler cannot see", async () => {
    const { value } = await runIn(
      4,
      Effect.gen(function* () {
        const slept = yield* Effect.forkChild(Effect.as(Effect.sleep(1), "slept"));
        const chain = async () => {
          for (let turn = 0; turn < 50; turn++) await Promise.resolve();
          return "promised";
        };
        const first = yield* Effect.raceFirst(Effect.promise(chain), Fiber.join(slept));
        return first;
      }),
    );
    assert.strictEqual(value, "promised");
  });

  it("forgets a sleep that was interrupted, also in the very instant it is due", async () => {
    for (let seed = 1; seed <= 30; seed++) {
      const { engine } = await runIn(
        seed,
        Effect.gen(function* () {
          const sleeper = yield* Effect.forkChild(Effect.sleep(10));
          yield* Effect.forkChild(Effect.andThen(Effect.sleep(10), Fiber.interrupt(sleeper)));
          yield* Effect.sleep(20);
        }),
      );
      assert.deepStrictEqual(engine.left, { fibers: 0, sleeps: 0, isRunnable: false }, `seed ${seed}`);
    }
  });
});

describe("the engine", () => {
  it("says so when nothing can ever happen again", async () => {
    const engine = new Engine(new Chance(1));
    const waiting = Effect.flatMap(Deferred.make<void>(), Deferred.await);
    const error = await engine.run(waiting, () => {}).catch((thrown: unknown) => thrown);
    assert.instanceOf(error, Stuck);
  });

  it("counts the fibers and sleeps that a program leaves behind", async () => {
    const { engine } = await runIn(1, Effect.asVoid(Effect.forkDetach(Effect.sleep("1 day"))));
    assert.deepStrictEqual(engine.left, { fibers: 1, sleeps: 1, isRunnable: false });
  });
});
