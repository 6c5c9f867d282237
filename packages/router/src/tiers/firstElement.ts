/**
 * Waiting for a key's first element in attempts: how long each may take, and what its end without one was caused by. Pure; the waiting itself
 * is one subscription and one waiter for all attempts (`LiveSubscription.ts`).
 */
import type { MarketDataError } from "../errors/MarketDataError.ts";

/**
 * Why an attempt brought no first element. `connection`: no link, or it broke; `subscription`: the exchange or our own slots refused the key;
 * `data`: subscribed, and the market said nothing; `limited`: our pace; `decode`: what came cannot be read; `stale`: what came is too old.
 */
export type WaitCause = "connection" | "subscription" | "data" | "limited" | "decode" | "stale";

/** The attempts that fit `boundMs`: the last one is cut, later ones are left out. Never empty, never longer than the bound. */
export const attemptsWithin = (deadlinesMs: ReadonlyArray<number>, boundMs: number): ReadonlyArray<number> => {
  const attempts: Array<number> = [];
  let leftMs = boundMs;
  for (const deadlineMs of deadlinesMs) {
    if (leftMs <= 0) break;
    attempts.push(Math.min(deadlineMs, leftMs));
    leftMs -= deadlineMs;
  }
  return attempts.length === 0 ? [Math.max(0, boundMs)] : attempts;
};

/** What an error that ended the waiting says. */
export const waitCauseOf = (error: MarketDataError): WaitCause => {
  switch (error._tag) {
    case "RateLimited":
      return "limited";
    case "DecodeError":
      return "decode";
    case "StaleData":
      return "stale";
    case "TimeoutError":
      return error.phase === "first-frame" ? "data" : "connection";
    case "InvalidRequest":
    case "MarketUnknown":
    case "Unauthorized":
    case "Overloaded":
      return "subscription";
    default:
      return "connection";
  }
};
