/**
 * What the exchange saw and sent: the witness tests ask instead of the client. Rings keep the latest entries (what falls out is counted, never
 * silently lost), counters keep everything. Recording a frame is on the emulator's hot path: it keeps references to rows that exist anyway, and
 * spells them out only when asked.
 */
import { Arrivals } from "./ledger/Arrivals.ts";
import {
  type CandleEntry,
  candleEntry,
  type Emission,
  type OrderbookEntry,
  orderbookEntry,
  type Said,
  type SaidOf,
  type TickerEntry,
  tickerEntry,
  type TradeEntry,
  tradeEntry,
} from "./ledger/Emitted.ts";
import type {
  ConnectionEntry,
  ConnectionEvent,
  FaultEvent,
  FaultEntry,
  FaultSwitched,
  FrameEntry,
  RequestEntry,
} from "./ledger/Entries.ts";
import { type Page, type PageOptions, Ring } from "./ledger/Ring.ts";

export type {
  ConnectionEntry,
  ConnectionEvent,
  FaultEvent,
  FaultEntry,
  FaultSwitched,
  FrameEntry,
  RequestEntry,
  Verdict,
} from "./ledger/Entries.ts";
export type { CandleEntry, OrderbookEntry, Said, TickerEntry, TradeEntry } from "./ledger/Emitted.ts";
export type { Page, PageOptions } from "./ledger/Ring.ts";

/** What is kept of each frame: with its text, what it said without the text, or nothing but the counters. */
export type FrameKeeping = "text" | "facts" | "off";

/** The logs that can be paged through, and what their entries are. */
export interface LedgerEntries {
  readonly requests: RequestEntry;
  readonly frames: FrameEntry;
  readonly connections: ConnectionEvent;
  readonly trades: TradeEntry;
  readonly tickers: TickerEntry;
  readonly candles: CandleEntry;
  readonly orderbooks: OrderbookEntry;
  readonly faults: FaultEvent;
}

export type LedgerKind = keyof LedgerEntries;

/** Which entries are wanted. An entry that has no market or connection of its own is in no market's page. */
export interface LedgerFilter {
  readonly market?: string | undefined;
  readonly connection?: number | undefined;
  /** Not before. */
  readonly fromMs?: number | undefined;
  /** Before. */
  readonly toMs?: number | undefined;
}

export class Ledger {
  /** What is kept of frames. */
  readonly frameKeeping: FrameKeeping;
  private readonly rings;
  private readonly arrivals: Arrivals;
  /** Opened connections; each entry says when it closed. */
  private readonly connectionRing: Ring<ConnectionEntry>;
  private readonly counts = new Map<string, number>();
  private readonly framesIn = new Map<string, number>();
  private readonly framesOut = new Map<string, number>();

  /** `capacity`: entries kept of each kind; at most twice as many are held at times. */
  constructor(capacity = 10_000, frameKeeping: FrameKeeping = "text") {
    this.frameKeeping = frameKeeping;
    this.rings = {
      requests: new Ring<RequestEntry>(capacity),
      // A book is some kilobytes of text.
      frames: new Ring<FrameEntry>(Math.ceil(capacity / 2)),
      connections: new Ring<ConnectionEvent>(capacity),
      faults: new Ring<FaultEvent>(capacity),
      trades: new Ring<Emission<SaidOf<"trade">>>(capacity),
      tickers: new Ring<Emission<SaidOf<"ticker">>>(capacity),
      candles: new Ring<Emission<SaidOf<"candle">>>(capacity),
      orderbooks: new Ring<Emission<SaidOf<"orderbook">>>(capacity),
    };
    this.arrivals = new Arrivals(capacity);
    this.connectionRing = new Ring(capacity);
  }

  recordRequest(entry: RequestEntry): void {
    this.rings.requests.push(entry);
    this.count(`request:${entry.path}`);
    this.count(`verdict:${entry.verdict}`);
    if ((entry.verdict === "accepted" || entry.verdict === "fault") && entry.group !== undefined)
      this.recordArrival(entry.group, entry.atMs);
  }

  /** An accepted arrival of a group that is no REST group: `websocket-connect`, `websocket-message:<connection>`. */
  recordArrival(group: string, atMs: number): void {
    this.arrivals.record(group, atMs);
  }

  recordFrame(entry: FrameEntry): void {
    const counts = entry.direction === "out" ? this.framesOut : this.framesIn;
    counts.set(entry.kind, (counts.get(entry.kind) ?? 0) + 1);
    if (this.frameKeeping === "text") this.rings.frames.push(entry);
    else if (this.frameKeeping === "facts") {
      const { atMs, connection, direction, kind, market } = entry;
      this.rings.frames.push({ atMs, connection, direction, kind, market, text: "" });
    }
  }

  /** What a frame of market data that left says. */
  recordSaid(atMs: number, connection: number, said: Said): void {
    if (this.frameKeeping === "off") return;
    switch (said.kind) {
      case "trade":
        return this.rings.trades.push({ atMs, connection, said });
      case "ticker":
        return this.rings.tickers.push({ atMs, connection, said });
      case "candle":
        return this.rings.candles.push({ atMs, connection, said });
      case "orderbook":
        return this.rings.orderbooks.push({ atMs, connection, said });
    }
  }

  /** A connection that was let in. */
  recordConnection(entry: ConnectionEntry): void {
    this.connectionRing.push(entry);
    this.count("connection");
    const { connection, openedMs: atMs, ip, headers } = entry;
    this.rings.connections.push({ event: "opened", atMs, connection, ip, headers, verdict: "accepted", status: 101 });
  }

  /** Its end. */
  recordClosed(entry: ConnectionEntry, atMs: number, code: number): void {
    entry.closed = { atMs, code };
    this.rings.connections.push({ event: "closed", atMs, connection: entry.connection, code });
  }

  /** An upgrade that was answered with another status than 101. */
  recordRefused(entry: Omit<Extract<ConnectionEvent, { readonly event: "refused" }>, "event">): void {
    this.rings.connections.push({ event: "refused", ...entry });
    this.count(`upgrade:${entry.verdict}`);
  }

  recordFault(entry: FaultEntry): void {
    this.rings.faults.push({ event: "happened", ...entry });
    this.count(`fault:${entry.verb}`);
  }

  recordFaultSwitched(entry: FaultSwitched): void {
    this.rings.faults.push(entry);
  }

  /** One page of a log, for a client that follows it: what it got as `next` is the `since` of its next page. */
  page<K extends LedgerKind>(kind: K, options: PageOptions, filter?: LedgerFilter): Page<LedgerEntries[K]>;
  page(kind: LedgerKind, options: PageOptions, filter: LedgerFilter = {}): Page<LedgerEntries[LedgerKind]> {
    const { rings } = this;
    switch (kind) {
      case "requests":
        return rings.requests.page(options, (entry) => isIn(filter, entry.atMs, undefined, marketsOf(entry)));
      case "frames":
        return rings.frames.page(options, (entry) => isIn(filter, entry.atMs, entry.connection, entry.market));
      case "connections":
        return rings.connections.page(options, (entry) => isIn(filter, entry.atMs, "connection" in entry ? entry.connection : undefined));
      case "faults":
        return rings.faults.page(options, (entry) => isIn(filter, entry.atMs));
      case "trades":
        return spelled(rings.trades.page(options, emittedIn(filter)), tradeEntry);
      case "tickers":
        return spelled(rings.tickers.page(options, emittedIn(filter)), tickerEntry);
      case "candles":
        return spelled(rings.candles.page(options, emittedIn(filter)), candleEntry);
      case "orderbooks":
        return spelled(rings.orderbooks.page(options, emittedIn(filter)), orderbookEntry);
    }
  }

  /** The latest trades, tickers, candles or order books that left, oldest first. */
  said<K extends "trades" | "tickers" | "candles" | "orderbooks">(kind: K, filter?: LedgerFilter): ReadonlyArray<LedgerEntries[K]> {
    return this.page(kind, { limit: Infinity }, filter).entries;
  }

  /** All REST requests, or those of one path such as `/v1/ticker`; counted for ever. */
  restCount(path?: string): number {
    return path === undefined ? sum(this.counts, "request:") : (this.counts.get(`request:${path}`) ?? 0);
  }

  /** Requests answered with 429 or 418. */
  get rejected(): number {
    return (this.counts.get("verdict:limited") ?? 0) + (this.counts.get("verdict:banned") ?? 0);
  }

  /** The latest requests, oldest first. */
  requests(path?: string): ReadonlyArray<RequestEntry> {
    return this.rings.requests.all().filter((entry) => path === undefined || entry.path === path);
  }

  /** The latest frames, oldest first. */
  frames(filter: Partial<Pick<FrameEntry, "kind" | "market" | "direction" | "connection">> = {}): ReadonlyArray<FrameEntry> {
    return this.rings.frames
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
    const counts = direction === "out" ? this.framesOut : this.framesIn;
    return kind === undefined ? sum(counts, "") : (counts.get(kind) ?? 0);
  }

  /** The latest faults that happened, oldest first: why things went wrong. */
  faults(verb?: string): ReadonlyArray<FaultEntry> {
    return this.rings.faults
      .all()
      .flatMap((entry) => (entry.event === "happened" && (verb === undefined || entry.verb === verb) ? [entry] : []));
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
    return this.arrivals.groups();
  }

  /** The largest number of accepted arrivals of a group in any window of `windowMs`; arrivals exactly `windowMs` apart are in different windows. */
  maxInWindow(group: string, windowMs: number): number {
    return this.arrivals.maxInWindow(group, windowMs);
  }

  /** Entries that fell out of the rings. */
  get dropped(): number {
    return Object.values(this.rings).reduce((all, ring) => all + ring.dropped, this.connectionRing.dropped);
  }

  /** How much was ever recorded, and how much of it fell out: `requests`, `frames:out:trade`, `verdict:limited`, `dropped:frames` … */
  counters(): Readonly<Record<string, number>> {
    const counters: Record<string, number> = Object.fromEntries(this.counts);
    for (const [direction, counts] of [
      ["in", this.framesIn],
      ["out", this.framesOut],
    ] as const)
      for (const [kind, count] of counts) counters[`frame:${direction}:${kind}`] = count;
    for (const [kind, ring] of Object.entries(this.rings)) if (ring.dropped > 0) counters[`dropped:${kind}`] = ring.dropped;
    return counters;
  }

  private count(key: string): void {
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }
}

const sum = (counts: ReadonlyMap<string, number>, prefix: string): number => {
  let total = 0;
  for (const [key, count] of counts) if (key.startsWith(prefix)) total += count;
  return total;
};

const isIn = (filter: LedgerFilter, atMs: number, connection?: number, market?: string | ReadonlyArray<string>): boolean =>
  (filter.fromMs === undefined || atMs >= filter.fromMs) &&
  (filter.toMs === undefined || atMs < filter.toMs) &&
  (filter.connection === undefined || filter.connection === connection) &&
  (filter.market === undefined || (typeof market === "string" ? market === filter.market : (market?.includes(filter.market) ?? false)));

const emittedIn =
  (filter: LedgerFilter) =>
  ({ atMs, connection, said }: Emission): boolean =>
    isIn(filter, atMs, connection, said.spec.code);

/** The markets a request names. */
const marketsOf = ({ target }: RequestEntry): ReadonlyArray<string> => {
  const query = new URLSearchParams(target.slice(target.indexOf("?") + 1));
  return (query.get("market") ?? query.get("markets") ?? "").toUpperCase().split(",");
};

const spelled = <A, B>(page: Page<A>, spell: (item: A) => B): Page<B> => ({ ...page, entries: page.entries.map(spell) });
