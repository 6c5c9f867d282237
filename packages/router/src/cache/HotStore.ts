/**
 * The last value of every key, whoever brought it: socket frames and REST answers feed one store, and the newer one by the exchange's clock
 * wins. Plain synchronous code, because it is written once per frame: a write is one look into a map, and the order of writing a chain through
 * its places.
 *
 * A value never goes back in time. The one exception is repair: an exchange time far ahead (a broken frame), or an exchange that set its
 * clock back, would block its key. So three older values in a row, each no older than the one before, are believed when the held time is
 * still to come by our own clock, or when the channel that brought it has brought nothing newer for five seconds. An edge that lags behind
 * a good one may repeat itself as often as it likes.
 *
 * Where REST's value is the newer one, the socket's last word is kept beside it, for those who accept nothing else.
 */
import type { Market } from "../domain/Market.ts";
import type { Channel } from "../domain/Provenance.ts";
import type { Kind } from "../domain/Question.ts";
import type { KeyId } from "../domain/StreamKey.ts";
import { type Linked, Recency } from "./Recency.ts";

export interface HotEntry {
  readonly value: unknown;
  /** The exchange's time of the value, epoch milliseconds. */
  readonly exchangeTimeMs: number;
  /** Monotonic time of receipt. */
  readonly receivedNanos: bigint;
  /** Wall clock at receipt, epoch milliseconds. For display. */
  readonly receivedMs: number;
  /** Monotonic time at which the value was last known to be current by itself: its receipt, or a later equal answer. */
  readonly confirmedNanos: bigint;
  readonly channel: Channel;
  /** Depth the value was asked for; order books only. */
  readonly depth?: number | undefined;
}

/** The same, known to have been current at a later moment. */
export const confirmedAt = (entry: HotEntry, confirmedNanos: bigint): HotEntry => {
  const { value, exchangeTimeMs, receivedNanos, receivedMs, channel, depth } = entry;
  return { value, exchangeTimeMs, receivedNanos, receivedMs, confirmedNanos, channel, depth };
};

const believeAfter = 3;
/** A held time this far ahead of our clock is taken for a broken one, in milliseconds. Two clocks are seldom further apart. */
const aheadMs = 2_000;

/** Silence in new time after which a channel's older time is believed, in nanoseconds. */
const silentNanos = 5_000_000_000n;

/** One key's place, in the chain of all of them by the time of their last writing. */
interface Place extends Linked<Place> {
  readonly id: KeyId;
  entry: HotEntry;
  /** The socket's last word where the value is REST's. */
  said: HotEntry | undefined;
  /** Older values refused in a row, each no older than the one before, and the last of them. */
  refused: number;
  refusedMs: number;
}

export class HotStore {
  readonly #places = new Map<KeyId, Place>();
  readonly #written = new Recency<Place>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#places.size;
  }

  get(id: KeyId): HotEntry | undefined {
    return this.#places.get(id)?.entry;
  }

  /** The last that the socket told, whether or not REST knows something newer. */
  said(id: KeyId): HotEntry | undefined {
    const place = this.#places.get(id);
    return place?.entry.channel === "websocket" ? place.entry : place?.said;
  }

  /** Keeps `entry` if it is not older than what is held; says whether it was kept. At capacity the key written longest ago leaves. */
  put(id: KeyId, entry: HotEntry): boolean {
    const place = this.#places.get(id);
    if (place === undefined) {
      this.#add(id, entry);
      return true;
    }
    const held = place.entry;
    if (entry.exchangeTimeMs < held.exchangeTimeMs && !believed(place, entry)) {
      if (entry.channel === "websocket" && held.channel === "rest") overheard(place, entry);
      return false;
    }
    place.refused = 0;
    if (entry.channel === "websocket") place.said = undefined;
    else if (held.channel === "websocket") place.said = held;
    place.entry = entry;
    this.#written.touch(place);
    return true;
  }

  delete(id: KeyId): void {
    const place = this.#places.get(id);
    if (place === undefined) return;
    this.#places.delete(id);
    this.#written.remove(place);
  }

  /** Forgets a market, all of it or one kind. */
  invalidate(market: Market, kind: Kind | undefined): void {
    for (const id of this.#places.keys()) {
      if (id.endsWith(`:${market}`) && (kind === undefined || id.startsWith(`${kind}:`))) this.delete(id);
    }
  }

  clear(): void {
    this.#places.clear();
    this.#written.clear();
  }

  #add(id: KeyId, entry: HotEntry): void {
    const place: Place = { id, entry, said: undefined, refused: 0, refusedMs: 0, older: undefined, newer: undefined };
    this.#places.set(id, place);
    this.#written.add(place);
    const { oldest } = this.#written;
    if (this.#places.size > this.#capacity && oldest !== undefined) this.delete(oldest.id);
  }
}

/** A frame older than what REST said: the newest of these is still the socket's last word. */
const overheard = (place: Place, entry: HotEntry): void => {
  if (place.said === undefined || entry.exchangeTimeMs >= place.said.exchangeTimeMs) place.said = entry;
};

const believed = (place: Place, { channel, exchangeTimeMs, receivedMs, receivedNanos }: HotEntry): boolean => {
  const held = place.entry;
  const silent = channel === held.channel && receivedNanos - held.receivedNanos >= silentNanos;
  if (!silent && held.exchangeTimeMs <= receivedMs + aheadMs) return false;
  const count = place.refused > 0 && exchangeTimeMs >= place.refusedMs ? place.refused + 1 : 1;
  if (count >= believeAfter) return true;
  place.refused = count;
  place.refusedMs = exchangeTimeMs;
  return false;
};
