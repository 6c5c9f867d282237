#!/usr/bin/env node
/**
 * The `naru` command as a process: errors logged on stderr (more with `--log-level`), exit codes after sysexits.h, and a quiet end when
 * the reader of a pipe has seen enough.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime";
import * as NodeServices from "@effect/platform-node/NodeServices";
import * as Command from "effect/cli/Command";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Logger from "effect/Logger";
import * as References from "effect/References";
import { cli, version } from "./cli.ts";
import { CommandFailed } from "./CommandFailed.ts";

/** EX_USAGE */
const usageExitCode = 64;

/** Ends when whoever read stdout is gone, as after `| head -1`. */
const readerGone = Effect.callback<void>((resume) => {
  const onError = (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") resume(Effect.void);
  };
  process.stdout.on("error", onError);
  return Effect.sync(() => process.stdout.off("error", onError));
});

const logging = Layer.merge(
  Logger.layer([Logger.withConsoleError(Logger.formatLogFmt)]),
  Layer.succeed(References.MinimumLogLevel, "Error"),
);

Command.run(cli, { version }).pipe(
  Effect.catchTag("ShowHelp", (help) =>
    help.errors.length === 0 ? Effect.void : Effect.fail(new CommandFailed({ exitCode: usageExitCode })),
  ),
  Effect.raceFirst(readerGone),
  Effect.provide(Layer.merge(NodeServices.layer, logging)),
  NodeRuntime.runMain,
);
