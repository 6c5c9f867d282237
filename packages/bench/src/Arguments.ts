/** What the command line asks for. Everything it could mean by mistake is refused: a case misspelt must not look like a case that passed. */
import { parseArgs } from "node:util";
import { minRounds } from "./Case.ts";

export interface Arguments {
  /** Names of cases, in the order given; `undefined` for all. */
  readonly only: ReadonlyArray<string> | undefined;
  /** `undefined`: as each case says. */
  readonly rounds: number | undefined;
  readonly json: boolean;
  readonly check: boolean;
  readonly list: boolean;
  readonly help: boolean;
}

export const usage = `pnpm bench [--only NAME[,NAME]] [--rounds N] [--json] [--check] [--list]

  --only NAME[,NAME]  these cases only
  --rounds N          counted rounds of each case, at least ${minRounds} (default: as the case says)
  --json              one JSON document instead of the table
  --check             compare the medians with gates.json; a breach is a line on standard error and exit status 1
  --list              names of the cases, and nothing else is done

Base and candidate take turns inside one run. Quote ratios with their range; a single absolute time says little on a shared machine.`;

/** Throws a TypeError or RangeError whose message is meant for the person at the command line. `known` are the names of all cases. */
export const readArguments = (args: ReadonlyArray<string>, known: ReadonlyArray<string>): Arguments => {
  const { values } = parseArgs({
    // pnpm hands on the `--` of `pnpm bench -- --only x`.
    args: args.filter((arg) => arg !== "--"),
    strict: true,
    allowPositionals: false,
    options: {
      only: { type: "string", multiple: true },
      rounds: { type: "string" },
      json: { type: "boolean", default: false },
      check: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const { json, check, list, help } = values;
  return { only: namesOf(values.only, known), rounds: roundsOf(values.rounds), json, check, list, help };
};

const namesOf = (given: ReadonlyArray<string> | undefined, known: ReadonlyArray<string>): ReadonlyArray<string> | undefined => {
  if (given === undefined) return undefined;
  const names = [...new Set(given.flatMap((text) => text.split(",")).map((name) => name.trim()))];
  const stranger = names.find((name) => !known.includes(name));
  if (stranger !== undefined) throw new RangeError(`no case "${stranger}"; there are ${known.join(", ")}`);
  return names;
};

const roundsOf = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  const rounds = Number(text);
  if (!/^\d+$/.test(text) || rounds < minRounds || rounds > 1_000)
    throw new RangeError(`--rounds takes ${minRounds} to 1000, not "${text}"`);
  return rounds;
};
