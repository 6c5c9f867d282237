/**
 * Runs a command line, and says what is wrong with it: the mistake alone and where to read more, on stderr. The page of help is for who asks
 * for it. With `--json` the mistake is a document on stdout as well, like every other error.
 */
import * as CliOutput from "effect/cli/CliOutput";
import type * as CliError from "effect/cli/CliError";
import * as Command from "effect/cli/Command";
import * as Console from "effect/Console";
import * as Effect from "effect/Effect";
import { cli, version } from "./cli.ts";
import { CommandFailed } from "./CommandFailed.ts";

/** EX_USAGE */
const usageExitCode = 64;

/** Runs the command that the words name. Fails with nothing but an exit code. */
export const runArguments = (words: ReadonlyArray<string>) =>
  Command.runWith(cli, { version })(withNegativeValues(words)).pipe(
    Effect.provideService(CliOutput.Presenter, presenter(asksForJson(words))),
    Effect.catchTag("ShowHelp", ({ errors, commandPath }) =>
      errors.length === 0 && commandPath.length === 1 ? Effect.void : Effect.fail(new CommandFailed({ exitCode: usageExitCode })),
    ),
  );

const presenter = (json: boolean): CliOutput.Presenter => ({
  present: (event) => {
    if (event._tag === "InvalidInvocation") return report(json, event.commandPath, event.errors.map(sentence));
    // A name that only groups commands is not one; `naru` alone is a question for help.
    if (event._tag === "Help" && event.reason === "Implicit" && event.commandPath.length > 1) {
      const names = (event.helpDoc.subcommands ?? []).flatMap(({ commands }) => commands.map(({ name }) => name));
      if (names.length > 0) return report(json, event.commandPath, [`${event.commandPath.join(" ")} needs one of ${names.join(", ")}`]);
    }
    return CliOutput.defaultPresenter.present(event);
  },
});

const report = (json: boolean, path: ReadonlyArray<string>, mistakes: ReadonlyArray<string>): Effect.Effect<void> =>
  Effect.gen(function* () {
    const command = path.join(" ");
    yield* Effect.forEach(mistakes, (mistake) => Console.error(`naru: ${mistake}`), { discard: true });
    yield* Console.error(`${command} --help tells more`);
    const document = { _tag: "UsageError", command, message: mistakes.join("; "), retryable: false, retryAfterMs: null };
    if (json) yield* Console.log(JSON.stringify(document));
  });

/** One line, whatever the words were. */
const sentence = (error: CliError.NonShowHelpErrors): string => visible(textOf(error));

const textOf = (error: CliError.NonShowHelpErrors): string => {
  switch (error._tag) {
    case "UnrecognizedOption":
      return `${(error.command ?? ["naru"]).join(" ")} has no flag ${error.option}${meant(error.suggestions)}`;
    case "UnknownSubcommand":
      return `${(error.parent ?? ["naru"]).join(" ")} has no command ${JSON.stringify(error.subcommand)}${meant(error.suggestions)}`;
    case "InvalidValue": {
      const name = error.kind === "flag" ? `--${error.option}` : error.option;
      if (error.value === "") return `${name} needs a value${error.expected === "" ? "" : `: ${error.expected}`}`;
      return `${name} ${JSON.stringify(error.value)}${/^expected/i.test(error.expected) ? ": " : " "}${error.expected}`;
    }
    case "MissingArgument":
      return `the ${error.argument} is missing`;
    default:
      return error.message;
  }
};

const meant = (suggestions: ReadonlyArray<string>): string =>
  suggestions.length === 0 ? "" : ` — did you mean ${suggestions.join(" or ")}?`;

// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const visible = (text: string): string => text.replace(/\s*\n\s*/g, " ").replace(/[\u0000-\u001f\u007f-\u009f]/g, "\ufffd");

/** Whether the words ask for JSON. They may be wrong, so they are read as they stand. */
const asksForJson = (words: ReadonlyArray<string>): boolean => {
  const end = words.indexOf("--");
  return (end === -1 ? words : words.slice(0, end)).some((word) => word === "--json" || word === "--json=true");
};

/** `--deadline -1s` is a wrong value, not the flags `-1` and `-s`: no flag of ours begins with a digit. */
const withNegativeValues = (words: ReadonlyArray<string>): ReadonlyArray<string> => {
  const joined: Array<string> = [];
  for (const word of words) {
    const before = joined.at(-1);
    if (/^-\d/.test(word) && before !== undefined && /^--[^=]+$/.test(before)) joined[joined.length - 1] = `${before}=${word}`;
    else joined.push(word);
  }
  return joined;
};
