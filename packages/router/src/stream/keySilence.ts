/**
 * Which keys of a link have been silent longer than they should be. A key that has not spoken since it was subscribed owes its first word
 * within a few seconds, because the exchange answers a subscription with a snapshot; after that its own rhythm counts, and a default while none
 * is known. A key found quiet is asked again after twice the time. Pure.
 *
 * The more keys a link carries, the more of them are out of rhythm by chance at any moment, and each costs a question; so each is given longer,
 * by the logarithm of their number: then a link of two hundred keys asks as seldom for nothing as a link of one.
 */
import type { Silence, Suspect } from "../transport/FeedWatch.ts";
import type { Carrier, LinkId, Track } from "./Track.ts";

export interface KeySilenceOptions {
  /** Owed after a subscription. */
  readonly firstWordMs: number;
  /** The least silence that means anything, whatever the rhythm. */
  readonly keySilenceFloorMs: number;
  /** Silence that means something in a key whose rhythm is not known. */
  readonly keySilenceMs: number;
}

/** However patient, a key is asked about at least this often. */
const longestMs = 600_000;

/** Marks the suspects as such. */
export const silenceOf = (tracks: Iterable<Track>, link: LinkId, nowMs: number, options: KeySilenceOptions): Silence => {
  const suspects: Array<Suspect> = [];
  let nextMs = Number.POSITIVE_INFINITY;
  let othersSpeak = false;
  const all = [...tracks];
  const crowd = crowdOf(all.length);
  for (const track of all) {
    const carrier = track.carriers.get(link);
    if (carrier === undefined) continue;
    const sinceMs = Math.max(carrier.spoken ? Number(carrier.heardNanos) / 1e6 : carrier.sentMs, track.quietMs);
    const silenceMs = silenceMsOf(track, carrier, crowd, options);
    const endMs = sinceMs + silenceMs;
    if (endMs > nowMs) {
      nextMs = Math.min(nextMs, endMs);
      othersSpeak ||= carrier.spoken;
      continue;
    }
    track.suspected = true;
    suspects.push({ id: track.id, key: track.key, sinceMs, silenceMs, last: track.told, spoke: carrier.spoken, blamed: track.blamed });
  }
  return { suspects, nextMs, othersSpeak };
};

/** A rhythm's bound is about five mean gaps, and a key alone exceeds it by chance once in a few minutes; n keys need ln n mean gaps more for that. */
const meansInBound = 5.3;
const crowdOf = (keys: number): number => 1 + Math.log(Math.max(1, keys)) / meansInBound;

/** How long a key that is carried may be silent. */
const silenceMsOf = (track: Track, carrier: Carrier, crowd: number, options: KeySilenceOptions): number => {
  const rhythmMs = track.rhythm.silenceMs();
  const known = rhythmMs === undefined ? options.keySilenceMs : Math.max(options.keySilenceFloorMs, rhythmMs * crowd);
  // Proved quiet since it was subscribed: what holds for the next word is its rhythm, also where it never spoke here.
  const isQuiet = track.quietMs > carrier.sentMs && !track.unproved;
  const owed = carrier.spoken || isQuiet ? known * track.patience : options.firstWordMs;
  return Math.min(longestMs, owed);
};

/** How long a living link proves a key that is silent: as long as its silence means nothing, but never longer than for an unknown one. */
export const trustedMs = (track: Track, options: KeySilenceOptions): number => {
  const rhythmMs = track.rhythm.silenceMs();
  return rhythmMs === undefined ? options.keySilenceMs : Math.min(options.keySilenceMs, Math.max(options.keySilenceFloorMs, rhythmMs));
};
