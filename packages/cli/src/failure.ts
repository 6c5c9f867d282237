/**
 * How a command ends when it cannot answer: the error's message and a hint on stderr, with `--json` its document on stdout as well, and the
 * exit code that the error carries.
 */
import { errorToJson } from "@naru/router/domain/Answer";
import type { MarketDataError } from "@naru/router/errors/MarketDataError";
import * as Console from "effect/Console";
import * as Effect from "effect/Effect";
import * as Runtime from "effect/Runtime";
import { CommandFailed } from "./CommandFailed.ts";
import { hintWithoutNetwork, isNetworkReason } from "./reach.ts";
import { printable } from "./render/style.ts";

/** Whom an error is told, and what was asked. */
export interface Telling {
  readonly json: boolean;
  /** None for a command that asks no venue. */
  readonly venue?: string | undefined;
}

/** Reports what the effect fails with, and fails with nothing but the exit code. */
export const reporting = <A, E extends MarketDataError | CommandFailed, R>(
  flags: Telling,
  effect: Effect.Effect<A, E, R>,
): Effect.Effect<A, CommandFailed, R> =>
  Effect.catch(effect, (error: MarketDataError | CommandFailed) =>
    error._tag === "CommandFailed" ? Effect.fail(error) : Effect.andThen(report(flags, error), Effect.fail(failed(error))),
  );

/** One error, told to the person and, where that was asked, to the program that reads stdout. `market` where one of several failed. */
export const report = (flags: Telling, error: MarketDataError, market?: string): Effect.Effect<void> =>
  Effect.gen(function* () {
    const hint = outOfReach(error) ? hintWithoutNetwork(flags) : undefined;
    yield* Console.error(`naru: ${market === undefined ? "" : `${market}: `}${printable(error.message)}`);
    if (hint !== undefined) yield* Console.error(hint);
    const document = errorToJson(error);
    if (flags.json) yield* Console.log(JSON.stringify(market === undefined ? document : Object.assign({ market }, document)));
  });

export const failed = (error: MarketDataError): CommandFailed => new CommandFailed({ exitCode: Runtime.getErrorExitCode(error) });

const outOfReach = (error: MarketDataError): boolean =>
  error._tag === "NetworkError" ||
  error._tag === "TimeoutError" ||
  (error._tag === "DataUnavailable" && error.attempts.some(({ reason }) => isNetworkReason(reason)));
