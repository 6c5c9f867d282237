/**
 * One key on the wire, with all that is known of it: which links carry it, whether it has spoken on them and how often it does, who consumes
 * it, who waits for its first element, and how its continuity is kept. Owned by `FrameHub.ts`; plain synchronous state.
 */
import type { Gap, Live, Recovered, StreamElement } from "../domain/StreamElement.ts";
import { depthOf, type KeyId, keyId, type StreamKey } from "../domain/StreamKey.ts";
import { type Orderbook, trimOrderbook } from "../domain/Orderbook.ts";
import type { Priority } from "../domain/Question.ts";
import type { KeyNumbers } from "../health/KeyNumbers.ts";
import type { Receipt } from "../transport/Receipt.ts";
import { Rhythm } from "../transport/Rhythm.ts";
import type { Ticker } from "../domain/Ticker.ts";
import type { CandleStitcher } from "./CandleStitcher.ts";
import type { Consumer, Outlet, StreamValue, Touched } from "./Consumer.ts";
import { madeAt } from "./frames.ts";
import type { TradeContinuity } from "./TradeContinuity.ts";

/** A link of the pool, for as long as the pool lives. */
export type LinkId = number;

/** A key as part of the subscription last sent on one open link. */
export interface Carrier {
  /** Since when its next word is owed where it has not spoken: its first subscription, or a word that was lost. Monotonic milliseconds. */
  sentMs: number;
  /** Depth asked for. */
  depth: number;
  /** Depth that the frames coming in are known to have: after a deeper subscription, shallower books may still be on the way. */
  provenDepth: number;
  /** At least one element came. */
  spoken: boolean;
  /** The exchange said that it is subscribed there. */
  confirmed: boolean;
  /** Monotonic time of the last element. */
  heardNanos: bigint;
}

export type Continuity =
  | { readonly kind: "trades"; readonly trades: TradeContinuity }
  | { readonly kind: "candles"; readonly candles: CandleStitcher }
  /** Only the newest value matters: nothing to heal. */
  | { readonly kind: "newest" };

/** What a finished repair gives. */
export interface Repaired {
  readonly repaired: ReadonlyArray<Gap | Recovered<StreamValue>>;
  readonly held: ReadonlyArray<Live<StreamValue> | Recovered<StreamValue>>;
}

/** A track's consumers: all of them, those with a buffer, and the outlets of those who are called at once. */
interface Listed {
  readonly all: ReadonlyArray<Consumer>;
  readonly woken: ReadonlyArray<Consumer>;
  readonly called: ReadonlyArray<Outlet>;
}

const priorities: ReadonlyArray<Priority> = ["critical", "high", "normal", "low"];

export class Track {
  readonly key: StreamKey;
  readonly id: KeyId;
  readonly carriers = new Map<LinkId, Carrier>();
  /** It has ever spoken: the exchange knows it. */
  everSpoken = false;
  /** Its place in the numbers that can be asked for; made with its first message. */
  numbers: KeyNumbers | undefined;
  /** The last that a socket told of it, also before the present link. */
  told: StreamValue | undefined;
  readonly rhythm = new Rhythm();
  /** Times the silence that its rhythm explains is given now, because it was found quiet before. */
  patience = 1;
  /** When it was last found to be quiet and not dead, monotonic milliseconds. */
  quietMs = Number.NEGATIVE_INFINITY;
  /** It is being asked about. */
  suspected = false;
  /** It was silent longer than it should be, and nobody could say whether something happened meanwhile. */
  unproved = false;
  /** A link was given up because this would not speak, and it has not spoken since. */
  blamed = false;
  readonly consumers = new Set<Consumer>();
  /** The same as lists, which are quicker to go through and stay as they are meanwhile; undefined when they have to be made again. */
  #listed: Listed | undefined;
  readonly waiters = new Set<{ readonly depth: number; readonly done: () => void }>();
  continuity: Continuity = { kind: "newest" };
  /** The newest consumer that was there when the present hole began. */
  holeSequence = 0;
  /** Counts interruptions; a repair belongs to one of them. */
  generation = 0;
  /** Stops the reading of the present hole, which is out of date. */
  abandon: (() => void) | undefined;
  /** Newest value given to consumers; state kinds only, to drop repeated frames. */
  lastValue: StreamValue | undefined;
  /** Exchange time of the newest value that the socket brought to all consumers; state kinds only. */
  givenMs = Number.NEGATIVE_INFINITY;
  /** Exchange time of what REST brought to some of them since. */
  readonly supplied = new Map<Consumer, number>();
  /** Consumers that have had no value of it yet; state kinds only. */
  readonly waitingFirst = new Set<Consumer>();
  /** Since when it has consumers and is not live for all of them, as far as anybody asked; undefined while it is. */
  unservedNanos: bigint | undefined;

  constructor(key: StreamKey) {
    this.key = key;
    this.id = keyId(key);
  }

  get carried(): boolean {
    return this.carriers.size > 0;
  }

  /** Some link has brought a word of it and is still open. */
  get spoken(): boolean {
    for (const carrier of this.carriers.values()) if (carrier.spoken) return true;
    return false;
  }

  /** The highest of its consumers; "low" without any. */
  get priority(): Priority {
    return priorities.find((priority) => [...this.consumers].some((consumer) => consumer.priority === priority)) ?? "low";
  }

  /** The exchange said, on a link that is open now, that it is subscribed. */
  get confirmed(): boolean {
    for (const carrier of this.carriers.values()) if (carrier.confirmed) return true;
    return false;
  }

  /** Live to at least the depth that `key` asks for. */
  isLive(key: StreamKey): boolean {
    const depth = depthOf(key);
    for (const carrier of this.carriers.values()) if (carrier.spoken && carrier.provenDepth >= depth) return true;
    return false;
  }

  /** A consumer comes. The first one finds nothing of those before it. */
  attach(consumer: Consumer): void {
    if (this.consumers.size === 0) {
      this.givenMs = Number.NEGATIVE_INFINITY;
      this.unservedNanos = undefined;
    }
    if (this.consumers.size === 0 || this.continuity.kind !== "newest") this.lastValue = undefined;
    this.consumers.add(consumer);
    this.#listed = undefined;
    if (this.continuity.kind === "newest") this.waitingFirst.add(consumer);
  }

  /** A consumer was given the state known when it came. Where it is the only one, that is what was told last. */
  began(value: StreamValue): void {
    if (this.consumers.size > 1) return;
    this.lastValue = value;
    this.givenMs = madeAt(value);
  }

  detach(consumer: Consumer): void {
    this.consumers.delete(consumer);
    this.#listed = undefined;
    this.waitingFirst.delete(consumer);
    this.supplied.delete(consumer);
  }

  /** The key at the greatest depth that its consumers want. */
  get wanted(): StreamKey {
    const { key } = this;
    if (key.kind !== "orderbook") return key;
    let levels = 1;
    for (const consumer of this.consumers) levels = Math.max(levels, consumer.levels?.get(this.id) ?? 1);
    return { ...key, levels };
  }

  /** The socket brings this consumer what it wants of the key now. */
  isLiveFor(consumer: Consumer): boolean {
    return this.isLive(this.key.kind === "orderbook" ? { ...this.key, levels: consumer.levels?.get(this.id) ?? 1 } : this.key);
  }

  /** The key is part of a subscription that is being sent on a link. */
  subscribed(link: LinkId, depth: number, nowMs: number): void {
    const carrier = this.carriers.get(link);
    if (carrier === undefined) {
      this.carriers.set(link, { sentMs: nowMs, depth, provenDepth: depth, spoken: false, confirmed: false, heardNanos: 0n });
      return;
    }
    if (depth < carrier.provenDepth) carrier.provenDepth = depth;
    if (depth !== carrier.depth) this.lastValue = undefined;
    carrier.depth = depth;
  }

  /** An element came in; a book's snapshot, or more levels than were ever asked for before, prove the new depth. True for a carrier's first. */
  heard(carrier: Carrier, value: StreamValue, snapshot: boolean, receipt: Receipt): boolean {
    this.told = value;
    const isFirst = !carrier.spoken;
    carrier.spoken = true;
    carrier.heardNanos = receipt.nanos;
    this.#word(snapshot, receipt.atMs);
    if (carrier.provenDepth < carrier.depth && "asks" in value) {
      if (snapshot || Math.max(value.asks.length, value.bids.length) > carrier.provenDepth) {
        carrier.provenDepth = carrier.depth;
        this.lastValue = undefined;
      }
    }
    if (this.waiters.size > 0) for (const waiter of this.waiters) if (carrier.provenDepth >= waiter.depth) waiter.done();
    return isFirst;
  }

  /** Something of it may have been missed: it is not live until it speaks again. */
  unproven(link: LinkId, nowMs: number): void {
    const carrier = this.carriers.get(link);
    if (carrier === undefined) return;
    const spoke = this.spoken;
    carrier.spoken = false;
    carrier.sentMs = nowMs;
    this.#ceased(spoke);
  }

  /** Not subscribed on this link any more, or the link broke. */
  dropped(link: LinkId): void {
    const spoke = this.spoken;
    if (!this.carriers.delete(link)) return;
    this.#ceased(spoke);
    if (this.carried) return;
    this.suspected = false;
    this.rhythm.interrupted();
  }

  /** Something of it was missed, or may have been. `newest` is the sequence of the newest consumer there is. */
  interrupt(newest: number, touched: Touched): void {
    const { continuity } = this;
    this.generation++;
    // Whoever came while an earlier hole was still open began after it, and is owed only what comes live.
    const open = continuity.kind === "trades" ? continuity.trades.broken : continuity.kind === "candles" && continuity.candles.broken;
    if (!open) this.holeSequence = newest;
    if (continuity.kind === "trades") for (const element of continuity.trades.interrupt()) this.deliver(element, touched);
    if (continuity.kind === "candles") continuity.candles.interrupt();
    this.abandon?.();
  }

  /** Hands out what a repair gave: the hole to those it concerns, what was held meanwhile to all. */
  deliverRepaired({ repaired, held }: Repaired, touched: Touched): void {
    for (const element of repaired) this.deliver(element, touched, (consumer) => consumer.sequence <= this.holeSequence);
    for (const element of held) this.deliver(element, touched);
  }

  /**
   * Hands an element to the consumers that `concerns` picks. Of a book whose deeper subscription is on its way, those who want it deeper than
   * `from` is known to be wait for that.
   */
  deliver(element: StreamElement<StreamValue>, touched: Touched, concerns?: (consumer: Consumer) => boolean, from?: Carrier): void {
    const isBook = this.key.kind === "orderbook" && element._tag === "Live";
    const isAwaited = this.waitingFirst.size > 0;
    if (concerns === undefined && !isBook && !isAwaited) return this.#deliverToAll(element, touched);
    for (const consumer of this.#inOrder().all) {
      if (concerns !== undefined && !concerns(consumer)) continue;
      const cut = isBook ? this.#cut(element, consumer, from) : element;
      if (cut === undefined) continue;
      if (isAwaited) this.waitingFirst.delete(consumer);
      consumer.buffer.offer(cut);
      touched.add(consumer);
    }
  }

  /** What nearly every element comes to: of those who are called nothing is touched but what is called. */
  #deliverToAll(element: StreamElement<StreamValue>, touched: Touched): void {
    const { woken, called } = this.#inOrder();
    for (const consumer of woken) {
      consumer.buffer.offer(element);
      touched.add(consumer);
    }
    for (const outlet of called) outlet.offer(element);
  }

  #inOrder(): Listed {
    if (this.#listed !== undefined) return this.#listed;
    const all = [...this.consumers];
    const woken = all.filter(({ buffer }) => buffer.isWoken);
    const called = all.flatMap(({ buffer }) => (buffer.isWoken ? [] : [buffer]));
    return (this.#listed = { all, woken, called });
  }

  /** Hands a state from the socket to the consumers, but for those that had it already: told before, or read over REST. */
  deliverState(element: Live<Ticker | Orderbook>, isRepeated: boolean, from: Carrier, touched: Touched): void {
    const { supplied, waitingFirst } = this;
    const { timestampMs } = element.value;
    if (isRepeated)
      return waitingFirst.size === 0 ? undefined : this.deliver(element, touched, (consumer) => waitingFirst.has(consumer), from);
    this.lastValue = element.value;
    this.givenMs = timestampMs;
    this.deliver(element, touched, supplied.size === 0 ? undefined : (consumer) => supplied.get(consumer) !== timestampMs, from);
    if (supplied.size > 0) supplied.clear();
  }

  /** Hands a state read over REST, a book asked for to `depth`, to those the socket does not serve, if it is newer or their first. */
  supply(element: Live<Ticker | Orderbook>, depth: number, touched: Touched): void {
    const { timestampMs } = element.value;
    for (const consumer of this.consumers) {
      const levels = consumer.levels?.get(this.id) ?? 0;
      const isNewer = timestampMs > Math.max(this.givenMs, this.supplied.get(consumer) ?? Number.NEGATIVE_INFINITY);
      if (depth < levels || this.isLiveFor(consumer) || !(isNewer || this.waitingFirst.has(consumer))) continue;
      this.waitingFirst.delete(consumer);
      this.supplied.set(consumer, timestampMs);
      consumer.buffer.offer("asks" in element.value ? { ...element, value: trimOrderbook(element.value, levels) } : element);
      touched.add(consumer);
    }
  }

  /** No link speaks of it any more, where one did. What is told next is news even where it repeats: it says that the value is current again. */
  #ceased(spoke: boolean): void {
    if (!spoke || this.spoken) return;
    this.unservedNanos = undefined;
    this.lastValue = undefined;
  }

  /** A snapshot is an answer: it proves that the key works, and after a silence that it was only quiet; it says nothing of its rhythm. */
  #word(snapshot: boolean, nowMs: number): void {
    this.everSpoken = true;
    this.blamed = false;
    if (snapshot) {
      if (this.suspected) this.patience *= 2;
    } else {
      this.patience = 1;
      this.rhythm.heard(nowMs);
    }
    this.suspected = false;
  }

  #cut(element: Live<StreamValue>, consumer: Consumer, from: Carrier | undefined): Live<StreamValue> | undefined {
    const levels = consumer.levels?.get(this.id);
    if (levels === undefined) return element;
    if (from !== undefined && from.provenDepth < levels && from.provenDepth < from.depth) return undefined;
    const book = element.value as Orderbook; // The track's key says so; the element's type is the union of all kinds.
    const trimmed = trimOrderbook(book, levels);
    return trimmed === book ? element : { ...element, value: trimmed };
  }
}
