/**
 * The last values of keys that reads have turned away from: while the subscription changes from one market to another, the old market is not live
 * any more, and asking REST for it takes time that some callers would rather not wait. Such a value is read with a label that says so and how
 * old it is, for a while from the beginning of the change, and then not at all.
 *
 * A change begins when a read wants a key that was not wanted; it is about every key of that kind that leaves the wanted set meanwhile. It
 * always ends by time, whatever becomes of the new key. Plain state on monotonic nanoseconds, bounded.
 */
import type { Market } from "../domain/Market.ts";
import type { Kind } from "../domain/Question.ts";
import { type KeyId, keyId, type StreamKey } from "../domain/StreamKey.ts";
import type { HotEntry } from "./HotStore.ts";

/** A change of the keys that reads hold, under way. */
export interface Changing {
  readonly from: KeyId;
  readonly to: KeyId;
  /** When it began, monotonic. */
  readonly sinceNanos: bigint;
}

interface Held {
  readonly entry: HotEntry;
  readonly change: Changing;
}

export class Transition {
  readonly #capacity: number;
  readonly #lastsNanos: bigint;
  /** The newest change of each kind, before anything has left for it. */
  readonly #begun = new Map<StreamKey["kind"], { readonly to: KeyId; readonly sinceNanos: bigint }>();
  /** In order of leaving. */
  readonly #held = new Map<KeyId, Held>();
  #newest: Changing | undefined;

  constructor(options: { readonly capacity: number; readonly lastsMs: number }) {
    this.#capacity = options.capacity;
    this.#lastsNanos = BigInt(Math.round(options.lastsMs * 1e6));
  }

  get size(): number {
    return this.#held.size;
  }

  /** Reads want `to`, which was not wanted before. */
  begin(to: StreamKey, nowNanos: bigint): void {
    this.#begun.set(to.kind, { to: keyId(to), sinceNanos: nowNanos });
  }

  /**
   * `from` is not wanted any more; `entry` is its last value if it was live until now. Nothing is kept when no change is under way. A key that
   * comes and goes without ever becoming live keeps what it left the first time, and no longer than that.
   */
  leave(from: StreamKey, entry: HotEntry | undefined, nowNanos: bigint): void {
    const begun = this.#begun.get(from.kind);
    const id = keyId(from);
    if (begun === undefined || begun.to === id || this.#isOver(begun.sinceNanos, nowNanos)) return;
    this.#newest = { from: id, to: begun.to, sinceNanos: begun.sinceNanos };
    if (entry === undefined) return;
    this.#held.delete(id);
    this.#held.set(id, { entry, change: this.#newest });
    const oldest = this.#held.keys().next();
    if (this.#held.size > this.#capacity && oldest.done !== true) this.#held.delete(oldest.value);
  }

  /** The last value of a key that was turned away from, while its change lasts. */
  get(id: KeyId, nowNanos: bigint): HotEntry | undefined {
    const held = this.#held.get(id);
    if (held === undefined) return undefined;
    if (!this.#isOver(held.change.sinceNanos, nowNanos)) return held.entry;
    this.#held.delete(id);
    return undefined;
  }

  /** The newest change, until its new key is live or its time is over. */
  changing(isLive: (id: KeyId) => boolean, nowNanos: bigint): Changing | undefined {
    if (this.#newest !== undefined && (this.#isOver(this.#newest.sinceNanos, nowNanos) || isLive(this.#newest.to)))
      this.#newest = undefined;
    return this.#newest;
  }

  /** Forgets a market, all of it or one kind. */
  invalidate(market: Market, kind: Kind | undefined): void {
    for (const id of this.#held.keys()) {
      if (id.endsWith(`:${market}`) && (kind === undefined || id.startsWith(`${kind}:`))) this.#held.delete(id);
    }
  }

  clear(): void {
    this.#held.clear();
    this.#begun.clear();
    this.#newest = undefined;
  }

  #isOver(sinceNanos: bigint, nowNanos: bigint): boolean {
    return nowNanos - sinceNanos >= this.#lastsNanos;
  }
}

/** What is known of a key when it is read. */
export interface ReadFacts {
  /** The socket brings it now, or memory holds a value within the question's `maxAge`. */
  readonly live: boolean;
  /** A change away from it is under way, and its last value is held. */
  readonly held: boolean;
  /** The caller accepts an old value with a label, and did not ask for the newest there is. */
  readonly servesStale: boolean;
}

/** Where a read is answered from: what is live before what was, and both before waiting for REST and its cache. */
export const readFrom = ({ live, held, servesStale }: ReadFacts): "live" | "transition" | "rest" => {
  if (live) return "live";
  return held && servesStale ? "transition" : "rest";
};
