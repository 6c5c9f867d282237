/**
 * Recent REST answers by question, and how each question is used. Ages are monotonic, so a step of the wall clock makes nothing fresh or stale.
 * Bounded by entries and by an estimate of their bytes: when full, the entry used longest ago leaves, and what was known of its use with it.
 */
import type { Kind } from "../domain/Question.ts";
import type { Market } from "../domain/Market.ts";
import type { WarmKey } from "./Cache.ts";
import { type Linked, Recency } from "./Recency.ts";
import { beginUse, type WarmUse } from "./warmLife.ts";

/** A REST answer in the warm store. */
export interface WarmEntry<A> {
  readonly value: A;
  /** Monotonic time since which its age counts. */
  readonly sinceNanos: bigint;
  /** Age up to which it answers, in milliseconds; infinite where the value can never change. */
  readonly lifeMs: number;
  /** How often the key's value differed when it was read again, 0 to 1. */
  readonly volatility: number;
}

export interface WarmStoreOptions {
  /** Entries at most. */
  readonly capacity: number;
  /** Estimated bytes at most. An entry that is larger by itself is not kept. */
  readonly bytes: number;
}

interface PutOptions {
  /** Estimated bytes of the value. */
  readonly bytes?: number | undefined;
  /** Somebody asked for it, so it counts as used now (true). */
  readonly isRead?: boolean | undefined;
  /** It was read before anybody asked (false). */
  readonly isAhead?: boolean | undefined;
  /** What is known of the use of a key that is new here. */
  readonly use?: WarmUse | undefined;
}

interface Held extends Linked<Held> {
  readonly id: string;
  readonly key: WarmKey;
  entry: WarmEntry<unknown>;
  bytes: number;
  readonly use: WarmUse;
  /** It was read before anybody asked, and has answered nobody yet. */
  isAhead: boolean;
}

/** What an entry costs beside its value: its key, its place, and what is known of its use. */
const overheadBytes = 400;

export class WarmStore {
  readonly #entries = new Map<string, Held>();
  readonly #used = new Recency<Held>();
  readonly #options: WarmStoreOptions;
  #bytes = 0;
  /** Entries read before anybody asked that answered somebody, and those that ended without. */
  readonly ahead = { used: 0, wasted: 0 };

  constructor(options: WarmStoreOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Estimated bytes of all entries. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The entry and its use, marked as used now. */
  get(key: WarmKey): { readonly entry: WarmEntry<unknown>; readonly use: WarmUse; isAhead: boolean } | undefined {
    const held = this.#entries.get(warmKeyId(key));
    if (held !== undefined) this.#used.touch(held);
    return held;
  }

  /** The entry that is held was looked at for a question: it answers, or it is too old. */
  asked(held: { isAhead: boolean }, hit: boolean): void {
    if (!held.isAhead) return;
    held.isAhead = false;
    this.ahead[hit ? "used" : "wasted"]++;
  }

  /** The entry, without marking it as used. */
  peek(key: WarmKey): WarmEntry<unknown> | undefined {
    return this.#entries.get(warmKeyId(key))?.entry;
  }

  /** What is known of the use of a key that is held, without marking it as used. */
  peekUse(key: WarmKey): WarmUse | undefined {
    return this.#entries.get(warmKeyId(key))?.use;
  }

  /** Keeps `entry` unless a younger one is held. The use of a key that is held goes on. */
  put(key: WarmKey, entry: WarmEntry<unknown>, { bytes = 0, isRead = true, isAhead = false, use }: PutOptions = {}): void {
    const id = warmKeyId(key);
    const held = this.#entries.get(id);
    if (held !== undefined && held.entry.sinceNanos > entry.sinceNanos) return;
    const cost = bytes + overheadBytes;
    if (cost > this.#options.bytes) return this.#drop(id);
    this.#bytes += cost - (held?.bytes ?? 0);
    if (held?.isAhead === true) this.ahead.wasted++;
    if (held !== undefined && !isRead) {
      held.entry = entry;
      held.bytes = cost;
      held.isAhead = isAhead;
    } else {
      if (held !== undefined) this.#used.remove(held);
      const kept = { id, key, entry, bytes: cost, use: held?.use ?? use ?? beginUse(), isAhead, older: undefined, newer: undefined };
      this.#entries.set(id, kept);
      this.#used.add(kept);
    }
    while (this.#entries.size > this.#options.capacity || this.#bytes > this.#options.bytes) {
      const { oldest } = this.#used;
      if (oldest === undefined) return;
      this.#drop(oldest.id);
    }
  }

  invalidate(market: Market, kind: Kind | undefined): void {
    for (const [id, { key }] of this.#entries) {
      if (key.market === market && (kind === undefined || key.kind === kind)) this.#drop(id);
    }
  }

  clear(): void {
    for (const id of this.#entries.keys()) this.#drop(id);
  }

  #drop(id: string): void {
    const held = this.#entries.get(id);
    if (held === undefined) return;
    this.#bytes -= held.bytes;
    if (held.isAhead) this.ahead.wasted++;
    this.#entries.delete(id);
    this.#used.remove(held);
  }
}

/** A key as text. JSON of a list keeps parts apart whatever they hold, so two questions never share a name. */
export const warmKeyId = (key: WarmKey): string => JSON.stringify([key.kind, key.market, ...key.parts]);
