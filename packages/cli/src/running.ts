/** How a command of the tree runs: its module is loaded when it is needed, so that help and completion are quick. */
import * as Effect from "effect/Effect";

/** Loads a command's module, then runs it with the flags it declared. A module of our own that cannot be loaded is a defect. */
export const running = <M, F, R1, E, R2>(
  module: () => Promise<M>,
  flags: Effect.Effect<F, never, R1>,
  run: (loaded: M, flags: F) => Effect.Effect<void, E, R2>,
): Effect.Effect<void, E, R1 | R2> =>
  Effect.gen(function* () {
    const given = yield* flags;
    yield* run(yield* Effect.promise(module), given);
  });
