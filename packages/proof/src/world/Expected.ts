/**
 * What the product does not hold yet, by name: which invariant breaks under which fault, and why. A breach that is not named here is a failure
 * of the sweep; so is a name that no breach answers to any more, once its fault was met often enough.
 */
import type { Verb } from "./PlannedFault.ts";
import type { Invariant, Violation } from "./Violation.ts";

export interface ExpectedFailure {
  readonly invariant: Invariant;
  readonly verb: Verb;
  readonly why: string;
}

export const expectedFailures: ReadonlyArray<ExpectedFailure> = [
  {
    invariant: "zero-loss",
    verb: "mute",
    why: "what the exchange never sent on a link that stays up leaves no sign; only a sampled audit over REST can tell",
  },
  {
    invariant: "state-converges",
    verb: "mute",
    why: "as above: the last state before the silence stands until the next one comes",
  },
  {
    invariant: "honest-label",
    verb: "mute",
    why: "a key that fell silent on a living link is believed for keySilenceMs; a rhythm of its own per key would tell sooner",
  },
];

/** Worlds with a fault after which an expected failure that never came is out of date. */
export const enoughWorlds = 200;

/** The entry a breach in a world with these faults falls under. */
export const expectedFor = (violation: Violation, verbs: ReadonlyArray<Verb>): ExpectedFailure | undefined =>
  expectedFailures.find((expected) => expected.invariant === violation.invariant && verbs.includes(expected.verb));
