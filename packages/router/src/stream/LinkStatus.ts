/** How the live side stands, for people and reports: the sockets together and each by itself, what is wanted and what of it is live. */
import type { Transition } from "../cache/Transition.ts";
import { type KeyId, keyId } from "../domain/StreamKey.ts";
import type { LinkProfileName } from "../RouterConfig.ts";
import type { FrameHub } from "./FrameHub.ts";
import type { Interest } from "./Interest.ts";
import type { Link, LinkState } from "./Link.ts";
import type { Pool } from "./Pool.ts";

export interface LinkStatus {
  /** Of all sockets together: open when any is. */
  readonly state: LinkState;
  /** Attempts since the last good link; 0 while open. */
  readonly attempt: number;
  /** Connects so far, and how many of them were re-connects. */
  readonly connects: number;
  readonly reconnects: number;
  /** Why the last link ended; null when none did. */
  readonly lastClose: string | null;
  /** Milliseconds since the last inbound byte or pong; null before the first. */
  readonly silentMs: number | null;
  /** Keys in the wanted set, and how many of them are live. */
  readonly wanted: number;
  readonly live: number;
  /** How late frames come now beyond the usual, in milliseconds, where they are latest. */
  readonly lateMs: number;
  /** The newest change of the keys that reads hold, until its new key is live or `transitionMs` are over; null when there is none. */
  readonly changing: ChangeStatus | null;
  /** Sockets that are or were in use, each by itself. */
  readonly sockets: ReadonlyArray<SocketStatus>;
}

/** Reads turned from one key to another. */
export interface ChangeStatus {
  readonly from: KeyId;
  readonly to: KeyId;
  /** When it began, wall clock, epoch milliseconds. For display. */
  readonly sinceMs: number;
}

export interface SocketStatus {
  readonly state: LinkState;
  readonly attempt: number;
  readonly connects: number;
  readonly lastClose: string | null;
  /** Keys it is subscribed to. */
  readonly keys: number;
  /** What its line was judged to be: an ordinary one, one that is full, or a long one. */
  readonly line: LinkProfileName;
  /** The average round trip of ping and pong, in milliseconds; null before the first. */
  readonly roundTripMs: number | null;
}

interface Parts {
  readonly hub: FrameHub;
  readonly interest: Interest;
  readonly pool: Pool;
  readonly transition: Transition;
}

/** Read now. `wallMs` is for display. */
export const statusAt = ({ hub, interest, pool, transition }: Parts, nowMs: number, wallMs: number): LinkStatus => {
  const wanted = interest.wanted(nowMs);
  const live = wanted.filter((key) => hub.tracks.isLive(key));
  const isLive = (id: KeyId) => live.some((key) => keyId(key) === id);
  const changing = transition.changing(isLive, BigInt(Math.round(nowMs * 1e6)));
  const sum = (of: (link: Link) => number) => pool.links.reduce((total, link) => total + of(link), 0);
  const heard = pool.links.flatMap(({ heardNanos }) => (heardNanos === undefined ? [] : [Number(heardNanos) / 1e6]));
  return {
    state: pool.state,
    attempt: Math.max(...pool.links.map((link) => link.attempt)),
    connects: sum((link) => link.connects),
    reconnects: sum((link) => Math.max(0, link.connects - 1)),
    lastClose: pool.lastClose,
    silentMs: heard.length === 0 ? null : nowMs - Math.max(...heard),
    wanted: wanted.length,
    live: live.length,
    lateMs: hub.lateMs(nowMs),
    changing:
      changing === undefined
        ? null
        : { from: changing.from, to: changing.to, sinceMs: Math.round(wallMs - (nowMs - Number(changing.sinceNanos) / 1e6)) },
    sockets: pool.links
      .filter((link) => link.id === 0 || link.connects > 0)
      .map(({ id, state, attempt, connects, lastClose, line }) => ({
        state,
        attempt,
        connects,
        lastClose,
        keys: [...hub.tracks.carriedBy(id)].length,
        line: line.decision.profile,
        roundTripMs: line.meter.facts(nowMs).rttMs,
      })),
  };
};
