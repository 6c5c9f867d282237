import { assert, describe, it } from "@effect/vitest";
import { Effect, Fiber } from "effect";
import { TestClock } from "effect/testing";
import { withProgress } from "../src/progress.ts";
import { held } from "./invoke.ts";

const waiting = (ms: number) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(held(withProgress(Effect.sleep(ms), "reading")), { startImmediately: true });
    yield* TestClock.adjust(ms);
    return yield* Fiber.join(fiber);
  });

describe("progress", () => {
  it.effect("is silent about what takes less than a second", () => Effect.map(waiting(999), ({ err }) => assert.deepStrictEqual(err, [])));

  it.effect("tells on stderr after the first second and every five from then on", () =>
    Effect.map(waiting(7_000), ({ err, out }) => {
      assert.deepStrictEqual(err, ["reading: 1 s so far", "reading: 6 s so far"]);
      assert.deepStrictEqual(out, []);
    }),
  );
});
