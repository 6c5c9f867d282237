#!/usr/bin/env node
/**
 * The `naru` command as a process: errors logged on stderr (more with `--log-level`), exit codes after sysexits.h, those of signals after the
 * shell's custom, a quiet end when the reader of a pipe has seen enough, and an end in good order at a signal, at once at a second one.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime";
import * as NodeServices from "@effect/platform-node/NodeServices";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Logger from "effect/Logger";
import * as References from "effect/References";
import * as Runtime from "effect/Runtime";
import * as stdout from "./stdout.ts";
import { runArguments } from "./usage.ts";

/** 128 and the signal's number. */
const signalExitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/** What ends in good order takes at most so long, in milliseconds: a peer that does not answer a close must not keep anybody waiting. */
const gracefulMs = 2_000;

let signalled: number | undefined;
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.on(signal, () => {
    // Whoever asks twice does not want to wait.
    if (signalled !== undefined) process.exit(signalExitCodes[signal]);
    const exitCode = (signalled = signalExitCodes[signal]);
    setTimeout(() => process.exit(exitCode), gracefulMs).unref();
  });

/** What the runtime answers for an interruption, whichever signal it was. */
const interruptedExitCode = 130;

const logging = Layer.merge(
  Logger.layer([Logger.withConsoleError(Logger.formatLogFmt)]),
  Layer.succeed(References.MinimumLogLevel, "Error"),
);

stdout
  .guarded(Effect.suspend(() => runArguments(process.argv.slice(2))))
  .pipe(Effect.provide(Layer.mergeAll(NodeServices.layer, logging, stdout.layerConsole)), (program) =>
    NodeRuntime.runMain(program, {
      teardown: (exit, onExit) =>
        Runtime.defaultTeardown(exit, (code) => onExit(code === interruptedExitCode ? (signalled ?? code) : code)),
    }),
  );
