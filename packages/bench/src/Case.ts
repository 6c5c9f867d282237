/**
 * What a measurement is: one piece of work done by two sides, the base somebody knows and the candidate in question. A case says nothing about
 * rounds, order or statistics; those are the harness's, the same for all.
 */

export type Side = "base" | "candidate";

export interface Figure {
  readonly name: string;
  readonly unit: string;
  /** Which direction is good. */
  readonly better: "lower" | "higher";
}

/** What one side of one round gave. */
export interface Reading {
  /** One number for each figure of the case. */
  readonly figures: Readonly<Record<string, number>>;
  /** Units of work that were really done: frames received, bytes printed, worlds run to their end. 0 fails the case. */
  readonly work: number;
  /** What the work came to, where it must always come to the same, for both sides and in every round. */
  readonly checksum?: string | undefined;
}

export interface Case {
  readonly name: string;
  /** One sentence: what the number says. */
  readonly about: string;
  readonly base: string;
  readonly candidate: string;
  /** The first is the one the case is about. */
  readonly figures: readonly [Figure, ...ReadonlyArray<Figure>];
  /** Counted rounds unless the command says otherwise. Default {@link defaultRounds}. */
  readonly rounds?: number | undefined;
  /** Rounds before those, not counted. Default 1. */
  readonly warmUps?: number | undefined;
  /**
   * `child`: the harness runs each reading in a process of its own, so that no side warms or litters what the other runs in. `own`: the case
   * starts its processes itself.
   */
  readonly isolation: "child" | "own";
  /** Measures one side once. Must throw when the work did not come out as it should: a failure is often quick. */
  readonly run: (side: Side) => Promise<Reading>;
}

export const defaultRounds = 7;
/** Fewer rounds say too little about a noisy machine. */
export const minRounds = 5;
