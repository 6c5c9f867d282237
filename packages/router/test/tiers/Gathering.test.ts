/** Callers as one piece of work: who is served together, and what the end of one, of all, and of the work itself means. */
import { assert, describe, it } from "@effect/vitest";
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as TestClock from "effect/testing/TestClock";
import { Gathering } from "../../src/tiers/Gathering.ts";

/** Work that takes ten milliseconds and answers with how many it served; what it was given, and how often it was cut short, is written down. */
const scene = (crash?: string, whole?: number) => {
  const served: Array<ReadonlyArray<string>> = [];
  const seen = { cut: 0 };
  const gathering = new Gathering<string, string, never>({
    wait: Effect.sleep(5),
    whole: whole === undefined ? undefined : () => whole,
    answers: (requests) =>
      Effect.sleep(10).pipe(
        Effect.onInterrupt(() => Effect.sync(() => void seen.cut++)),
        Effect.map(() => {
          served.push(requests);
          if (crash !== undefined) throw new Error(crash);
          return (request) => Exit.succeed(`${request} of ${requests.length}`);
        }),
      ),
  });
  const ask = (request: string) => Effect.forkChild(gathering.ask(request), { startImmediately: true });
  return { served, seen, ask };
};

describe("Gathering", () => {
  it.effect("serves those who come within the wait together, each with its own answer, and the next ones apart", () =>
    Effect.gen(function* () {
      const { served, ask } = scene();
      const first = [yield* ask("a"), yield* ask("b")];
      yield* TestClock.adjust(4);
      first.push(yield* ask("a"));
      yield* TestClock.adjust(1);
      const later = yield* ask("c");
      yield* TestClock.adjust(20);
      assert.deepStrictEqual(yield* Effect.forEach(first, Fiber.join), ["a of 3", "b of 3", "a of 3"]);
      assert.strictEqual(yield* Fiber.join(later), "c of 1");
      assert.deepStrictEqual(served, [["a", "b", "a"], ["c"]]);
    }),
  );

  it.effect("leaves out who has gone before the work begins, and goes on without who leaves later", () =>
    Effect.gen(function* () {
      const { served, ask } = scene();
      const [gone, leaves, stays] = [yield* ask("gone"), yield* ask("leaves"), yield* ask("stays")];
      yield* Fiber.interrupt(gone);
      yield* TestClock.adjust(5);
      yield* Fiber.interrupt(leaves);
      yield* TestClock.adjust(10);
      assert.strictEqual(yield* Fiber.join(stays), "stays of 2");
      assert.deepStrictEqual(served, [["leaves", "stays"]]);
    }),
  );

  it.effect("cuts the work short when the last of its callers has left, before and while it runs, and begins anew for the next", () =>
    Effect.gen(function* () {
      const { served, seen, ask } = scene();
      yield* Fiber.interrupt(yield* ask("early"));
      const late = yield* ask("late");
      yield* TestClock.adjust(6);
      yield* Fiber.interrupt(late);
      assert.strictEqual(seen.cut, 1);
      const next = yield* ask("next");
      yield* TestClock.adjust(15);
      assert.strictEqual(yield* Fiber.join(next), "next of 1");
      assert.deepStrictEqual(served, [["next"]]);
    }),
  );

  it.effect("waits for nobody else once all are there who are expected, and for a moment where one of them does not come", () =>
    Effect.gen(function* () {
      const { served, ask } = scene(undefined, 2);
      const all = [yield* ask("a"), yield* ask("b")];
      const more = yield* ask("c");
      yield* TestClock.adjust(10);
      assert.deepStrictEqual(yield* Effect.forEach(all, Fiber.join), ["a of 2", "b of 2"]);
      assert.deepStrictEqual(served, [["a", "b"]]);
      yield* TestClock.adjust(5);
      assert.strictEqual(yield* Fiber.join(more), "c of 1");
    }),
  );

  it.effect("does not count who has left, and cuts short what was not waited for when the last of its callers leaves", () =>
    Effect.gen(function* () {
      const { served, seen, ask } = scene(undefined, 2);
      yield* Fiber.interrupt(yield* ask("gone"));
      const both = [yield* ask("a"), yield* ask("b")];
      yield* Fiber.interruptAll(both);
      assert.strictEqual(seen.cut, 1);
      const left = yield* ask("left");
      const [stays] = [yield* ask("stays"), yield* Fiber.interrupt(left)];
      yield* TestClock.adjust(10);
      assert.strictEqual(yield* Fiber.join(stays), "stays of 2");
      assert.deepStrictEqual(served, [["left", "stays"]]);
    }),
  );

  it.effect("tells everybody of a crash of what was not waited for", () =>
    Effect.gen(function* () {
      const { ask } = scene("broken", 2);
      const both = [yield* ask("a"), yield* ask("b")];
      yield* TestClock.adjust(10);
      for (const fiber of both) assert.isTrue(Exit.hasDies(yield* Fiber.await(fiber)));
    }),
  );

  it.effect("tells everybody of a crash", () =>
    Effect.gen(function* () {
      const { ask } = scene("broken");
      const both = [yield* ask("a"), yield* ask("b")];
      yield* TestClock.adjust(15);
      for (const fiber of both) {
        const exit = yield* Fiber.await(fiber);
        assert(Exit.isFailure(exit));
        assert.match(String(Cause.squash(exit.cause)), /broken/);
      }
    }),
  );
});
