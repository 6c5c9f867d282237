/**
 * What a measurement is: one piece of work done by several sides. There is always the base that somebody knows and the candidate in question; a case may
 * bring peers, which are what else people use for the same work. A case says nothing about rounds, order or statistics; those are the harness's, the same
 * for all.
 */

/** `base`, `candidate`, or the name of a peer of the case. */
export type Side = string;

/** `quick` takes shorter readings of the same work: enough to see an order of magnitude, too little to quote. */
export type Pace = "full" | "quick";

export interface Figure {
  readonly name: string;
  readonly unit: string;
  /** Which direction is good. */
  readonly better: "lower" | "higher";
}

/** What one side of one round gave. */
export interface Reading {
  /** One number for each figure of the case; a peer may leave out what it cannot do. */
  readonly figures: Readonly<Record<string, number>>;
  /** Units of work that were really done: frames received, bytes printed, worlds run to their end. 0 fails the case. */
  readonly work: number;
  /** What the work came to, where it must always come to the same, for all sides and in every round. */
  readonly checksum?: string | undefined;
}

export interface Case {
  readonly name: string;
  /** One sentence: what the number says. */
  readonly about: string;
  readonly base: string;
  readonly candidate: string;
  /** What each peer is, by the name of its side. */
  readonly peers?: Readonly<Record<Side, string>> | undefined;
  /** The first is the one the case is about. */
  readonly figures: readonly [Figure, ...ReadonlyArray<Figure>];
  /** Counted rounds unless the command says otherwise. Default {@link defaultRounds}. */
  readonly rounds?: number | undefined;
  /** Rounds before those, not counted: of use only where something stays from one reading to the next. Default 1 of `own`, none of `child`; none in quick mode. */
  readonly warmUps?: number | undefined;
  /** About how long one reading takes, in seconds: for the time that is left, until it is measured. Default 3. */
  readonly seconds?: number | undefined;
  /** A reading in a child that takes longer hangs, in milliseconds. Default 180,000. */
  readonly maxMs?: number | undefined;
  /**
   * `child`: the harness runs each reading in a process of its own, so that no side warms or litters what the other runs in. `own`: the case
   * starts its processes itself.
   */
  readonly isolation: "child" | "own";
  /** Measures one side once. Must throw when the work did not come out as it should: a failure is often quick. */
  readonly run: (side: Side, pace: Pace) => Promise<Reading>;
}

export const defaultRounds = 7;
/** Fewer rounds say too little about a noisy machine. */
export const minRounds = 5;
/** In quick mode, which says so. */
export const quickRounds = 1;
