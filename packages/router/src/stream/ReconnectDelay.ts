/**
 * How long to wait before the next connect. Full jitter on a doubling ceiling; some endings raise the floor: a restart asks for patience, a
 * refusal says when, and a request that the exchange calls wrong does not get right by haste. Pure; randomness is passed in.
 */
import { delayMs, reconnectBackoff, reconnectMs } from "../transport/Backoff.ts";
import type { SessionEnd } from "../transport/SessionEnd.ts";

/** Close codes that ask for patience: policy violation, service restart (5 to 30 s by the registry's note), try again later. */
const patience: ReadonlyMap<number, { readonly fromMs: number; readonly spreadMs: number }> = new Map([
  [1008, { fromMs: 5_000, spreadMs: 5_000 }],
  [1012, { fromMs: 5_000, spreadMs: 25_000 }],
  [1013, { fromMs: 5_000, spreadMs: 5_000 }],
]);

/** A policy violation that comes this often in {@link recentMs} is not cured by coming back: then only as fast as the oldest is forgotten. */
const violationsAllowed = 3;
/** How long an ending counts as recent, in milliseconds. */
export const recentMs = 300_000;

/**
 * A peer that accepts and hangs up again and again gets at least half of the ceiling from here on. Full jitter alone has lucky streaks, and
 * every one of these rounds costs the exchange a handshake.
 */
const hangUpsBeforeFloor = 3;

/** A refusal that cannot change by itself, met twice in a row. */
const refusedFromMs = 5_000;
/** A limit's end is shared by everybody who met it; this spreads them. */
const limitSpreadMs = 1_000;

export interface ReconnectFacts {
  /** Links that ended since the last stable one, before this one. */
  readonly failures: number;
  /** Endings in a row, this one included, by an error that trying again does not change. */
  readonly refusals: number;
  /** How long ago, in milliseconds, the link ended by the same close code, newest first, this one left out; within {@link recentMs}. */
  readonly sameCodeAgoMs: ReadonlyArray<number>;
  /** A random number in [0, 1). */
  readonly random01: number;
}

export const delayAfterMs = (end: SessionEnd, { failures, refusals, random01, sameCodeAgoMs }: ReconnectFacts): number => {
  const backoffMs = reconnectMs(failures, random01);
  if (end._tag === "Closed") {
    const asked = patience.get(end.code);
    const crowdedMs = sameCodeAgoMs[violationsAllowed - 1];
    const floorMs = end.code === 1008 && crowdedMs !== undefined ? recentMs - crowdedMs : 0;
    if (asked !== undefined) return Math.max(backoffMs, floorMs, asked.fromMs + asked.spreadMs * random01);
    const ceilingMs = delayMs(reconnectBackoff, failures, 1);
    return failures < hangUpsBeforeFloor ? backoffMs : Math.max(backoffMs, ceilingMs * (0.5 + random01 / 2));
  }
  if (end._tag !== "Failed") return backoffMs;
  if (end.error.retryAfterMs !== null) return Math.max(backoffMs, end.error.retryAfterMs + limitSpreadMs * random01);
  return refusals >= 2 ? Math.max(backoffMs, refusedFromMs) : backoffMs;
};
