/**
 * The one folder naru writes to: `$NARU_STATE`, else `$XDG_STATE_HOME/naru`, else `~/.local/state/naru`. Only its owner may read it. A folder
 * that cannot be used costs a warning and what would have been remembered, never an answer.
 */
import { constants } from "node:fs";
import { access, mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { StorageError } from "@naru/router/errors/MarketDataError";
import * as Config from "effect/Config";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { errorCode } from "./networkFailure.ts";

/** Where the folder would be, by the environment; nothing is touched. */
export const locate: Effect.Effect<string, Config.ConfigError> = Effect.gen(function* () {
  const own = yield* Config.option(Config.String("NARU_STATE"));
  if (Option.isSome(own) && own.value !== "") return resolve(own.value);
  const xdg = yield* Config.option(Config.String("XDG_STATE_HOME"));
  // The XDG specification: a relative path is to be ignored.
  const base = Option.isSome(xdg) && isAbsolute(xdg.value) ? xdg.value : join(homedir(), ".local", "state");
  return join(base, "naru");
});

/** Makes the folder at `path` if need be and proves that it can be written to. */
export const ensure = (path: string): Effect.Effect<string, StorageError> =>
  Effect.tryPromise({
    try: async () => {
      await mkdir(path, { recursive: true, mode: 0o700 });
      await access(path, constants.W_OK | constants.X_OK);
      return path;
    },
    catch: (cause) => {
      const detail = cause instanceof Error ? cause.message : null;
      return new StorageError({ operation: "open the state folder", path, code: errorCode(cause), detail });
    },
  });

/** The folder, ready to use; `None` with one warning where there is none, and then state lives in memory only. */
export const open: Effect.Effect<Option.Option<string>> = locate.pipe(
  Effect.flatMap(ensure),
  Effect.asSome,
  Effect.catch((error) =>
    Effect.as(Effect.logWarning("Nothing will be remembered: the state folder cannot be used", error.message), Option.none<string>()),
  ),
);
