/**
 * Standard output as something that can fail. Node's global console swallows every error of its streams; a program that redirects to a full
 * disk must not be told that all went well.
 */
import { Console as NodeConsole } from "node:console";
import * as Console from "effect/Console";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { CommandFailed } from "./CommandFailed.ts";

/** EX_IOERR */
const outputExitCode = 74;

/** A console that hands errors of its streams on. */
export const layerConsole: Layer.Layer<never> = Layer.sync(Console.Console, () => {
  // Nobody is left to be told when stderr itself is gone.
  process.stderr.on("error", () => {});
  return new NodeConsole({ stdout: process.stdout, stderr: process.stderr, ignoreErrors: false });
});

/** Runs a program to its end or to the end of standard output: a reader that is gone (`| head -1`) is a good end, anything else is not. */
export const guarded = <E, R>(program: Effect.Effect<void, E, R>): Effect.Effect<void, E | CommandFailed, R> =>
  Effect.raceFirst(Effect.andThen(program, written), ended);

/** All that was printed has been taken. Of what cannot be written the stream tells `ended`. */
const written = Effect.callback<void>((resume) => {
  process.stdout.write("", (error) => {
    if (error === null || error === undefined) resume(Effect.void);
  });
});

const ended = Effect.callback<NodeJS.ErrnoException>((resume) => {
  const onError = (error: NodeJS.ErrnoException) => resume(Effect.succeed(error));
  process.stdout.on("error", onError);
  return Effect.sync(() => process.stdout.off("error", onError));
}).pipe(
  Effect.flatMap((error) =>
    error.code === "EPIPE"
      ? Effect.void
      : Effect.andThen(
          Console.error(`naru: standard output cannot be written: ${error.message}`),
          Effect.fail(new CommandFailed({ exitCode: outputExitCode })),
        ),
  ),
);
