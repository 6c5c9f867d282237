/** Many time limits by one sleep: each is over at its own moment, whoever else comes and goes, and nothing stays behind. */
import { assert, describe, it } from "@effect/vitest";
import * as Clock from "effect/Clock";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Schema from "effect/Schema";
import * as TestClock from "effect/testing/TestClock";
import { TimerQueue } from "../../src/transport/TimerQueue.ts";

/** A queue, and how many sleeps it has begun and not ended. */
const scene = Effect.gen(function* () {
  const seen = { begun: 0, asleep: 0 };
  const context = yield* Effect.context();
  const timers = new TimerQueue(yield* Clock.Clock, (sleep) => {
    seen.begun++;
    seen.asleep++;
    return Effect.runForkWith(context)(
      Effect.ensuring(
        sleep,
        Effect.sync(() => void seen.asleep--),
      ),
    );
  });
  return { timers, seen };
});

const late = () => Effect.succeed("late");
const nowMs = Effect.clockWith((clock) => Effect.sync(() => clock.currentTimeMillisUnsafe()));
const started = <A, E>(effect: Effect.Effect<A, E>) => Effect.forkChild(effect, { startImmediately: true });

describe("TimerQueue", () => {
  it.effect("gives what ends in time as it ended, and keeps nothing of it", () =>
    Effect.gen(function* () {
      const { timers, seen } = yield* scene;
      assert.strictEqual(yield* timers.within(Effect.succeed("at once"), 10, late), "at once");
      const soon = yield* started(timers.within(Effect.delay(Effect.succeed("soon"), 9), 10, late));
      const fails = yield* started(timers.within(Effect.delay(Effect.fail("no"), 5), 10, late));
      yield* TestClock.adjust(9);
      assert.strictEqual(yield* Fiber.join(soon), "soon");
      assert.deepStrictEqual(yield* Fiber.await(fails), Exit.fail("no"));
      assert.deepStrictEqual([timers.size, seen.asleep], [0, 0]);
    }),
  );

  it.effect("interrupts what takes too long, and goes on when that has cleaned up", () =>
    Effect.gen(function* () {
      const { timers, seen } = yield* scene;
      const told: Array<string> = [];
      const stuck = Effect.ensuring(
        Effect.never,
        Effect.delay(
          Effect.sync(() => void told.push("cleaned up")),
          3,
        ),
      );
      const asked = yield* started(
        timers.within(stuck, 10, () => {
          told.push("late");
          return Effect.fail("late");
        }),
      );
      yield* TestClock.adjust(12);
      assert.deepStrictEqual(told, []);
      yield* TestClock.adjust(1);
      assert.deepStrictEqual(yield* Fiber.await(asked), Exit.fail("late"));
      assert.deepStrictEqual(told, ["cleaned up", "late"]);
      assert.deepStrictEqual([timers.size, seen.asleep], [0, 0]);
    }),
  );

  it.effect("interrupts the work of a caller who leaves, and waits no longer", () =>
    Effect.gen(function* () {
      const { timers, seen } = yield* scene;
      const cut = yield* Deferred.make<void>();
      const asked = yield* started(
        timers.within(
          Effect.onInterrupt(Effect.never, () => Deferred.succeed(cut, undefined)),
          10,
          late,
        ),
      );
      yield* Fiber.interrupt(asked);
      assert.isTrue(yield* Deferred.isDone(cut));
      assert.deepStrictEqual([timers.size, seen.asleep], [0, 0]);
    }),
  );

  it.effect("looks at a fiber's end for as long as it is told, and leaves the fiber alone", () =>
    Effect.gen(function* () {
      const { timers, seen } = yield* scene;
      const runs = yield* started(Effect.delay(Effect.succeed("done"), 20));
      const first = yield* started(timers.ended(runs, 10));
      yield* TestClock.adjust(10);
      assert.isUndefined(yield* Fiber.join(first));
      const second = yield* started(timers.ended(runs, Number.POSITIVE_INFINITY));
      assert.strictEqual(timers.size, 0);
      yield* TestClock.adjust(10);
      assert.deepStrictEqual(yield* Fiber.join(second), Exit.succeed("done"));
      assert.deepStrictEqual(yield* timers.ended(runs, 0), Exit.succeed("done"));
      assert.strictEqual(seen.asleep, 0);
    }),
  );

  it.effect("needs one sleep for many of one length, and a new one only for whoever is due before all others", () =>
    Effect.gen(function* () {
      const { timers, seen } = yield* scene;
      const all = yield* Effect.replicateEffect(started(timers.within(Effect.never, 100, late)), 50);
      assert.deepStrictEqual(seen, { begun: 1, asleep: 1 });
      const soon = yield* started(timers.within(Effect.never, 10, late));
      assert.deepStrictEqual(seen, { begun: 2, asleep: 1 });
      yield* TestClock.adjust(10);
      assert.strictEqual(yield* Fiber.join(soon), "late");
      yield* Fiber.interruptAll(all.slice(1));
      assert.deepStrictEqual([timers.size, seen.asleep], [1, 1]);
      yield* TestClock.adjust(90);
      assert.strictEqual(yield* Fiber.join(all[0] ?? soon), "late");
      assert.deepStrictEqual([timers.size, seen.asleep], [0, 0]);
    }),
  );

  it.effect("lets those who are told begin to wait anew", () =>
    Effect.gen(function* () {
      const { timers, seen } = yield* scene;
      const again = yield* started(timers.within(Effect.never, 5, () => timers.within(Effect.never, 5, () => nowMs)));
      const other = yield* started(timers.within(Effect.never, 7, () => nowMs));
      yield* TestClock.adjust(10);
      assert.deepStrictEqual([yield* Fiber.join(other), yield* Fiber.join(again)], [7, 10]);
      assert.deepStrictEqual([timers.size, seen.asleep], [0, 0]);
    }),
  );

  const wait = Schema.Struct({
    ms: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 60 })),
    leaves: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 40 })),
    after: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3 })),
  });
  it.effect.prop(
    "ends each wait at its own moment, in whatever order they begin, end and leave",
    { waits: Schema.Array(wait).check(Schema.isMinLength(25), Schema.isMaxLength(40)) },
    ({ waits }) =>
      Effect.gen(function* () {
        const { timers, seen } = yield* scene;
        const over: Array<string> = [];
        const all: Array<{ readonly due: number; readonly fiber: Fiber.Fiber<void>; stays: boolean }> = [];
        for (const { ms, leaves, after } of waits) {
          yield* TestClock.adjust(after);
          const now = yield* nowMs;
          const due = now + ms;
          const told = Effect.map(nowMs, (at) => void over.push(`${at} of ${due}`));
          all.push({ due, fiber: yield* started(timers.within(Effect.never, ms, () => told)), stays: true });
          const leaver = all[leaves];
          if (leaver === undefined || leaver.due <= now) continue;
          leaver.stays = false;
          yield* Fiber.interrupt(leaver.fiber);
        }
        yield* TestClock.adjust(70);
        const staying = all.filter(({ stays }) => stays).map(({ due }) => due);
        assert.deepStrictEqual(
          over,
          staying.toSorted((a, b) => a - b).map((due) => `${due} of ${due}`),
        );
        assert.deepStrictEqual([timers.size, seen.asleep], [0, 0]);
      }),
    { arbitrary: { runs: 50, seed: 11 } },
  );
});
