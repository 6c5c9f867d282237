/** Runs the command line inside the test's process, with its console held. */
import * as NodeServices from "@effect/platform-node/NodeServices";
import { Cause, Effect, Exit, Layer, Option, Runtime } from "effect";
import { TestConsole } from "effect/testing";
import type { Asking } from "../src/settings.ts";
import { runArguments } from "../src/usage.ts";

export interface Invoked {
  readonly exitCode: number;
  /** Printed on stdout, by lines. */
  readonly out: ReadonlyArray<string>;
  readonly err: ReadonlyArray<string>;
  /** The lines of stdout read as JSON. */
  readonly documents: () => ReadonlyArray<Document>;
}

export type Document = { readonly [key: string]: unknown };

const split = (printed: ReadonlyArray<unknown>): ReadonlyArray<string> => printed.flatMap((text) => String(text).split("\n"));

const exitCodeOf = (exit: Exit.Exit<unknown, unknown>): number =>
  Exit.isSuccess(exit) ? 0 : Runtime.getErrorExitCode(Cause.squash(exit.cause));

export const held = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const exit = yield* Effect.exit(effect);
    const out = split(yield* TestConsole.logLines);
    const err = split(yield* TestConsole.errorLines);
    const documents = () => out.map((line): Document => JSON.parse(line));
    return { exitCode: exitCodeOf(exit), out, err, documents } satisfies Invoked;
  }).pipe(Effect.provide(Layer.fresh(TestConsole.layer)));

export const invoke = (...args: ReadonlyArray<string>): Effect.Effect<Invoked> =>
  held(runArguments(args)).pipe(Effect.provide(NodeServices.layer));

/** The flags of a question when none is given. */
export const noFlags: Asking = {
  venue: "upbit",
  simulated: Option.none(),
  seed: Option.none(),
  json: false,
  maxAge: Option.none(),
  deadline: Option.none(),
  priority: Option.none(),
  realtime: Option.none(),
  strategy: Option.none(),
  context: Option.none(),
  onStale: Option.none(),
};
