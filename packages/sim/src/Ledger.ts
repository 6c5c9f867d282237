/**
 * What the exchange saw and sent: the witness tests ask instead of the client. Rings keep the latest entries (what falls out is counted, never
 * silently lost), counters keep everything.
 */
import type { FaultEntry } from "./faults/FaultSet.ts";

export type Verdict = "accepted" | "limited" | "banned" | "unrouted" | "fault";

export interface RequestEntry {
  readonly atMs: number;
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly ip: string;
  /** The limit group by its wire name; `undefined` for unrouted paths. */
  readonly group: string | undefined;
  readonly verdict: Verdict;
  /** `undefined` for a fault that sent no status. */
  readonly status: number | undefined;
}

export interface FrameEntry {
  readonly atMs: number;
  readonly connection: number;
  readonly direction: "in" | "out";
  /** `ticker`, `trade`, `orderbook`, `candle.1m`, `error`, `status`, `list`, `ping`, `pong`; `request` for client text. */
  readonly kind: string;
  /** `undefined` where the frame concerns no one market. */
  readonly market: string | undefined;
  readonly text: string;
}

export interface ConnectionEntry {
  readonly connection: number;
  readonly openedMs: number;
  readonly ip: string;
  /** `undefined` while open. */
  closed: { readonly atMs: number; readonly code: number } | undefined;
}

/** A fault that happened: which, when, to what. */
export type { FaultEntry };

/** Every connection has a message group of its own; the oldest group goes first. */
const maxGroups = 1_000;

/** Keeps the latest `capacity` items. */
class Ring<A> {
  dropped = 0;
  private items: Array<A> = [];
  private readonly capacity: number;
  constructor(capacity: number) {
    this.capacity = capacity;
  }
  push(item: A): void {
    this.items.push(item);
    if (this.items.length < 2 * this.capacity) return;
    this.dropped += this.items.length - this.capacity;
    this.items = this.items.slice(-this.capacity);
  }
  all(): ReadonlyArray<A> {
    return this.items;
  }
}

export class Ledger {
  private readonly requestRing: Ring<RequestEntry>;
  private readonly frameRing: Ring<FrameEntry>;
  private readonly connectionRing: Ring<ConnectionEntry>;
  private readonly faultRing: Ring<FaultEntry>;
  private readonly counts = new Map<string, number>();
  /** Arrival times the limiter let in, by limit group. */
  private readonly arrivals = new Map<string, Ring<number>>();
  private readonly capacity: number;

  /** `capacity`: entries kept of each kind; at most twice as many are held at times. */
  constructor(capacity = 10_000) {
    this.capacity = capacity;
    this.requestRing = new Ring(capacity);
    // A book is some kilobytes of text.
    this.frameRing = new Ring(Math.ceil(capacity / 2));
    this.connectionRing = new Ring(capacity);
    this.faultRing = new Ring(capacity);
  }

  recordRequest(entry: RequestEntry): void {
    this.requestRing.push(entry);
    this.count(`request:${entry.path}`);
    this.count(`verdict:${entry.verdict}`);
    if ((entry.verdict === "accepted" || entry.verdict === "fault") && entry.group !== undefined)
      this.recordArrival(entry.group, entry.atMs);
  }

  /** An accepted arrival of a group that is no REST group: `websocket-connect`, `websocket-message:<connection>`. */
  recordArrival(group: string, atMs: number): void {
    let ring = this.arrivals.get(group);
    if (ring === undefined) {
      if (this.arrivals.size >= maxGroups) this.arrivals.delete(this.arrivals.keys().next().value ?? "");
      ring = new Ring(this.capacity);
      this.arrivals.set(group, ring);
    }
    ring.push(atMs);
  }

  recordFrame(entry: FrameEntry): void {
    this.frameRing.push(entry);
    this.count(`frame:${entry.direction}:${entry.kind}`);
  }

  recordFault(entry: FaultEntry): void {
    this.faultRing.push(entry);
    this.count(`fault:${entry.verb}`);
  }

  recordConnection(entry: ConnectionEntry): void {
    this.connectionRing.push(entry);
    this.count("connection");
  }

  /** All REST requests, or those of one path such as `/v1/ticker`; counted for ever. */
  restCount(path?: string): number {
    if (path !== undefined) return this.counts.get(`request:${path}`) ?? 0;
    return this.sum("request:");
  }

  /** Requests answered with 429 or 418. */
  get rejected(): number {
    return (this.counts.get("verdict:limited") ?? 0) + (this.counts.get("verdict:banned") ?? 0);
  }

  /** The latest requests, oldest first. */
  requests(path?: string): ReadonlyArray<RequestEntry> {
    return this.requestRing.all().filter((entry) => path === undefined || entry.path === path);
  }

  /** The latest frames, oldest first. */
  frames(filter: Partial<Pick<FrameEntry, "kind" | "market" | "direction" | "connection">> = {}): ReadonlyArray<FrameEntry> {
    return this.frameRing
      .all()
      .filter(
        (entry) =>
          (filter.kind === undefined || entry.kind === filter.kind) &&
          (filter.market === undefined || entry.market === filter.market) &&
          (filter.direction === undefined || entry.direction === filter.direction) &&
          (filter.connection === undefined || entry.connection === filter.connection),
      );
  }

  /** Frames ever sent (`out`) or received, optionally of one kind. */
  frameCount(direction: "in" | "out", kind?: string): number {
    return kind === undefined ? this.sum(`frame:${direction}:`) : (this.counts.get(`frame:${direction}:${kind}`) ?? 0);
  }

  /** The latest faults that happened, oldest first: why things went wrong. */
  faults(verb?: string): ReadonlyArray<FaultEntry> {
    return this.faultRing.all().filter((entry) => verb === undefined || entry.verb === verb);
  }

  /** How often a fault ever happened. */
  faultCount(verb: string): number {
    return this.counts.get(`fault:${verb}`) ?? 0;
  }

  connections(): ReadonlyArray<ConnectionEntry> {
    return this.connectionRing.all();
  }

  /** Groups that had accepted arrivals. */
  groups(): ReadonlyArray<string> {
    return [...this.arrivals.keys()];
  }

  /** The largest number of accepted arrivals of a group in any window of `windowMs`; arrivals exactly `windowMs` apart are in different windows. */
  maxInWindow(group: string, windowMs: number): number {
    const times = this.arrivals.get(group)?.all() ?? [];
    let most = 0;
    let start = 0;
    for (let end = 0; end < times.length; end++) {
      while ((times[end] ?? 0) - (times[start] ?? 0) >= windowMs) start++;
      most = Math.max(most, end - start + 1);
    }
    return most;
  }

  /** Entries that fell out of the rings. */
  get dropped(): number {
    return this.requestRing.dropped + this.frameRing.dropped + this.connectionRing.dropped + this.faultRing.dropped;
  }

  private count(key: string): void {
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }

  private sum(prefix: string): number {
    let total = 0;
    for (const [key, count] of this.counts) if (key.startsWith(prefix)) total += count;
    return total;
  }
}
