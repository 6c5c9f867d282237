/** `orElse` in both its forms. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Exit } from "effect";
import { orElse } from "../../src/fallback/orElse.ts";

describe("orElse", () => {
  it.effect("answers with the second effect, which is told why the first failed", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* orElse(Effect.fail("reset"), (error) => Effect.succeed(`after ${error}`)), "after reset");
      assert.strictEqual(yield* Effect.fail("reset").pipe(orElse((error) => Effect.succeed(`after ${error}`))), "after reset");
    }),
  );

  it.effect("never asks the second when the first answers, and keeps the second's failure when both fail", () =>
    Effect.gen(function* () {
      let asked = 0;
      const second = () => Effect.suspend(() => Effect.fail(`second ${++asked}`));
      assert.strictEqual(yield* orElse(Effect.succeed(1), second), 1);
      assert.strictEqual(asked, 0);
      assert.strictEqual(yield* Effect.flip(orElse(Effect.fail("first"), second)), "second 1");
    }),
  );

  it.effect("hides no bug: a defect is not a failure", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(orElse(Effect.die("a bug"), () => Effect.succeed(1)));
      assert.deepStrictEqual(exit, Exit.die("a bug"));
    }),
  );
});
