/**
 * What is left to be done at the end, so that it ends: each part has a second, whatever it waits for and however it was made, and one that takes longer
 * or crashes does not keep the others from their turn. It is logged, and is the defect that the closing of the scope ends with, so that the exit code
 * of a program tells of it.
 */
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Option from "effect/Option";
import type * as Scope from "effect/Scope";

/** How long one part may take, in milliseconds. */
export const endMs = 1_000;

/** Runs `last` when the present scope closes. */
export const atEnd = <R>(name: string, last: Effect.Effect<unknown, never, R>): Effect.Effect<void, never, R | Scope.Scope> =>
  Effect.addFinalizer(() => bounded(name, last));

/** The same for a release. It runs in a fiber of its own, because one that cannot be interrupted must be left behind. */
export const bounded = <R>(name: string, last: Effect.Effect<unknown, never, R>): Effect.Effect<void, never, R> =>
  Effect.gen(function* () {
    const running = yield* Effect.forkDetach(last, { startImmediately: true });
    const ended = running.pollUnsafe() ?? Option.getOrUndefined(yield* Effect.timeoutOption(Fiber.await(running), endMs));
    if (ended?._tag === "Success") return;
    if (ended === undefined) running.interruptUnsafe();
    const what = `the end of ${name} ${ended === undefined ? `took longer than ${endMs} ms and is not waited for` : "crashed"}`;
    yield* Effect.logError(what, ...(ended === undefined ? [] : [ended.cause]));
    return yield* ended ?? Effect.die(new Error(what));
  });
