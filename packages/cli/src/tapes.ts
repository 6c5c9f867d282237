/** How a command ends on a file that is no tape, or not one of this version: said on stderr, with `--json` as a document too, exit code 65. */
import type { MarketDataError } from "@naru/router/errors/MarketDataError";
import type { TapeError } from "@naru/router/tape/TapeEvent";
import * as Console from "effect/Console";
import * as Effect from "effect/Effect";
import { CommandFailed } from "./CommandFailed.ts";
import type { Telling } from "./failure.ts";
import * as output from "./output.ts";
import { printable } from "./render/style.ts";

/** EX_DATAERR */
const dataExitCode = 65;

export const reportingTape = <A, R>(
  flags: Telling,
  effect: Effect.Effect<A, MarketDataError | CommandFailed | TapeError, R>,
): Effect.Effect<A, MarketDataError | CommandFailed, R> =>
  Effect.catch(effect, (error: MarketDataError | CommandFailed | TapeError) =>
    error._tag === "TapeError" ? Effect.andThen(told(flags, error), new CommandFailed({ exitCode: dataExitCode })) : Effect.fail(error),
  );

const told = (flags: Telling, { detail, message, path, reason }: TapeError): Effect.Effect<void> =>
  Effect.andThen(
    Console.error(`naru: ${printable(message)}`),
    flags.json ? output.json({ _tag: "TapeError", path, reason, detail, message, retryable: false, retryAfterMs: null }) : Effect.void,
  );
