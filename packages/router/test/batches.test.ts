/** Batches are bounded in number and time, and nothing is lost between them. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Fiber, Schedule, Stream } from "effect";
import { TestClock } from "effect/testing";
import { readBatches } from "../src/batches.ts";

/** 0, 1, 2, … one every 10 ms. */
const ticking = Stream.fromSchedule(Schedule.spaced(10));

describe("takeBatch", () => {
  it.effect("gives up to the maximum at once, or what came when its time is over, and never waits longer (R000-21)", () =>
    Effect.gen(function* () {
      const reader = yield* readBatches(ticking);
      const first = yield* Effect.forkChild(reader.takeBatch(3, 1_000), { startImmediately: true });
      yield* TestClock.adjust(30);
      assert.deepStrictEqual(yield* Fiber.join(first), { elements: [0, 1, 2], done: false });
      const second = yield* Effect.forkChild(reader.takeBatch(100, 25), { startImmediately: true });
      yield* TestClock.adjust(24);
      assert.isUndefined(second.pollUnsafe());
      yield* TestClock.adjust(1);
      assert.deepStrictEqual(yield* Fiber.join(second), { elements: [3, 4], done: false });
      const third = yield* Effect.forkChild(reader.takeBatch(5, 4), { startImmediately: true });
      yield* TestClock.adjust(4);
      assert.deepStrictEqual(yield* Fiber.join(third), { elements: [], done: false });
    }),
  );

  it.effect("a reader that gives up in the middle loses nothing", () =>
    Effect.gen(function* () {
      const reader = yield* readBatches(ticking);
      const waiting = yield* Effect.forkChild(reader.takeBatch(1, 1_000), { startImmediately: true });
      yield* Fiber.interrupt(waiting);
      yield* TestClock.adjust(20);
      assert.deepStrictEqual((yield* reader.takeBatch(2, 0)).elements, [0, 1]);
    }),
  );

  it.effect("tells the end of the stream with the last elements, and a failure after them", () =>
    Effect.gen(function* () {
      const short = yield* readBatches(Stream.make(1, 2));
      assert.deepStrictEqual(yield* short.takeBatch(10, 100), { elements: [1, 2], done: true });
      assert.deepStrictEqual(yield* short.takeBatch(10, 100), { elements: [], done: true });
      const failing = yield* readBatches(Stream.concat(Stream.make(1), Stream.fail("broken")));
      assert.deepStrictEqual((yield* failing.takeBatch(10, 100)).elements, [1]);
      assert.strictEqual(yield* Effect.flip(failing.takeBatch(10, 100)), "broken");
    }),
  );
});
