/** What the command line asks for. Everything it could mean by mistake is refused: a case misspelt must not look like a case that passed. */
import { parseArgs } from "node:util";
import { minRounds } from "./Case.ts";

export interface Arguments {
  /** Names of cases, in the order given; `undefined` for those behind the goals. */
  readonly only: ReadonlyArray<string> | undefined;
  /** Every case there is. */
  readonly all: boolean;
  /** `undefined`: as each case says. */
  readonly rounds: number | undefined;
  /** Fewer rounds, shorter readings, and of the peers only those that a goal speaks of. */
  readonly quick: boolean;
  readonly json: boolean;
  readonly check: boolean;
  /** The goals table, its plots and the section of the README are written anew. */
  readonly write: boolean;
  readonly list: boolean;
  readonly help: boolean;
}

export const usage = `pnpm bench [--only NAME[,NAME] | --all] [--quick | --rounds N] [--json] [--check] [--write] [--list]

  (nothing)           the cases behind the goals, and the table of the goals
  --only NAME[,NAME]  these groups or cases only
  --all               every case
  --quick             one round of short readings, in a minute and a half on a quiet machine: an order of magnitude, nothing to quote
  --rounds N          counted rounds of each case, at least ${minRounds} (default: as the case says)
  --json              one JSON document instead of the tables
  --check             compare the medians with gates.json; a breach is a line on standard error and exit status 1
  --write             write the goals table and its plots to docs/reference/benchmarks, and the table into the README; with --only scale its curves
  --list              names of the groups and cases, and nothing else is done

All sides take turns inside one run. Quote ratios with their range; a single absolute time says little on a shared machine.`;

/** The names that may follow `--only`. */
export interface Names {
  readonly cases: ReadonlyArray<string>;
  /** Cases of each group. */
  readonly groups: Readonly<Record<string, ReadonlyArray<string>>>;
}

/** Throws a TypeError or RangeError whose message is meant for the person at the command line. */
export const readArguments = (args: ReadonlyArray<string>, names: Names): Arguments => {
  const { values } = parseArgs({
    // pnpm hands on the `--` of `pnpm bench -- --only x`.
    args: args.filter((arg) => arg !== "--"),
    strict: true,
    allowPositionals: false,
    options: {
      only: { type: "string", multiple: true },
      all: { type: "boolean", default: false },
      rounds: { type: "string" },
      quick: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      check: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const { only, rounds, ...flags } = values;
  const refuse = (one: string, other: string, why: string) => new RangeError(`${one} and ${other} do not go together: ${why}`);
  if (flags.all && only !== undefined) throw refuse("--all", "--only", "all cases, or these");
  if (flags.quick && rounds !== undefined) throw refuse("--quick", "--rounds", "it is one round");
  const cases = casesOf(only, names);
  if (flags.write && cases !== undefined && !cases.every(isCurve)) throw refuse("--write", "--only", "the table is of one run");
  return { ...flags, only: cases, rounds: roundsOf(rounds) };
};

/** Curves have a page of their own, each with a section of its own. */
export const isCurve = (name: string): boolean => name.startsWith("scale-");

const casesOf = (given: ReadonlyArray<string> | undefined, { cases, groups }: Names): ReadonlyArray<string> | undefined => {
  if (given === undefined) return undefined;
  const named = given.flatMap((text) => text.split(",")).map((name) => name.trim());
  const stranger = named.find((name) => !cases.includes(name) && !Object.hasOwn(groups, name));
  if (stranger !== undefined)
    throw new RangeError(
      `no group or case "${stranger}"; there are the groups ${Object.keys(groups).join(", ")} and the cases ${cases.join(", ")}`,
    );
  return [...new Set(named.flatMap((name) => groups[name] ?? [name]))];
};

const roundsOf = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  const rounds = Number(text);
  if (!/^\d+$/.test(text) || rounds < minRounds || rounds > 1_000)
    throw new RangeError(`--rounds takes ${minRounds} to 1000, not "${text}"`);
  return rounds;
};
