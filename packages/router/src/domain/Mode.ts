/** How the whole client is doing, as one word. It stands in every answer, so that a reader of a log never has to guess. */
import * as Schema from "effect/Schema";

/**
 * `normal`: all channels work. `degraded`: answers come, but some tier had to be passed over because it failed. `fallback`: the direct
 * clients answer. `emergency`: nothing answers; only labelled old values are left. `recovering`: good again, traffic is let back step by step.
 */
export const Mode = Schema.Literals(["normal", "degraded", "fallback", "emergency", "recovering"]);
export type Mode = typeof Mode.Type;

/** One change of mode. Times are wall clock, epoch milliseconds, for display. */
export const ModeChange = Schema.Struct({
  from: Mode,
  to: Mode,
  atMs: Schema.Int,
  reason: Schema.String,
});
export type ModeChange = typeof ModeChange.Type;
