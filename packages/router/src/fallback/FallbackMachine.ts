/**
 * How whole the client is, as a small machine driven by the outcome of calls.
 *
 * ```
 *            degradedCall                    3 × unansweredCall
 *   normal ───────────────▶ degraded ──────────────────────────▶ emergency
 *     ▲                        │  ▲                                  │
 *     └── 3 × cleanCall ───────┘  └───────── any answer ─────────────┘
 * ```
 *
 * Invariants: only calls that reached the network count; a miss, a bad question and an unknown market change nothing; every path into
 * `emergency` has three unanswered calls in a row behind it, from `normal` too; one answer always leaves it. `fallback` and `recovering`
 * belong to the direct clients and are not entered by this machine.
 */
import type { Mode } from "../domain/Mode.ts";

export interface MachineState {
  readonly mode: Mode;
  /** Calls in a row that nobody answered. */
  readonly unanswered: number;
  /** Calls in a row that the first tier asked over the network answered. */
  readonly clean: number;
}

/** `clean`: answered, no tier failed. `degraded`: answered, after some tier failed. `unanswered`: every tier failed. */
export type CallOutcome = "clean" | "degraded" | "unanswered";

export const initialMachine: MachineState = { mode: "normal", unanswered: 0, clean: 0 };

/** Unanswered calls in a row that mean emergency. */
export const emergencyAfter = 3;
/** Clean calls in a row that end a degraded time. */
export const normalAfter = 3;

export const step = (state: MachineState, outcome: CallOutcome): MachineState => {
  switch (outcome) {
    case "unanswered": {
      const unanswered = Math.min(state.unanswered + 1, emergencyAfter);
      const mode = unanswered >= emergencyAfter ? "emergency" : state.mode === "normal" ? "degraded" : state.mode;
      return { mode, unanswered, clean: 0 };
    }
    case "degraded":
      return { mode: "degraded", unanswered: 0, clean: 0 };
    case "clean": {
      const clean = Math.min(state.clean + 1, normalAfter);
      if (state.mode === "normal") return { mode: "normal", unanswered: 0, clean };
      return clean >= normalAfter ? { mode: "normal", unanswered: 0, clean } : { mode: "degraded", unanswered: 0, clean };
    }
  }
};
