/** What an examination of the link found, and what of it is wrong. Pure: `examine.ts` finds, `render/findings.ts` shows. */
import { depthOf, type StreamKey } from "@naru/router/domain/StreamKey";
import type { MarketDataError } from "@naru/router/errors/MarketDataError";
import type { KeyMetrics } from "@naru/router/health/LiveMetrics";
import * as Runtime from "effect/Runtime";
import { duration } from "../render/numbers.ts";

export interface Findings {
  readonly url: string;
  /** From the request for a connection to the end of the upgrade; null when it failed. */
  readonly connectedAfterMs: number | null;
  /** From the ping to its answer; null when none came. */
  readonly pongAfterMs: number | null;
  readonly list: ListFinding;
  /** In the order asked. */
  readonly keys: ReadonlyArray<KeyMetrics>;
  readonly listenedMs: number;
  /** Frames that could not be read. */
  readonly undecodable: number;
  /** How the link ended before it was given back; null when it held. */
  readonly ended: string | null;
  readonly lastError: MarketDataError | null;
}

/** The exchange's own list of the subscription beside what was asked for, each entry as kind and market. */
export type ListFinding =
  | { readonly _tag: "NotAsked" }
  | { readonly _tag: "Unanswered" }
  | { readonly _tag: "Compared"; readonly missing: ReadonlyArray<string>; readonly unexpected: ReadonlyArray<string> };

/** How long a ping and the question for the list may take. */
export const patienceMs = 5_000;

/** Everything that is wrong, a sentence each; empty when all is well. */
export const problemsOf = (findings: Findings): ReadonlyArray<string> => {
  const { connectedAfterMs, pongAfterMs, list, keys, listenedMs, undecodable, ended, lastError } = findings;
  if (connectedAfterMs === null) return [`the socket did not open: ${wordsOf(lastError)}`];
  const problems: Array<string> = [];
  if (pongAfterMs === null) problems.push("the ping was not answered");
  if (list._tag === "Unanswered") problems.push("the exchange did not tell its list");
  if (list._tag === "Compared") {
    if (list.missing.length > 0) problems.push(`the exchange's list lacks ${list.missing.join(", ")}`);
    if (list.unexpected.length > 0) problems.push(`the exchange's list has ${list.unexpected.join(", ")} beside what was asked for`);
  }
  const mute = keys.filter(({ messages }) => messages === 0);
  // A link that ended early owes nothing.
  if (ended === null && mute.length > 0)
    problems.push(`nothing came of ${mute.map(({ key }) => key).join(", ")} in ${duration(listenedMs)}`);
  if (undecodable > 0) problems.push(`${undecodable} frames could not be read, the last because: ${wordsOf(lastError)}`);
  if (ended !== null) problems.push(`the link ended: ${ended}`);
  return problems;
};

/** EX_UNAVAILABLE, or what the error says that kept the socket from opening. */
export const exitCodeOf = ({ connectedAfterMs, lastError }: Findings): number =>
  connectedAfterMs === null && lastError !== null ? Runtime.getErrorExitCode(lastError) : 69;

const wordsOf = (error: MarketDataError | null): string => error?.message ?? "nothing was said";

/** Compares the list that the exchange told with what was asked for. */
export const compareLists = (asked: ReadonlyArray<StreamKey>, told: ReadonlyArray<StreamKey>): ListFinding => {
  const wanted = new Set(asked.map(nameOf));
  const found = new Set(told.map(nameOf));
  return {
    _tag: "Compared",
    missing: [...wanted].filter((name) => !found.has(name)),
    unexpected: [...found].filter((name) => !wanted.has(name)),
  };
};

const nameOf = (key: StreamKey): string => {
  if (key.kind === "candles") return `candles ${key.interval} ${key.market}`;
  return key.kind === "orderbook" ? `orderbook ${key.market}.${depthOf(key)}` : `${key.kind} ${key.market}`;
};
