/**
 * Where frames go: into the hot store (newer wins), to the key's mark of being live, and to the consumers of that key. All of it is plain
 * synchronous code, run once per frame; consumers are woken once per socket read.
 *
 * A key may be carried by several links at once, while it moves from one to another or because a second copy is kept warm: what both bring is
 * given once, and it is live, and without a hole, as long as any of them has brought a word of it.
 *
 * The hub also owns continuity: it lets trades and candles through, holds them while a hole is read back, and asks for that reading by
 * `requestRepair`. It knows nothing of sockets, reconnects or REST.
 */
import { HeardEntry } from "../cache/HeardEntry.ts";
import type { HotStore } from "../cache/HotStore.ts";
import type { Candle } from "../domain/Candle.ts";
import type { Orderbook } from "../domain/Orderbook.ts";
import type { Priority } from "../domain/Question.ts";
import type { Reconnecting } from "../domain/StreamElement.ts";
import { depthOf, type KeyId, keyId, type StreamKey } from "../domain/StreamKey.ts";
import type { Ticker } from "../domain/Ticker.ts";
import type { Trade } from "../domain/Trade.ts";
import type { MarketDataError } from "../errors/MarketDataError.ts";
import type { LiveNumbers } from "../health/LiveNumbers.ts";
import type { Receipt } from "../transport/Receipt.ts";
import type { DataMessage } from "../transport/Session.ts";
import type { LostSubject } from "../transport/Venue.ts";
import { CandleFlow } from "./CandleFlow.ts";
import { type CandleHole, type CandleRepair, CandleStitcher } from "./CandleStitcher.ts";
import type { Consumer, Outlet, StreamValue } from "./Consumer.ts";
import { Consumers } from "./Consumers.ts";
import { isRepeated, live, madeAt } from "./frames.ts";
import type { KeySilenceOptions } from "./keySilence.ts";
import { LagMeter } from "./LagMeter.ts";
import { StateFlow } from "./StateFlow.ts";
import type { Carrier, LinkId, Repaired, Track } from "./Track.ts";
import { TradeFlow } from "./TradeFlow.ts";
import { TradeContinuity, type TradeRepair } from "./TradeContinuity.ts";
import { Tracks } from "./Tracks.ts";

/** A hole to be read back over REST. Out of date when the track was interrupted again meanwhile. */
export type RepairJob = { readonly track: Track; readonly generation: number; readonly sinceMs: number } & (
  | { readonly kind: "trades"; readonly key: Extract<StreamKey, { kind: "trades" }>; readonly trades: TradeContinuity }
  | { readonly kind: "candles"; readonly key: Extract<StreamKey, { kind: "candles" }>; readonly hole: CandleHole }
);

export interface FrameHubOptions extends KeySilenceOptions {
  readonly hot: HotStore;
  /** Trades remembered per market. */
  readonly tradeMemory: number;
  /** Live elements held per key while its hole is read back, and trades held for order. */
  readonly holdLimit: number;
  readonly reorderMs: number;
  readonly reorder: "adaptive" | "always";
  /** Called synchronously; at most one job per key is of interest at a time, the newest. */
  readonly requestRepair: (job: RepairJob) => void;
  readonly numbers: LiveNumbers;
  /** A link has brought its first word of a key that another one carries too. Called synchronously. */
  readonly onJoined: () => void;
  /** The exchange has confirmed keys. Called synchronously. */
  readonly onConfirmed: () => void;
  /** Called synchronously when a consumed ticker or book may have ceased to be live: {@link StateFlow.unserved} may have more to say. */
  readonly onUnserved: () => void;
  /** Called synchronously: a trade is held for order, and `trades.release` is to be called when it is due. */
  readonly onHeld: () => void;
  /** Called synchronously: a link broke, or could not be opened. */
  readonly onBroken: () => void;
  /** A key of this link is not believed any more, and owes a word. Called synchronously. */
  readonly onDistrust: (link: LinkId) => void;
  /** A market's trades may have a hole that nothing proves: look at it over REST, at once where it is old by now. Called synchronously. */
  readonly onDoubt: (id: KeyId, isOld?: boolean) => void;
}

export class FrameHub {
  readonly #options: FrameHubOptions;
  readonly tracks: Tracks;
  /** The flow of trades beyond frames: held for order, read while the link is down, found missing. */
  readonly trades: TradeFlow;
  /** The flow of candles: windows that end, and what turns out later to be missing of them. */
  readonly candles: CandleFlow;
  /** Tickers and books beyond frames: those that the socket does not bring, and what REST brings of them. */
  readonly states: StateFlow;
  readonly #consumers: Consumers;
  readonly #lag = new LagMeter();

  constructor(options: FrameHubOptions) {
    this.#options = options;
    this.tracks = new Tracks(options);
    this.#consumers = new Consumers((id) => this.tracks.isCarried(id));
    this.states = new StateFlow(options.hot, this.tracks, this.#consumers);
    this.candles = new CandleFlow(this.tracks, this.#consumers);
    this.trades = new TradeFlow({
      tracks: this.tracks,
      consumers: this.#consumers,
      onHeld: options.onHeld,
      onOutdated: (track, nowMs) => this.distrust(track, nowMs),
      onHole: (track, nowMs) => this.suspect(track, nowMs),
    });
  }

  /** How late frames come now beyond the usual, in milliseconds, where they are latest. */
  lateMs(nowMs: number): number {
    return this.#lag.worstMs(nowMs);
  }

  /** When a live key was last proved current; see `Tracks.ts`. What comes late over a link proves no more than its delay leaves. */
  confirmedNanos(key: StreamKey, heardOf: (link: LinkId) => bigint | undefined, nowMs: number): bigint | undefined {
    return this.tracks.confirmedNanos(key, heardOf, (link) => BigInt(Math.round(this.#lag.excessMs(link, key.kind, nowMs) * 1e6)));
  }

  /** Adds a consumer. For state kinds that are live it begins with the value known now, unless that is a shallower book than it wants. */
  attach(
    keys: ReadonlyArray<StreamKey>,
    buffer: Outlet,
    down: { readonly element: Reconnecting; readonly sinceMs: number } | undefined,
    priority: Priority = "normal",
  ): Consumer {
    const consumer = this.#consumers.add(buffer, keys, priority, down?.sinceMs);
    if (down !== undefined) buffer.offer(down.element);
    for (const key of keys) {
      const track = this.tracks.obtain(key);
      if (track.consumers.size === 0) track.continuity = this.#continuityOf(key);
      track.attach(consumer);
      if (track.continuity.kind === "trades") consumer.beganMs?.set(track.id, track.continuity.trades.newestMs);
      if (track.continuity.kind === "candles") consumer.beganMs?.set(track.id, track.continuity.candles.newestMs);
      const known = track.isLive(key) && track.continuity.kind === "newest" ? this.#options.hot.get(track.id) : undefined;
      // REST answers are kept there too, at the depth that somebody else asked for.
      if (known === undefined || (known.depth ?? 0) < (consumer.levels?.get(track.id) ?? 0)) continue;
      const value = known.value as StreamValue; // The hot store holds under a key's id only that key's kind of value.
      track.deliver(
        { _tag: "Live", market: key.market, value, snapshot: true, channel: known.channel, late: false, receivedTimeMs: known.receivedMs },
        this.#consumers.touched,
        (other) => other === consumer,
      );
      track.began(value);
    }
    this.flush();
    this.#options.onUnserved();
    return consumer;
  }

  detach(consumer: Consumer): void {
    this.#consumers.remove(consumer);
    for (const key of consumer.keys) {
      const track = this.tracks.get(keyId(key));
      if (track === undefined) continue;
      track.detach(consumer);
      if (track.consumers.size === 0) {
        track.continuity = { kind: "newest" };
        track.abandon?.();
      }
      this.tracks.release(track);
    }
  }

  /** `keys` are the whole subscription of a link from now on. Holes that a broken link left are read back from here. */
  sent(link: LinkId, keys: ReadonlyArray<StreamKey>, nowMs: number): void {
    const ids = new Set(keys.map(keyId));
    for (const track of this.tracks.carriedBy(link)) if (!ids.has(track.id)) this.#unsubscribe(track, link, nowMs);
    for (const key of keys) {
      const track = this.tracks.obtain(key);
      track.subscribed(link, depthOf(key), nowMs);
      this.#readBack(track, nowMs);
    }
  }

  /** One frame. Late ones of keys that are not subscribed any more are dropped. */
  accept(link: LinkId, message: DataMessage, receipt: Receipt): void {
    const track = this.tracks.of(message);
    const carrier = track?.carriers.get(link);
    if (track === undefined || carrier === undefined) return;
    const { kind } = track.key;
    const nowMs = receipt.atMs;
    const wasSuspected = track.suspected;
    if (track.heard(carrier, message.value, message.snapshot, receipt)) this.#firstWord(track, nowMs);
    const exchangeMs = madeAt(message.value);
    const { numbers } = this.#options;
    numbers.message((track.numbers ??= numbers.key(track.id, nowMs)), nowMs, message.snapshot ? undefined : receipt.ms - exchangeMs);
    // Candles are told about once a second, and snapshots of what is long over: they say nothing about being late, but are it all the same.
    const isMeasured = !message.snapshot && message._tag !== "Candle";
    const lateMs = isMeasured ? this.#lag.measure(link, kind, exchangeMs, nowMs) : this.#lag.excessMs(link, kind, nowMs);
    const kept = this.#keep(track, carrier, message.value, exchangeMs, receipt, lateMs);
    switch (message._tag) {
      case "Ticker":
      case "Orderbook":
        return kept ? this.#state(track, carrier, message.value, message.snapshot, receipt) : undefined;
      case "Trade":
        return this.#trade(track, message.value, message.snapshot, receipt, wasSuspected);
      case "Candle":
        return this.#candle(track, message.value, message.snapshot, receipt);
    }
  }

  /**
   * A frame came and could not be read. What is known of the keys it may have been about is not current until they speak again; their trades
   * and candles are read back like those of a broken link, unless another link brings them as well.
   */
  lost(link: LinkId, { kind, market }: LostSubject, nowMs: number): void {
    for (const track of this.tracks.all()) {
      const { key } = track;
      if (!track.carriers.has(link) || (kind !== undefined && key.kind !== kind) || (market !== undefined && key.market !== market))
        continue;
      track.unproven(link, nowMs);
      if (!track.spoken) this.suspect(track, nowMs);
    }
    this.#options.onUnserved();
  }

  /**
   * A link brings much less than it did, and its subscription is about to be sent again: tickers and books are not current until their snapshots, or
   * anything else, have come. What was missed of trades and candles shows in theirs.
   */
  slowed(link: LinkId, nowMs: number): void {
    for (const track of this.tracks.carriedBy(link)) if (track.continuity.kind === "newest") track.unproven(link, nowMs);
    this.#options.onUnserved();
  }

  /** It is not live until it speaks again, and whoever watches over its links begins to ask. */
  distrust(track: Track, nowMs: number): void {
    for (const link of track.carriers.keys()) {
      track.unproven(link, nowMs);
      this.#options.onDistrust(link);
    }
  }

  /** REST knows something of a live key that no link has brought: it is not live until it speaks again, and its consumers are given that. */
  outdated(track: Track, value: Ticker | Orderbook, receipt: Receipt, depth = 0): void {
    this.distrust(track, receipt.atMs);
    this.states.supply(track.key, value, receipt, depth);
    this.#options.onUnserved();
  }

  /** Something of this key may have been missed on links that are still open: what can be read back is. */
  suspect(track: Track, nowMs: number): void {
    if (track.continuity.kind === "newest") return;
    track.interrupt(this.#consumers.newest, this.#consumers.touched);
    this.#readBack(track, nowMs);
  }

  /** The exchange says that it has subscribed these. */
  confirmed(link: LinkId, keys: ReadonlyArray<StreamKey>): void {
    this.tracks.confirmed(link, keys);
    this.#options.onConfirmed();
  }

  /** Wakes the consumers that got something; where the caller's step is over, they may run within this. */
  flush(isStepOver = false): void {
    this.#consumers.flush(isStepOver);
  }

  /** A link broke, or an attempt to open it failed. Consumers with a key that no other link carries are told. */
  interrupt(link: LinkId, down: Reconnecting, nowMs: number): void {
    let heardMs: number | undefined;
    for (const track of this.tracks.carriedBy(link)) {
      this.#drop(track, link, nowMs);
      for (const { spoken, heardNanos } of track.carriers.values()) if (spoken) heardMs = Math.max(heardMs ?? 0, Number(heardNanos) / 1e6);
    }
    // What other links carry too goes on without a hole; blind is only the time since one of them last spoke.
    if (heardMs !== undefined) this.#options.numbers.switched(nowMs - heardMs);
    this.#consumers.interrupt(down, nowMs);
    this.#options.onUnserved();
    this.#options.onBroken();
  }

  /** A link ended because nobody wanted it. */
  idle(link: LinkId, nowMs: number): void {
    for (const track of this.tracks.carriedBy(link)) this.#unsubscribe(track, link, nowMs);
  }

  /** A subscription was sent on a link that was down: consumers all of whose keys are carried again are told. */
  resumed(nowMs: number, atMs: number): void {
    this.#consumers.resumed(nowMs, atMs);
  }

  /** What was read back for a hole. Ignored when the job is out of date. */
  repaired(job: RepairJob, repair: TradeRepair | CandleRepair, nowMs: number, wallMs: number): void {
    const { track } = job;
    if (!this.isCurrent(job)) return;
    // A job's kind and its repair's rows go together; see `GapHealer.ts`.
    if (job.kind === "trades") this.#closeHole(job, job.trades.finish(repair as TradeRepair, wallMs), nowMs);
    else if (track.continuity.kind === "candles") {
      this.#closeHole(job, track.continuity.candles.finish(repair as CandleRepair, wallMs, nowMs), nowMs);
    }
    this.flush();
  }

  isCurrent(job: RepairJob): boolean {
    const { continuity, generation } = job.track;
    return (
      generation === job.generation && (job.kind === "trades" ? continuity.kind === "trades" && continuity.trades === job.trades : true)
    );
  }

  /** Ends the streams that `concerns` picks with `error`, after what they hold. */
  fail(error: MarketDataError, concerns: (id: KeyId) => boolean): void {
    this.#consumers.fail(error, concerns);
  }

  /** Nothing is live and every stream ends with `error`. */
  close(error: MarketDataError): void {
    for (const track of this.tracks.all()) {
      for (const link of track.carriers.keys()) track.dropped(link);
      this.tracks.release(track);
    }
    this.fail(error, () => true);
  }

  #state(track: Track, carrier: Carrier, value: Ticker | Orderbook, snapshot: boolean, receipt: Receipt): void {
    if (track.consumers.size === 0) return;
    track.deliverState(live(value, snapshot, receipt), isRepeated(track.lastValue, value), carrier, this.#consumers.touched);
  }

  #trade(track: Track, value: Trade, snapshot: boolean, receipt: Receipt, wasSuspected: boolean): void {
    if (track.continuity.kind !== "trades") return;
    const { trades } = track.continuity;
    const element = live(value, snapshot, receipt);
    // What speaks again after a silence that REST could not explain may have been dead in between.
    if (track.unproved) this.#options.onDoubt(track.id, true);
    track.unproved = false;
    if (trades.revealsHole(element)) {
      // After a silence that was asked about, an unknown last trade proves a hole. After any other subscription it may just have happened.
      if (wasSuspected) this.suspect(track, receipt.atMs);
      else this.#options.onDoubt(track.id);
    }
    this.trades.accept(track, trades, element, receipt.atMs);
  }

  #candle(track: Track, value: Candle, snapshot: boolean, receipt: Receipt): void {
    const { continuity, key } = track;
    if (continuity.kind !== "candles" || key.kind !== "candles" || isRepeated(track.lastValue, value)) return;
    track.lastValue = value;
    const nowMs = receipt.atMs;
    const hole = this.candles.accept(track, continuity.candles, live(value, snapshot, receipt), nowMs);
    if (hole === undefined) return;
    this.#options.requestRepair({ kind: "candles", key, track, generation: track.generation, sinceMs: nowMs, hole });
  }

  /** A frame that comes late was current when it was made, not when it came. */
  #keep(track: Track, carrier: Carrier, value: StreamValue, exchangeTimeMs: number, receipt: Receipt, lateMs: number): boolean {
    const depth = track.key.kind === "orderbook" ? carrier.provenDepth : undefined;
    return this.#options.hot.put(track.id, new HeardEntry(value, exchangeTimeMs, receipt, lateMs, depth));
  }

  /** A link has brought its first word of a key since it was subscribed there. */
  #firstWord(track: Track, nowMs: number): void {
    this.#options.numbers.changeDone(track.id, nowMs);
    if (track.carriers.size > 1) this.#options.onJoined();
  }

  #closeHole({ track, sinceMs }: RepairJob, found: Repaired, nowMs: number): void {
    const gaps = found.repaired.filter(({ _tag }) => _tag === "Gap").length;
    this.#options.numbers.holeClosed(gaps === 0 ? "healed" : "told", found.repaired.length - gaps, nowMs - sinceMs);
    track.deliverRepaired(found, this.#consumers.touched);
  }

  /** Nobody wants it of this link any more. */
  #unsubscribe(track: Track, link: LinkId, nowMs: number): void {
    this.#drop(track, link, nowMs);
    if (track.carried) return;
    track.numbers = undefined;
    this.#options.numbers.changeWithdrawn(track.id);
    this.#options.numbers.forget(track.id);
  }

  /** A link does not carry the key any more. Where it was the last one that had brought a word of it, what follows may be missed. */
  #drop(track: Track, link: LinkId, nowMs: number): void {
    const spoke = track.spoken;
    track.dropped(link);
    if (!track.spoken && (spoke || !track.carried)) {
      track.interrupt(this.#consumers.newest, this.#consumers.touched);
      this.#readBack(track, nowMs);
    }
    this.tracks.release(track);
  }

  /** Asks for the hole of a key that is carried again. */
  #readBack(track: Track, nowMs: number): void {
    const { continuity, key } = track;
    if (!track.carried || continuity.kind !== "trades" || key.kind !== "trades" || !continuity.trades.resume()) return;
    this.#options.requestRepair({
      kind: "trades",
      key,
      track,
      generation: track.generation,
      sinceMs: nowMs,
      trades: continuity.trades,
    });
  }

  #continuityOf(key: StreamKey): Track["continuity"] {
    const { tradeMemory, holdLimit, reorderMs, reorder } = this.#options;
    if (key.kind === "trades")
      return { kind: "trades", trades: new TradeContinuity({ memory: tradeMemory, holdLimit, reorderMs, reorder }) };
    return key.kind === "candles" ? { kind: "candles", candles: new CandleStitcher({ holdLimit }) } : { kind: "newest" };
  }
}
