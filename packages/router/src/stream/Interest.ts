/**
 * Who wants what of the sockets: streams hold their keys by reference count, reads hold theirs for a while after the last read. The sum of
 * both is the wanted set, which one message per socket makes its whole subscription.
 *
 * Pure state on monotonic milliseconds. Streams are never refused; reads have a bounded number of keys and of kinds, and the least important
 * leaves (`SlotPolicy.ts`).
 */
import type { Kind, Priority } from "../domain/Question.ts";
import { depthOf, type KeyId, keyId, type StreamKey } from "../domain/StreamKey.ts";
import { importanceOf, readAgain, type Reads, takesOver } from "./SlotPolicy.ts";

interface Held {
  readonly key: StreamKey;
  /** How many streams hold the key at each depth. */
  readonly holders: Map<number, number>;
}

interface Read {
  readonly key: StreamKey;
  readonly depth: number;
  readonly expiresMs: number;
  readonly reads: Reads;
  /** Some caller demanded it of the socket while it was wanted: its kind takes no slot, and loses none. */
  readonly isDemanded: boolean;
}

export interface InterestOptions {
  /** Keys that reads may hold. */
  readonly maxReads: number;
  readonly lingerMs: number;
  /** Kinds that reads may hold beside those of streams. */
  readonly slots: (nowMs: number) => number;
  readonly changes?: ReadChanges | undefined;
}

/** Told synchronously of the keys that enter and leave the wanted set because of reads alone. */
export interface ReadChanges {
  /** A read wants a key that nobody wanted. */
  readonly began: (key: StreamKey) => void;
  /** A key's place went to another read, or its linger ended, and no stream holds it. */
  readonly left: (key: StreamKey) => void;
}

/** `refused`: the reads hold as much as they may, and all of it matters more. */
export type ReadOutcome = "added" | "kept" | "refused";

export class Interest {
  readonly #held = new Map<KeyId, Held>();
  /** In order of the last read, oldest first: with one linger for all, also the order of expiry. */
  readonly #reads = new Map<KeyId, Read>();
  readonly #options: InterestOptions;
  #version = 0;
  #wanted: { readonly version: number; readonly keys: ReadonlyArray<StreamKey> } | undefined;

  constructor(options: InterestOptions) {
    this.#options = options;
  }

  /** Changes whenever the wanted set may have. Reads that expire count when {@link Interest.wanted} notices them. */
  get version(): number {
    return this.#version;
  }

  /** A stream of this key began. */
  add(key: StreamKey): void {
    const id = keyId(key);
    const held = this.#held.get(id) ?? { key, holders: new Map<number, number>() };
    const depth = depthOf(key);
    held.holders.set(depth, (held.holders.get(depth) ?? 0) + 1);
    this.#held.set(id, held);
    this.#version++;
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
    this.#version++;
  }

  /**
   * Something read this key. Until its linger ends, a book keeps the greatest depth read. What a caller demands of the socket needs no slot of
   * its kind.
   */
  read(key: StreamKey, nowMs: number, priority: Priority = "normal", isDemanded = false): ReadOutcome {
    this.#expire(nowMs);
    const id = keyId(key);
    const before = this.#reads.get(id);
    const reads = readAgain(before?.reads, priority, nowMs);
    if (before === undefined && !this.#canEnter(id, isDemanded ? undefined : key.kind, importanceOf(reads, nowMs), nowMs)) return "refused";
    // Told first: what leaves for it leaves because of it.
    if (!this.has(id)) this.#options.changes?.began(key);
    if (before === undefined) this.#makeRoom(id, isDemanded ? undefined : key.kind, nowMs);
    const depth = Math.max(depthOf(key), before?.depth ?? 0);
    this.#reads.delete(id);
    const expiresMs = nowMs + this.#options.lingerMs;
    this.#reads.set(id, { key, depth, expiresMs, reads, isDemanded: isDemanded || before?.isDemanded === true });
    if (before?.depth === depth) return "kept";
    this.#version++;
    return "added";
  }

  /** Whether a read of this key would find it wanted, or a place for it. */
  admits(key: StreamKey, nowMs: number, priority: Priority = "normal"): boolean {
    const id = keyId(key);
    return this.#reads.has(id) || this.#canEnter(id, key.kind, importanceOf(readAgain(undefined, priority, nowMs), nowMs), nowMs);
  }

  /** The exchange refused this key: reads of it are forgotten. */
  forgetReads(id: KeyId): void {
    if (this.#reads.delete(id)) this.#version++;
  }

  has(id: KeyId): boolean {
    return this.#held.has(id) || this.#reads.has(id);
  }

  /** Somebody wants it, a book at least as deep as this. */
  covers(key: StreamKey): boolean {
    const id = keyId(key);
    const depths = [...(this.#held.get(id)?.holders.keys() ?? []), this.#reads.get(id)?.depth ?? -1];
    return depths.some((depth) => depth >= depthOf(key));
  }

  /** Some stream wants it. */
  isHeld(id: KeyId): boolean {
    return this.#held.has(id);
  }

  /** Every wanted key once, an order book at the greatest depth anyone wants. The same array while nothing changes. */
  wanted(nowMs: number): ReadonlyArray<StreamKey> {
    this.#expire(nowMs);
    if (this.#wanted?.version === this.#version) return this.#wanted.keys;
    const keys: Array<StreamKey> = [];
    for (const [id, held] of this.#held) keys.push(atDepth(held.key, Math.max(...held.holders.keys(), this.#reads.get(id)?.depth ?? 0)));
    for (const [id, read] of this.#reads) if (!this.#held.has(id)) keys.push(atDepth(read.key, read.depth));
    this.#wanted = { version: this.#version, keys };
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
      this.#version++;
    }
  }

  #drop(key: StreamKey): void {
    const id = keyId(key);
    this.#reads.delete(id);
    if (!this.#held.has(id)) this.#options.changes?.left(key);
  }

  /** Whether there is a place for a newcomer of this kind and importance: a free one, or one of what matters less. */
  #canEnter(id: KeyId, kind: Kind | undefined, importance: number, nowMs: number): boolean {
    if (this.#held.has(id)) return true;
    const kindOut = this.#kindOut(kind, nowMs);
    if (kindOut !== undefined && !takesOver(importance, kindOut.importance, kindOut.lastReadMs, nowMs)) return false;
    if (this.#reads.size - (kindOut?.reads.length ?? 0) < this.#options.maxReads) return true;
    const least = leastImportant(this.#reads.values(), nowMs);
    return least !== undefined && importance >= least.importance;
  }

  /** Takes out what {@link Interest.#canEnter} found to matter less. */
  #makeRoom(id: KeyId, kind: Kind | undefined, nowMs: number): void {
    if (this.#held.has(id)) return;
    for (const read of this.#kindOut(kind, nowMs)?.reads ?? []) this.#drop(read.key);
    if (this.#reads.size < this.#options.maxReads) return;
    const least = leastImportant(this.#reads.values(), nowMs);
    if (least !== undefined) this.#drop(least.key);
  }

  /** The kind that has to go for this one, with all reads of it; undefined when there is a slot. A kind matters as much as its first key. */
  #kindOut(kind: Kind | undefined, nowMs: number): KindOut | undefined {
    if (kind === undefined) return undefined;
    const kinds = new Map<Kind, Array<Read>>();
    for (const read of this.#reads.values()) kinds.set(read.key.kind, [...(kinds.get(read.key.kind) ?? []), read]);
    const slotless = this.#slotless();
    for (const other of slotless) kinds.delete(other);
    if (kinds.has(kind) || kinds.size < this.#options.slots(nowMs) || slotless.has(kind)) return undefined;
    return [...kinds.values()]
      .map((reads) => ({ reads, ...mostImportant(reads, nowMs) }))
      .reduce<KindOut | undefined>((a, b) => (a === undefined || b.importance < a.importance ? b : a), undefined);
  }

  /** Kinds that are subscribed whatever the slots: those of streams, and those that a caller demanded. */
  #slotless(): ReadonlySet<Kind> {
    const kinds = new Set<Kind>();
    for (const { key } of this.#held.values()) kinds.add(key.kind);
    for (const { key, isDemanded } of this.#reads.values()) if (isDemanded) kinds.add(key.kind);
    return kinds;
  }
}

interface KindOut {
  readonly reads: ReadonlyArray<Read>;
  readonly importance: number;
  readonly lastReadMs: number;
}

interface Ranked {
  readonly key: StreamKey;
  readonly importance: number;
  readonly lastReadMs: number;
}

const rank = ({ key, reads }: Read, nowMs: number): Ranked => ({ key, importance: importanceOf(reads, nowMs), lastReadMs: reads.atMs });

/** Of equals the one read longest ago. */
const leastImportant = (reads: Iterable<Read>, nowMs: number): Ranked | undefined => {
  let least: Ranked | undefined;
  for (const read of reads) {
    const ranked = rank(read, nowMs);
    if (least === undefined || ranked.importance < least.importance) least = ranked;
  }
  return least;
};

const mostImportant = (reads: ReadonlyArray<Read>, nowMs: number): { readonly importance: number; readonly lastReadMs: number } => ({
  importance: Math.max(...reads.map((read) => rank(read, nowMs).importance)),
  lastReadMs: Math.max(...reads.map((read) => read.reads.atMs)),
});

const atDepth = (key: StreamKey, depth: number): StreamKey => (key.kind === "orderbook" ? { ...key, levels: depth } : key);
