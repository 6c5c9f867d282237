/**
 * What a change of mode means to a person: what happened, since when, what was done about it and what can be done. One alert for an incident, one
 * when it grows, one when it is over. Pure; whoever sends alerts somewhere reads them from `ModeControl`.
 */
import type { Mode, ModeChange } from "../domain/Mode.ts";

export interface Alert {
  readonly severity: "info" | "warning" | "critical";
  readonly what: string;
  /** Why, as the change of mode says it. */
  readonly reason: string;
  /** When the incident began, epoch milliseconds. */
  readonly sinceMs: number;
  readonly atMs: number;
  readonly did: string;
  readonly youCan: string;
  readonly mode: Mode;
}

/** The alert that a change is worth, if any. `sinceMs`: the beginning of the incident it belongs to. */
export const alertOf = ({ from, to, atMs, reason }: ModeChange, sinceMs: number): Alert | undefined => {
  const wasOut = isIncident(from);
  if (to === "emergency") return { ...unanswered, reason, sinceMs, atMs, mode: to };
  if (to === "fallback" && !wasOut) return { ...routerOut, reason, sinceMs, atMs, mode: to };
  return wasOut && !isIncident(to) ? { ...over, reason, sinceMs, atMs, mode: to } : undefined;
};

/** Modes of an incident: from the first answer that the router did not give to the end of the recovery. */
export const isIncident = (mode: Mode): boolean => mode === "fallback" || mode === "emergency" || mode === "recovering";

type Text = Pick<Alert, "severity" | "what" | "did" | "youCan">;

const routerOut: Text = {
  severity: "warning",
  what: "the router does not answer; the direct clients do",
  did: "questions go to the exchange directly, active markets are watched over a socket of its own, and the router is probed",
  youCan: "look at the health report for what failed; the way back is taken by itself",
};

const unanswered: Text = {
  severity: "critical",
  what: "nobody answers: neither the router nor the direct clients",
  did: "every question is still asked both ways; last known values are given out with a label, and only where the caller accepts them",
  youCan: "keep from trading on these values, and look at the network and at the exchange's notices",
};

const over: Text = {
  severity: "info",
  what: "the router answers again",
  did: "the direct socket was closed, and all questions go through the router",
  youCan: "nothing needs to be done",
};
