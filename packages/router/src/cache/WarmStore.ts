/**
 * Recent REST answers by question. Ages are monotonic, so a step of the wall clock makes nothing fresh or stale. Bounded: when full, the
 * entry used longest ago leaves.
 */
import type { Kind } from "../domain/Question.ts";
import type { Market } from "../domain/Market.ts";
import type { WarmEntry, WarmKey } from "./Cache.ts";

export class WarmStore {
  /** In order of use, the one used longest ago first. */
  readonly #entries = new Map<string, { readonly key: WarmKey; readonly entry: WarmEntry<unknown> }>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The entry, marked as used now. */
  get(key: WarmKey): WarmEntry<unknown> | undefined {
    const id = warmKeyId(key);
    const held = this.#entries.get(id);
    if (held === undefined) return undefined;
    this.#entries.delete(id);
    this.#entries.set(id, held);
    return held.entry;
  }

  /** The entry, without marking it as used. */
  peek(key: WarmKey): WarmEntry<unknown> | undefined {
    return this.#entries.get(warmKeyId(key))?.entry;
  }

  put(key: WarmKey, entry: WarmEntry<unknown>): void {
    const id = warmKeyId(key);
    this.#entries.delete(id);
    this.#entries.set(id, { key, entry });
    if (this.#entries.size <= this.#capacity) return;
    const oldest = this.#entries.keys().next();
    if (oldest.done !== true) this.#entries.delete(oldest.value);
  }

  invalidate(market: Market, kind: Kind | undefined): void {
    for (const [id, { key }] of this.#entries) {
      if (key.market === market && (kind === undefined || key.kind === kind)) this.#entries.delete(id);
    }
  }

  clear(): void {
    this.#entries.clear();
  }
}

/** A key as text. JSON of a list keeps parts apart whatever they hold, so two questions never share a name. */
export const warmKeyId = (key: WarmKey): string => JSON.stringify([key.kind, key.market, ...key.parts]);
