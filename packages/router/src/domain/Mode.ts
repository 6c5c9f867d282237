/** How the whole client is doing, as one word. It stands in every answer, so that a reader of a log never has to guess. */
import * as Schema from "effect/Schema";

/**
 * `normal`: all channels work. `degraded`: answers come, but some tier had to be passed over because it failed. `fallback`: the direct
 * clients answer. `emergency`: nothing answers; only labelled old values are left. `recovering`: good again, traffic is let back step by step.
 */
export const Mode = Schema.Literals(["normal", "degraded", "fallback", "emergency", "recovering"]);
export type Mode = typeof Mode.Type;

/** How bad a mode is: 0 for none, 1 for a part, 2 for the router as a whole, also while it comes back, 3 for everything. */
export const levelOf = (mode: Mode): number => levels[mode];

const levels: Readonly<Record<Mode, number>> = { normal: 0, degraded: 1, fallback: 2, recovering: 2, emergency: 3 };

/** Modes of an incident: from the first answer that the router did not give to the end of the recovery. */
export const isIncident = (mode: Mode): boolean => mode === "fallback" || mode === "emergency" || mode === "recovering";

/** One change of mode. Times are wall clock, epoch milliseconds, for display. */
export const ModeChange = Schema.Struct({
  from: Mode,
  to: Mode,
  /** Of the new mode, 0 to 3. */
  level: Schema.Int,
  atMs: Schema.Int,
  reason: Schema.String,
});
export type ModeChange = typeof ModeChange.Type;
