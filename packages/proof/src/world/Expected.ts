/**
 * What a breach means. Some faults make the exchange itself say something else than what happened: then what a client says cannot be held
 * against what happened ({@link lies}). And some things the product does not hold yet, by name ({@link expectedFailures}): which invariant
 * breaks under which fault, and why. Any other breach is a failure of the sweep; so is a name that no breach answers to any more.
 */
import type { Invariant, Violation } from "./Violation.ts";

export interface ExpectedFailure {
  readonly invariant: Invariant;
  readonly verb: string;
  /** Words of the breach: others of this invariant are not expected. */
  readonly about: string;
  readonly why: string;
  /** A breach comes about once in so many worlds with this fault. */
  readonly onceIn: number;
}

export interface Lie {
  readonly verb: string;
  /** What cannot be judged while it lasts. */
  readonly invariants: ReadonlyArray<Invariant>;
  readonly why: string;
}

const everyValue: ReadonlyArray<Invariant> = ["zero-loss", "state-converges", "honest-label"];

export const lies: ReadonlyArray<Lie> = [
  ...["clock-skew", "future-timestamp", "timestamps-back", "nonsense-price", "candle-revised"].map((verb) => ({
    verb,
    invariants: everyValue,
    why: "the exchange itself gives times or figures that are not what happened",
  })),
  ...["crossed-book", "empty-book", "zero-sizes", "unsorted-book", "duplicate-levels"].map((verb) => ({
    verb,
    invariants: ["state-converges", "honest-label"] as const,
    why: "the exchange itself gives a book that is not its own",
  })),
  ...["market-paused", "delisted", "stale-rest"].map((verb) => ({
    verb,
    invariants: everyValue,
    why: "the exchange itself stops telling, or tells what was, while the market behind it goes on",
  })),
  ...["sparse-rows", "short-pages", "odd-market"].map((verb) => ({
    verb,
    invariants: everyValue,
    why: "rows that the exchange leaves out, or gives under another name, leave no sign",
  })),
  {
    verb: "retry-after",
    invariants: ["converges"],
    why: "the exchange itself may ask for minutes of silence, and is obeyed up to ten",
  },
  ...["too-many-requests", "shared-ip", "limit-change", "remaining-req"].map((verb) => ({
    verb,
    invariants: ["polite"] as const,
    why: "what is allowed is not what it was: a refusal is how a client learns of it",
  })),
];

export const expectedFailures: ReadonlyArray<ExpectedFailure> = [];

/** How many times longer than usual a named breach may stay away before its name is out of date. */
const patience = 6;

/** Whether a name is out of date, after so many worlds with its fault in which it never came. */
export const isOutOfDate = (entry: ExpectedFailure, worlds: number): boolean => worlds >= patience * entry.onceIn;

/** The entry a breach in a world with these faults falls under; `lie` when it cannot be judged. */
export const expectedFor = (violation: Violation, verbs: ReadonlyArray<string>): ExpectedFailure | "lie" | undefined => {
  const isLie = lies.some(({ verb, invariants }) => verbs.includes(verb) && invariants.includes(violation.invariant));
  if (isLie) return "lie";
  return expectedFailures.find(
    ({ about, invariant, verb }) => invariant === violation.invariant && verbs.includes(verb) && violation.detail.includes(about),
  );
};
