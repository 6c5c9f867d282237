/**
 * One key on the wire, with all that is known of it: whether it is subscribed and has spoken on the present link, to what depth, who consumes
 * it, who waits for its first element, and how its continuity is kept. Owned by `FrameHub.ts`; plain synchronous state.
 */
import type { Gap, Live, Recovered, StreamElement } from "../domain/StreamElement.ts";
import { depthOf, type KeyId, keyId, type StreamKey } from "../domain/StreamKey.ts";
import type { Candle } from "../domain/Candle.ts";
import { type Orderbook, trimOrderbook } from "../domain/Orderbook.ts";
import type { Priority } from "../domain/Question.ts";
import type { Ticker } from "../domain/Ticker.ts";
import type { Trade } from "../domain/Trade.ts";
import type { CandleStitcher } from "./CandleStitcher.ts";
import type { ConsumerBuffer } from "./ConsumerBuffer.ts";
import type { TradeContinuity } from "./TradeContinuity.ts";

export type StreamValue = Ticker | Orderbook | Trade | Candle;

/** One stream's place in the hub. */
export interface Consumer {
  /** Order of arrival; a hole concerns the consumers that were there before it. */
  readonly sequence: number;
  readonly buffer: ConsumerBuffer<StreamValue>;
  readonly keys: ReadonlyArray<StreamKey>;
  /** Book levels wanted, by key. */
  readonly levels: ReadonlyMap<KeyId, number>;
  readonly priority: Priority;
  /** Trade time of the latest trade of a market that came before it did, by key: what is older is never owed to it. */
  readonly beganMs: Map<KeyId, number>;
  /** It was told that the link is down, and not yet that it is up again. */
  interrupted: boolean;
}

export type Continuity =
  | { readonly kind: "trades"; readonly trades: TradeContinuity }
  | { readonly kind: "candles"; readonly candles: CandleStitcher }
  /** Only the newest value matters: nothing to heal. */
  | { readonly kind: "newest" };

interface Repaired {
  readonly repaired: ReadonlyArray<Gap | Recovered<StreamValue>>;
  readonly held: ReadonlyArray<Live<StreamValue> | Recovered<StreamValue>>;
}

const priorities: ReadonlyArray<Priority> = ["critical", "high", "normal", "low"];

export class Track {
  readonly key: StreamKey;
  readonly id: KeyId;
  /** It is part of the subscription last sent on the present link. */
  sent = false;
  /** Depth asked for in that subscription. */
  sentDepth = 0;
  /** Depth that the frames coming in are known to have: after a deeper subscription, shallower books may still be on the way. */
  provenDepth = 0;
  /** At least one element came since the present link opened. */
  spoken = false;
  /** It has ever spoken: the exchange knows it. */
  everSpoken = false;
  readonly consumers = new Set<Consumer>();
  readonly waiters = new Set<{ readonly depth: number; readonly done: () => void }>();
  continuity: Continuity = { kind: "newest" };
  /** The newest consumer that was there when the present hole began. */
  holeSequence = 0;
  /** Counts interruptions; a repair belongs to one of them. */
  generation = 0;
  /** Monotonic time of the last element. */
  heardNanos = 0n;
  /** Stops the reading of the present hole, which is out of date. */
  abandon: (() => void) | undefined;
  /** Newest value given to consumers; state kinds only, to drop repeated frames. */
  lastValue: StreamValue | undefined;

  constructor(key: StreamKey) {
    this.key = key;
    this.id = keyId(key);
  }

  /** The highest of its consumers; "low" without any. */
  get priority(): Priority {
    return priorities.find((priority) => [...this.consumers].some((consumer) => consumer.priority === priority)) ?? "low";
  }

  /** Live to at least the depth that `key` asks for. */
  isLive(key: StreamKey): boolean {
    return this.sent && this.spoken && this.provenDepth >= depthOf(key);
  }

  /** The key is part of a subscription that is being sent. */
  subscribed(depth: number): void {
    if (depth < this.provenDepth || !this.sent) this.provenDepth = depth;
    if (depth !== this.sentDepth) this.lastValue = undefined;
    this.sentDepth = depth;
    this.sent = true;
  }

  /** An element came in; a book's snapshot, or more levels than were ever asked for before, prove the new depth. */
  heard(book: Orderbook | undefined, snapshot: boolean, nanos: bigint): void {
    this.spoken = true;
    this.heardNanos = nanos;
    this.everSpoken = true;
    if (book !== undefined && this.provenDepth < this.sentDepth) {
      if (snapshot || Math.max(book.asks.length, book.bids.length) > this.provenDepth) this.provenDepth = this.sentDepth;
    }
    for (const waiter of this.waiters) if (this.provenDepth >= waiter.depth) waiter.done();
  }

  /** Something of it may have been missed: it is not live until it speaks again. */
  unproven(): void {
    this.spoken = false;
    this.lastValue = undefined;
  }

  /** Not subscribed any more, or the link broke. */
  silenced(): void {
    this.sent = false;
    this.spoken = false;
    this.sentDepth = 0;
    this.provenDepth = 0;
    this.lastValue = undefined;
  }

  /** The link broke under it. `newest` is the sequence of the newest consumer there is. */
  interrupt(newest: number, touched: Set<Consumer>): void {
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
  deliverRepaired({ repaired, held }: Repaired, touched: Set<Consumer>): void {
    for (const element of repaired) this.deliver(element, touched, (consumer) => consumer.sequence <= this.holeSequence);
    for (const element of held) this.deliver(element, touched);
  }

  /** Hands an element to the consumers that `concerns` picks; those who want a deeper book than this one is known to be wait for it. */
  deliver(element: StreamElement<StreamValue>, touched: Set<Consumer>, concerns?: (consumer: Consumer) => boolean): void {
    for (const consumer of this.consumers) {
      if (concerns !== undefined && !concerns(consumer)) continue;
      const cut = element._tag === "Live" ? this.#cut(element, consumer) : element;
      if (cut === undefined) continue;
      consumer.buffer.offer(cut);
      touched.add(consumer);
    }
  }

  #cut(element: Live<StreamValue>, consumer: Consumer): Live<StreamValue> | undefined {
    const levels = consumer.levels.get(this.id);
    if (levels === undefined || this.key.kind !== "orderbook") return element;
    if (this.provenDepth < levels && this.provenDepth < this.sentDepth) return undefined;
    const book = element.value as Orderbook; // The track's key says so; the element's type is the union of all kinds.
    const trimmed = trimOrderbook(book, levels);
    return trimmed === book ? element : { ...element, value: trimmed };
  }
}
