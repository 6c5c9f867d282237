/**
 * What a person is told: what happened, since when, what was done about it, and what they can do. One when trouble begins, one when it is over.
 * Text of others in it is one short line, so that no sink can be made to say something else.
 */
import * as Schema from "effect/Schema";

/** What may be told of. A rule of its own for each, so that one does not silence another. */
export const AlertRule = Schema.Literals([
  "mode",
  "success_rate",
  "slow",
  "error_burst",
  "memory",
  "event_loop",
  "disk",
  "worker_failed",
  "history_waits",
  "slow_decoding",
  "daily_check",
]);
export type AlertRule = typeof AlertRule.Type;

export const Severity = Schema.Literals(["info", "warning", "critical"]);
export type Severity = typeof Severity.Type;

export const Alert = Schema.Struct({
  rule: AlertRule,
  /** What it concerns within its rule: an error's tag, a system that was checked; empty for the whole. */
  about: Schema.String,
  /** `raised`: the trouble is there. `over`: it is gone. */
  state: Schema.Literals(["raised", "over"]),
  severity: Severity,
  what: Schema.String,
  /** When it began, wall clock, epoch milliseconds. */
  sinceMs: Schema.Int,
  atMs: Schema.Int,
  did: Schema.String,
  youCan: Schema.String,
  /** The exchange it concerns, and whether that is an emulated one. */
  venue: Schema.String,
  simulated: Schema.Boolean,
});
export type Alert = typeof Alert.Type;

/** An alert as text for people, a line for each of its parts; of a trouble that is over, what it was and how long. */
export const alertText = (alert: Alert): string => {
  const { state, severity, what, sinceMs, atMs, did, youCan, venue, simulated } = alert;
  const head = state === "over" ? "over" : severity;
  const since = `since ${new Date(sinceMs).toISOString()}${atMs > sinceMs ? ` (${((atMs - sinceMs) / 1_000).toFixed(0)} s)` : ""}`;
  const lines = [`[${head}] ${venue}${simulated ? " (emulated)" : ""}: ${what}`, since];
  if (state === "raised" && did !== "") lines.push(`done: ${did}`);
  if (state === "raised" && youCan !== "") lines.push(`you can: ${youCan}`);
  return lines.join("\n");
};
