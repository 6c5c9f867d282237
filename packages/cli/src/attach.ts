/** From the state folder to a running app that answers, or to a sentence that says why there is none. */
import { userInfo } from "node:os";
import { type AdminFailed, type App, running } from "@naru/node/admin/AdminClient";
import * as StateFolder from "@naru/node/StateFolder";
import * as Console from "effect/Console";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import type * as Scope from "effect/Scope";
import { CommandFailed } from "./CommandFailed.ts";
import * as output from "./output.ts";
import { printable } from "./render/style.ts";
import type { Printing } from "./settings.ts";

/** After sysexits.h: several apps and no word which, or none. */
const exit = { usage: 64, unavailable: 69, config: 78 } as const;

/** The apps of the state folder, or the one of them that is meant. */
export const apps = Effect.fnUntraced(function* (
  flags: Printing,
  pid: Option.Option<number>,
): Effect.fn.Return<ReadonlyArray<App>, CommandFailed, Scope.Scope> {
  const folder = yield* folderOf(flags);
  const all = yield* running(folder);
  return Option.match(pid, { onNone: () => all, onSome: (number) => all.filter((app) => app.pid === number) });
});

/** The app that is meant. Where none or several could be, it is told and the command ends. */
export const oneApp = Effect.fnUntraced(function* (
  flags: Printing,
  pid: Option.Option<number>,
): Effect.fn.Return<App, CommandFailed, Scope.Scope> {
  const found = yield* apps(flags, pid);
  const [app, another] = found;
  if (app === undefined) return yield* noApp(flags, pid);
  if (another !== undefined) {
    const which = found.map((one) => `--pid ${one.pid}`).join(", ");
    return yield* refuse(flags, "SeveralApps", `${found.length} apps run; say which: ${which} (naru status tells them apart)`, exit.usage);
  }
  return app;
});

export const folderOf = (flags: Printing): Effect.Effect<string, CommandFailed> =>
  Effect.catch(StateFolder.locate, (error) => refuse(flags, "ConfigError", error.message, exit.config));

export const noApp = (flags: Printing, pid: Option.Option<number>): Effect.Effect<never, CommandFailed> =>
  Effect.flatMap(folderOf(flags), (folder) =>
    refuse(
      flags,
      "NoApp",
      `${Option.match(pid, { onNone: () => "no app", onSome: (number) => `no app of process ${number}` })} listens in ${folder}: start one with naru watch --admin, or add AdminSocket.layer() to your program`,
      exit.unavailable,
    ),
  );

/** What an app that does not answer, or cannot do it, is told as. */
export const notAnswered = (flags: Printing, error: AdminFailed | { readonly _tag: "NoRouter"; readonly message: string }) =>
  refuse(flags, error._tag, error.message, exit.unavailable);

/** Who does what is done by hand: the user of the system. Nobody else can open the socket but the superuser. */
export const ownUser = (): string => {
  try {
    return userInfo().username;
  } catch {
    // A container may have users without names.
    return `uid ${process.getuid?.() ?? "unknown"}`;
  }
};

const refuse = (flags: Printing, tag: string, message: string, exitCode: number): Effect.Effect<never, CommandFailed> =>
  Effect.gen(function* () {
    yield* Console.error(`naru: ${printable(message)}`);
    if (flags.json) yield* output.json({ _tag: tag, message, retryable: exitCode === exit.unavailable, retryAfterMs: null });
    return yield* new CommandFailed({ exitCode });
  });
