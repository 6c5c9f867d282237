/** One step of the demonstration: something done, what is worth showing of it, and the claims that it proves or fails to prove. */
import type { MarketDataError } from "@naru/router/errors/MarketDataError";
import type { ScriptError } from "@naru/sim/Script";
import type * as Effect from "effect/Effect";
import type { Stage } from "./Stage.ts";

export interface Step {
  readonly title: string;
  readonly play: (stage: Stage) => Effect.Effect<Outcome, MarketDataError | ScriptError>;
}

export interface Outcome {
  /** Lines for the reader, computed from answers, elements and the ledger. */
  readonly shown: ReadonlyArray<string>;
  readonly claims: ReadonlyArray<Claim>;
}

export interface Claim {
  readonly says: string;
  readonly holds: boolean;
}

export const claim = (says: string, holds: boolean): Claim => ({ says, holds });

/** The claim that two numbers, or texts, are the same. A failure shows both. */
export const same = <A extends number | string>(what: string, found: A, expected: A): Claim =>
  claim(found === expected ? `${what}: ${found}` : `${what}: ${found}, expected ${expected}`, found === expected);
