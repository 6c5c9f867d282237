/**
 * The last value of every key, whoever brought it: socket frames and REST answers feed one store, and the newer one by the exchange's clock
 * wins. Plain synchronous code, because it is written once per frame.
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

const believeAfter = 3;
/** A held time this far ahead of our clock is taken for a broken one, in milliseconds. Two clocks are seldom further apart. */
const aheadMs = 2_000;

/** Silence in new time after which a channel's older time is believed, in nanoseconds. */
const silentNanos = 5_000_000_000n;

export class HotStore {
  readonly #entries = new Map<KeyId, HotEntry>();
  /** The socket's last word of keys whose value is REST's. */
  readonly #said = new Map<KeyId, HotEntry>();
  readonly #refused = new Map<KeyId, { readonly count: number; readonly exchangeTimeMs: number }>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(id: KeyId): HotEntry | undefined {
    return this.#entries.get(id);
  }

  /** The last that the socket told, whether or not REST knows something newer. */
  said(id: KeyId): HotEntry | undefined {
    const held = this.#entries.get(id);
    return held?.channel === "websocket" ? held : this.#said.get(id);
  }

  /** Keeps `entry` if it is not older than what is held; says whether it was kept. At capacity the key written longest ago leaves. */
  put(id: KeyId, entry: HotEntry): boolean {
    const held = this.#entries.get(id);
    if (held !== undefined && entry.exchangeTimeMs < held.exchangeTimeMs && !this.#believed(id, held, entry)) {
      if (entry.channel === "websocket" && held.channel === "rest") this.#overheard(id, entry);
      return false;
    }
    this.#refused.delete(id);
    if (entry.channel === "websocket") this.#said.delete(id);
    else if (held?.channel === "websocket") this.#said.set(id, held);
    this.#entries.delete(id);
    this.#entries.set(id, entry);
    if (this.#entries.size > this.#capacity) this.#evictOldest();
    return true;
  }

  delete(id: KeyId): void {
    this.#entries.delete(id);
    this.#said.delete(id);
    this.#refused.delete(id);
  }

  /** Forgets a market, all of it or one kind. */
  invalidate(market: Market, kind: Kind | undefined): void {
    for (const id of this.#entries.keys()) {
      if (id.endsWith(`:${market}`) && (kind === undefined || id.startsWith(`${kind}:`))) this.delete(id);
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#said.clear();
    this.#refused.clear();
  }

  /** A frame older than what REST said: the newest of these is still the socket's last word. */
  #overheard(id: KeyId, entry: HotEntry): void {
    const before = this.#said.get(id);
    if (before === undefined || entry.exchangeTimeMs >= before.exchangeTimeMs) this.#said.set(id, entry);
  }

  #believed(id: KeyId, held: HotEntry, { channel, exchangeTimeMs, receivedMs, receivedNanos }: HotEntry): boolean {
    const silent = channel === held.channel && receivedNanos - held.receivedNanos >= silentNanos;
    if (!silent && held.exchangeTimeMs <= receivedMs + aheadMs) return false;
    const before = this.#refused.get(id);
    const count = before !== undefined && exchangeTimeMs >= before.exchangeTimeMs ? before.count + 1 : 1;
    if (count >= believeAfter) return true;
    this.#refused.set(id, { count, exchangeTimeMs });
    return false;
  }

  #evictOldest(): void {
    const oldest = this.#entries.keys().next();
    if (oldest.done !== true) this.delete(oldest.value);
  }
}
