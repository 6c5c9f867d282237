/**
 * Which socket carries which key. Every socket ranks every key by a hash of both and the highest carry it (rendezvous hashing): a socket more
 * or less moves only the keys that must move, and two processes place alike. Pure; how many sockets there are follows from the number of keys.
 */
import { type KeyId, keyId, type StreamKey } from "../domain/StreamKey.ts";

export interface PlacementOptions {
  /** Keys that one socket carries by configuration. */
  readonly keysPerSocket: number;
  readonly maxSockets: number;
  /** Sockets that carry each key: 2 keeps a warm one in hand. */
  readonly copies: number;
}

/** A socket is filled to this share, because a hash spreads keys only about evenly. */
const filling = 0.9;
/** And given up only when the others would be filled to this share, so that one key more or less opens and closes nothing. */
const fillingAfterClosing = 0.6;

/** How many sockets `keys` keys want, when there are `current` now. */
export const socketsFor = (keys: number, current: number, options: PlacementOptions): number => {
  const { keysPerSocket, maxSockets, copies } = options;
  const places = keys * copies;
  const fewest = Math.min(maxSockets, Math.max(1, copies));
  const needed = Math.min(maxSockets, Math.max(fewest, Math.ceil(places / (keysPerSocket * filling))));
  if (needed >= current) return needed;
  return Math.max(needed, Math.min(current, Math.ceil(places / (keysPerSocket * fillingAfterClosing))), fewest);
};

/** The sockets, of `0` to `sockets - 1`, that carry a key, the first choice first. */
export const homesOf = (id: KeyId, sockets: number, copies: number): ReadonlyArray<number> =>
  Array.from({ length: sockets }, (_, socket) => socket)
    .map((socket) => ({ socket, weight: weigh(id, socket) }))
    .toSorted((a, b) => b.weight - a.weight || a.socket - b.socket)
    .slice(0, Math.max(1, copies))
    .map(({ socket }) => socket);

/** Who stands in for a key whose own sockets are down: the first of its choice among those that are `up`. */
export const standInFor = (id: KeyId, up: ReadonlyArray<number>): number | undefined =>
  up.reduce<number | undefined>((best, socket) => (best === undefined || weigh(id, socket) > weigh(id, best) ? socket : best), undefined);

/** Of each key, in their order: its name, and the sockets whose it is. */
export const placeAll = (keys: ReadonlyArray<StreamKey>, sockets: number, copies: number): ReadonlyArray<Place> =>
  keys.map((key) => {
    const id = keyId(key);
    return { id, homes: homesOf(id, sockets, copies) };
  });

export interface Place {
  readonly id: KeyId;
  readonly homes: ReadonlyArray<number>;
}

/** FNV-1a over the id, the socket mixed in last by the finalizer of MurmurHash3. */
const weigh = (id: KeyId, socket: number): number => {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  hash ^= Math.imul(socket + 1, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
};
