/**
 * Who wants what of the socket: streams hold their keys by reference count, reads hold theirs for a while after the last read. The sum of
 * both is the wanted set, which one message makes the whole subscription of the link.
 *
 * Pure state on monotonic milliseconds. Streams are never refused; reads have a bounded number of slots, and the key read longest ago leaves.
 */
import { depthOf, type KeyId, keyId, type StreamKey } from "../domain/StreamKey.ts";

interface Held {
  readonly key: StreamKey;
  /** How many streams hold the key at each depth. */
  readonly holders: Map<number, number>;
}

interface Read {
  readonly key: StreamKey;
  readonly depth: number;
  readonly expiresMs: number;
}

/** Told synchronously of the keys that enter and leave the wanted set because of reads alone. */
export interface ReadChanges {
  /** A read wants a key that nobody wanted. */
  readonly began: (key: StreamKey) => void;
  /** A key's slot went to another read, or its linger ended, and no stream holds it. */
  readonly left: (key: StreamKey) => void;
}

export class Interest {
  readonly #changes: ReadChanges | undefined;
  readonly #held = new Map<KeyId, Held>();
  /** In order of the last read, oldest first: with one linger for all, also the order of expiry. */
  readonly #reads = new Map<KeyId, Read>();
  readonly #maxReads: number;
  readonly #lingerMs: number;

  constructor(options: { readonly maxReads: number; readonly lingerMs: number; readonly changes?: ReadChanges | undefined }) {
    this.#changes = options.changes;
    this.#maxReads = options.maxReads;
    this.#lingerMs = options.lingerMs;
  }

  /** A stream of this key began. */
  add(key: StreamKey): void {
    const id = keyId(key);
    const held = this.#held.get(id) ?? { key, holders: new Map<number, number>() };
    const depth = depthOf(key);
    held.holders.set(depth, (held.holders.get(depth) ?? 0) + 1);
    this.#held.set(id, held);
  }

  /** A stream of this key ended. Without a matching {@link add} nothing happens. */
  release(key: StreamKey): void {
    const id = keyId(key);
    const held = this.#held.get(id);
    const count = held?.holders.get(depthOf(key));
    if (held === undefined || count === undefined) return;
    if (count > 1) held.holders.set(depthOf(key), count - 1);
    else held.holders.delete(depthOf(key));
    if (held.holders.size === 0) this.#held.delete(id);
  }

  /** Something read this key; true when the reads want more than before. Until its linger ends, a book keeps the greatest depth read. */
  read(key: StreamKey, nowMs: number): boolean {
    this.#expire(nowMs);
    const id = keyId(key);
    if (!this.has(id)) this.#changes?.began(key);
    const before = this.#reads.get(id)?.depth;
    const depth = Math.max(depthOf(key), before ?? 0);
    this.#reads.delete(id);
    this.#reads.set(id, { key, depth, expiresMs: nowMs + this.#lingerMs });
    const oldest = this.#reads.values().next();
    if (this.#reads.size > this.#maxReads && oldest.done !== true) this.#drop(oldest.value.key);
    return before !== depth;
  }

  /** The exchange refused this key: reads of it are forgotten. */
  forgetReads(id: KeyId): void {
    this.#reads.delete(id);
  }

  has(id: KeyId): boolean {
    return this.#held.has(id) || this.#reads.has(id);
  }

  /** Every wanted key once, an order book at the greatest depth anyone wants. */
  wanted(nowMs: number): ReadonlyArray<StreamKey> {
    this.#expire(nowMs);
    const keys: Array<StreamKey> = [];
    for (const [id, held] of this.#held) keys.push(atDepth(held.key, Math.max(...held.holders.keys(), this.#reads.get(id)?.depth ?? 0)));
    for (const [id, read] of this.#reads) if (!this.#held.has(id)) keys.push(atDepth(read.key, read.depth));
    return keys;
  }

  /** When the next read interest ends by itself; infinity when none will. */
  nextExpiryMs(): number {
    const oldest = this.#reads.values().next();
    return oldest.done === true ? Number.POSITIVE_INFINITY : oldest.value.expiresMs;
  }

  #expire(nowMs: number): void {
    for (const read of this.#reads.values()) {
      if (read.expiresMs > nowMs) return;
      this.#drop(read.key);
    }
  }

  #drop(key: StreamKey): void {
    const id = keyId(key);
    this.#reads.delete(id);
    if (!this.#held.has(id)) this.#changes?.left(key);
  }
}

const atDepth = (key: StreamKey, depth: number): StreamKey => (key.kind === "orderbook" ? { ...key, levels: depth } : key);
