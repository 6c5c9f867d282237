/**
 * Where frames go: into the hot store (newer wins), to the key's mark of being live, and to the consumers of that key. All of it is plain
 * synchronous code, run once per frame; consumers are woken once per socket read.
 *
 * The hub also owns continuity: it lets trades and candles through, holds them while a hole is read back, and asks for that reading by
 * `requestRepair`. It knows nothing of sockets, reconnects or REST.
 */
import type { HotStore } from "../cache/HotStore.ts";
import type { Candle } from "../domain/Candle.ts";
import type { Orderbook } from "../domain/Orderbook.ts";
import type { Priority } from "../domain/Question.ts";
import type { Live, Reconnecting } from "../domain/StreamElement.ts";
import { depthOf, type KeyId, keyId, type StreamKey } from "../domain/StreamKey.ts";
import type { Ticker } from "../domain/Ticker.ts";
import type { Trade } from "../domain/Trade.ts";
import * as Equal from "effect/Equal";
import type { MarketDataError } from "../errors/MarketDataError.ts";
import type { DataMessage, Receipt } from "../transport/Session.ts";
import type { LostSubject } from "../transport/Venue.ts";
import { type CandleHole, type CandleRepair, CandleStitcher } from "./CandleStitcher.ts";
import type { ConsumerBuffer } from "./ConsumerBuffer.ts";
import { type Consumer, type StreamValue, Track } from "./Track.ts";
import { TradeFlow } from "./TradeFlow.ts";
import { TradeContinuity, type TradeRepair } from "./TradeContinuity.ts";

/** A hole to be read back over REST. Out of date when the track was interrupted again meanwhile. */
export type RepairJob = { readonly track: Track; readonly generation: number } & (
  | { readonly kind: "trades"; readonly key: Extract<StreamKey, { kind: "trades" }>; readonly trades: TradeContinuity }
  | { readonly kind: "candles"; readonly key: Extract<StreamKey, { kind: "candles" }>; readonly hole: CandleHole }
);

export interface FrameHubOptions {
  readonly hot: HotStore;
  /** Trades remembered per market. */
  readonly tradeMemory: number;
  /** Live elements held per key while its hole is read back, and trades held for order. */
  readonly holdLimit: number;
  readonly reorderMs: number;
  readonly reorder: "adaptive" | "always";
  /** Called synchronously; at most one job per key is of interest at a time, the newest. */
  readonly requestRepair: (job: RepairJob) => void;
  /** Called synchronously: a trade is held for order, and `trades.release` is to be called when it is due. */
  readonly onHeld: () => void;
  /** Called synchronously: the link broke, or could not be opened. */
  readonly onBroken: () => void;
}

export class FrameHub {
  readonly #options: FrameHubOptions;
  /** The flow of trades beyond frames: held for order, read while the link is down, found missing. */
  readonly trades: TradeFlow;
  readonly #tracks = new Map<KeyId, Track>();
  /** Consumers with something new since the last flush. */
  readonly #touched = new Set<Consumer>();
  readonly #consumers = new Set<Consumer>();
  #sequence = 0;

  constructor(options: FrameHubOptions) {
    this.#options = options;
    this.trades = new TradeFlow({
      tracks: this.#tracks,
      touched: this.#touched,
      flush: () => this.flush(),
      newest: () => this.#sequence,
      onHeld: options.onHeld,
    });
  }

  isLive(key: StreamKey): boolean {
    return this.#tracks.get(keyId(key))?.isLive(key) ?? false;
  }

  /** Monotonic time of a live key's last element; undefined when it is not live. */
  heardNanos(key: StreamKey): bigint | undefined {
    const track = this.#tracks.get(keyId(key));
    return track?.isLive(key) === true ? track.heardNanos : undefined;
  }

  /** Keys of the present subscription that the exchange has never answered: the suspects when it refuses one. */
  unproven(): ReadonlyArray<KeyId> {
    return [...this.#tracks.values()].filter((track) => track.sent && !track.everSpoken).map((track) => track.id);
  }

  /** Calls back, once, when the key is live; at once when it already is. Returns how to stop waiting. */
  onLive(key: StreamKey, done: () => void): () => void {
    const track = this.#track(key);
    if (track.isLive(key)) {
      done();
      return () => {};
    }
    const waiter = {
      depth: depthOf(key),
      done: () => {
        track.waiters.delete(waiter);
        done();
      },
    };
    track.waiters.add(waiter);
    return () => {
      track.waiters.delete(waiter);
      this.#release(track);
    };
  }

  /** Adds a consumer. For state kinds that are live it begins with the value known now, unless that is a shallower book than it wants. */
  attach(
    keys: ReadonlyArray<StreamKey>,
    buffer: ConsumerBuffer<StreamValue>,
    down: Reconnecting | undefined,
    priority: Priority = "normal",
  ): Consumer {
    const levels = new Map<KeyId, number>();
    for (const key of keys) if (key.kind === "orderbook") levels.set(keyId(key), key.levels);
    const interrupted = down !== undefined;
    const consumer: Consumer = { sequence: ++this.#sequence, buffer, keys, levels, priority, beganMs: new Map(), interrupted };
    this.#consumers.add(consumer);
    if (down !== undefined) buffer.offer(down);
    for (const key of keys) {
      const track = this.#track(key);
      if (track.consumers.size === 0) track.continuity = this.#continuityOf(key);
      track.consumers.add(consumer);
      if (track.continuity.kind === "trades") consumer.beganMs.set(track.id, track.continuity.trades.newestMs);
      track.lastValue = undefined;
      const known = track.isLive(key) && track.continuity.kind === "newest" ? this.#options.hot.get(track.id) : undefined;
      // REST answers are kept there too, at the depth that somebody else asked for.
      if (known === undefined || (known.depth ?? 0) < (levels.get(track.id) ?? 0)) continue;
      const value = known.value as StreamValue; // The hot store holds under a key's id only that key's kind of value.
      track.deliver(
        { _tag: "Live", market: key.market, value, snapshot: true, channel: known.channel, late: false, receivedTimeMs: known.receivedMs },
        this.#touched,
        (other) => other === consumer,
      );
    }
    this.flush();
    return consumer;
  }

  detach(consumer: Consumer): void {
    this.#consumers.delete(consumer);
    this.#touched.delete(consumer);
    for (const key of consumer.keys) {
      const track = this.#tracks.get(keyId(key));
      if (track === undefined) continue;
      track.consumers.delete(consumer);
      if (track.consumers.size === 0) {
        track.continuity = { kind: "newest" };
        track.abandon?.();
      }
      this.#release(track);
    }
  }

  /** `keys` are the whole subscription from now on. Holes that a broken link left are read back from here. */
  sent(keys: ReadonlyArray<StreamKey>): void {
    const ids = new Set(keys.map(keyId));
    for (const track of this.#tracks.values()) {
      if (ids.has(track.id)) continue;
      track.silenced();
      this.#release(track);
    }
    for (const key of keys) {
      const track = this.#track(key);
      track.subscribed(depthOf(key));
      if (track.continuity.kind !== "trades" || key.kind !== "trades" || !track.continuity.trades.resume()) continue;
      this.#options.requestRepair({ kind: "trades", key, track, generation: track.generation, trades: track.continuity.trades });
    }
  }

  /** One frame. Late ones of keys that are not subscribed any more are dropped. */
  accept(message: DataMessage, receipt: Receipt): void {
    switch (message._tag) {
      case "Ticker":
        return this.#state(
          { kind: "ticker", market: message.value.market },
          message.value,
          message.value.timestampMs,
          message.snapshot,
          receipt,
        );
      case "Orderbook": {
        const key: StreamKey = { kind: "orderbook", market: message.value.market, levels: 1 };
        return this.#state(key, message.value, message.value.timestampMs, message.snapshot, receipt);
      }
      case "Trade":
        return this.#trade(message.value, message.snapshot, receipt);
      case "Candle":
        return this.#candle(message.value, message.snapshot, receipt);
    }
  }

  /**
   * A frame came and could not be read. What is known of the keys it may have been about is not current until they speak again; their trades
   * and candles are read back like those of a broken link.
   */
  lost({ kind, market }: LostSubject): void {
    for (const track of this.#tracks.values()) {
      const { key, continuity } = track;
      if (!track.sent || (kind !== undefined && key.kind !== kind) || (market !== undefined && key.market !== market)) continue;
      track.unproven();
      if (continuity.kind === "newest") continue;
      track.interrupt(this.#sequence, this.#touched);
      if (continuity.kind !== "trades" || key.kind !== "trades" || !continuity.trades.resume()) continue;
      this.#options.requestRepair({ kind: "trades", key, track, generation: track.generation, trades: continuity.trades });
    }
  }

  /** Wakes the consumers that got something. */
  flush(): void {
    for (const consumer of this.#touched) consumer.buffer.flush();
    this.#touched.clear();
  }

  /** The link broke, or an attempt to open one failed: nothing is live. */
  interrupt(down: Reconnecting): void {
    for (const track of this.#tracks.values()) {
      if (track.sent) track.interrupt(this.#sequence, this.#touched);
      track.silenced();
      this.#release(track);
    }
    for (const consumer of this.#consumers) {
      consumer.interrupted = true;
      consumer.buffer.offer(down);
      this.#touched.add(consumer);
    }
    this.flush();
    this.#options.onBroken();
  }

  /** The link ended because nobody wanted it. */
  idle(): void {
    for (const track of this.#tracks.values()) {
      track.silenced();
      this.#release(track);
    }
  }

  /** The link is up again and the subscription is sent. */
  resumed(downMs: number, atMs: number): void {
    for (const consumer of this.#consumers) {
      if (!consumer.interrupted) continue;
      consumer.interrupted = false;
      consumer.buffer.offer({ _tag: "Resumed", downMs, atMs });
      this.#touched.add(consumer);
    }
    this.flush();
  }

  /** What was read back for a hole. Ignored when the job is out of date. */
  repaired(job: RepairJob, repair: TradeRepair | CandleRepair, nowMs: number): void {
    const { track } = job;
    if (!this.isCurrent(job)) return;
    // A job's kind and its repair's rows go together; see `GapHealer.ts`.
    if (job.kind === "trades") track.deliverRepaired(job.trades.finish(repair as TradeRepair, nowMs), this.#touched);
    else if (track.continuity.kind === "candles") {
      track.deliverRepaired(track.continuity.candles.finish(repair as CandleRepair, nowMs), this.#touched);
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
    for (const consumer of this.#consumers) if (consumer.keys.some((key) => concerns(keyId(key)))) consumer.buffer.fail(error);
  }

  /** Nothing is live and every stream ends with `error`. */
  close(error: MarketDataError): void {
    this.idle();
    this.fail(error, () => true);
  }

  #state(key: StreamKey, value: Ticker | Orderbook, timeMs: number, snapshot: boolean, receipt: Receipt): void {
    const track = this.#tracks.get(keyId(key));
    if (track === undefined || !track.sent) return;
    const before = track.provenDepth;
    track.heard(key.kind === "orderbook" ? (value as Orderbook) : undefined, snapshot, receipt.nanos);
    if (track.provenDepth !== before) track.lastValue = undefined;
    const kept = this.#keep(track, value, timeMs, receipt);
    if (!kept || track.consumers.size === 0 || isRepeated(track.lastValue, value)) return;
    track.lastValue = value;
    track.deliver(live(value, snapshot, receipt), this.#touched);
  }

  #trade(value: Trade, snapshot: boolean, receipt: Receipt): void {
    const track = this.#tracks.get(keyId({ kind: "trades", market: value.market }));
    if (track === undefined || !track.sent) return;
    track.heard(undefined, snapshot, receipt.nanos);
    this.#keep(track, value, value.tradeTimeMs, receipt);
    if (track.continuity.kind !== "trades") return;
    this.trades.accept(track, track.continuity.trades, live(value, snapshot, receipt), Number(receipt.nanos) / 1e6);
  }

  #candle(value: Candle, snapshot: boolean, receipt: Receipt): void {
    const key: StreamKey = { kind: "candles", market: value.market, interval: value.interval };
    const track = this.#tracks.get(keyId(key));
    if (track === undefined || !track.sent) return;
    track.heard(undefined, snapshot, receipt.nanos);
    this.#keep(track, value, value.lastTradeTimeMs, receipt);
    if (track.continuity.kind !== "candles" || isRepeated(track.lastValue, value)) return;
    track.lastValue = value;
    const step = track.continuity.candles.accept(live(value, snapshot, receipt));
    if (step._tag === "Deliver") for (const element of step.elements) track.deliver(element, this.#touched);
    else this.#options.requestRepair({ kind: "candles", key, track, generation: track.generation, hole: step.hole });
  }

  #keep(track: Track, value: StreamValue, exchangeTimeMs: number, receipt: Receipt): boolean {
    return this.#options.hot.put(track.id, {
      value,
      exchangeTimeMs,
      receivedNanos: receipt.nanos,
      receivedMs: receipt.ms,
      confirmedNanos: receipt.nanos,
      channel: "websocket",
      depth: track.key.kind === "orderbook" ? track.provenDepth : undefined,
    });
  }

  #continuityOf(key: StreamKey): Track["continuity"] {
    const { tradeMemory, holdLimit, reorderMs, reorder } = this.#options;
    if (key.kind === "trades")
      return { kind: "trades", trades: new TradeContinuity({ memory: tradeMemory, holdLimit, reorderMs, reorder }) };
    return key.kind === "candles" ? { kind: "candles", candles: new CandleStitcher({ holdLimit }) } : { kind: "newest" };
  }

  #track(key: StreamKey): Track {
    const id = keyId(key);
    const track = this.#tracks.get(id) ?? new Track(key);
    this.#tracks.set(id, track);
    return track;
  }

  /** Forgets a track that nothing refers to. */
  #release(track: Track): void {
    if (!track.sent && track.consumers.size === 0 && track.waiters.size === 0) this.#tracks.delete(track.id);
  }
}

const live = <A extends StreamValue>(value: A, snapshot: boolean, receipt: Receipt): Live<A> => ({
  _tag: "Live",
  market: value.market,
  value,
  snapshot,
  channel: "websocket",
  late: false,
  receivedTimeMs: receipt.ms,
});

/** The same state told again. Deep comparison hashes both values, so the moments they were made at, which differ in nearly every frame, go first. */
const isRepeated = (before: StreamValue | undefined, value: StreamValue): boolean =>
  before !== undefined && madeAt(before) === madeAt(value) && Equal.equals(before, value);

const madeAt = (value: StreamValue): number => {
  if ("timestampMs" in value) return value.timestampMs;
  return "tradeTimeMs" in value ? value.tradeTimeMs : value.lastTradeTimeMs;
};
