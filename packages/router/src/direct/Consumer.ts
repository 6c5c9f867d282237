/** One consumer of the direct socket: the keys it reads, what it has not taken yet, and the seams of its feed. Plain synchronous state. */
import { trimOrderbook } from "../domain/Orderbook.ts";
import type { Market } from "../domain/Market.ts";
import type { Kind } from "../domain/Question.ts";
import type { Candle } from "../domain/Candle.ts";
import type { Live, Reconnecting, StreamOptions } from "../domain/StreamElement.ts";
import { type KeyId, keyId, type StreamKey } from "../domain/StreamKey.ts";
import { ConsumerBuffer } from "../stream/ConsumerBuffer.ts";
import type { AnyValue } from "./message.ts";
import { markOf } from "./mark.ts";
import { type Mark, Seam } from "./Seam.ts";

/** What one message said of one key. */
export interface DirectValue {
  readonly key: StreamKey;
  readonly value: AnyValue;
  /** The exchange's time of it, epoch milliseconds. */
  readonly exchangeTimeMs: number;
  readonly snapshot: boolean;
  /** Levels that came; order books only. */
  readonly depth: number | undefined;
}

export interface ConsumerOptions extends StreamOptions {
  readonly defaultBuffer: number;
  /** It goes on with a stream that broke. */
  readonly interrupted?: boolean | undefined;
}

export class Consumer {
  readonly kind: Kind;
  readonly keys: ReadonlyArray<StreamKey>;
  readonly buffer: ConsumerBuffer<AnyValue>;
  readonly #levels = new Map<KeyId, number>();
  readonly #seam: Seam;
  /** The newest frame of each market's newest window. */
  readonly #windows = new Map<Market, Candle>();
  /** It knows of a break: since when, in monotonic milliseconds, or from before it came here. */
  #interruptedMs: number | "before" | undefined;

  constructor(kind: Kind, keys: ReadonlyArray<StreamKey>, options: ConsumerOptions) {
    this.kind = kind;
    this.keys = keys;
    for (const key of keys) this.#levels.set(keyId(key), key.kind === "orderbook" ? key.levels : 0);
    // A place for every market, or the only value of a quiet one would make room for a busy one.
    const bound = Math.max(options.bufferSize ?? options.defaultBuffer, keys.length);
    this.buffer = new ConsumerBuffer({ kind, capacity: bound, overflow: options.overflow });
    this.#seam = new Seam(kind);
    this.#interruptedMs = options.interrupted === true ? "before" : undefined;
  }

  take({ key, value, snapshot }: DirectValue, receivedTimeMs: number): void {
    const levels = this.#levels.get(keyId(key));
    if (levels === undefined) return;
    const shaped = "asks" in value ? trimOrderbook(value, levels) : value;
    const live: Live<AnyValue> = {
      _tag: "Live",
      market: value.market,
      value: shaped,
      snapshot,
      channel: "websocket",
      late: false,
      receivedTimeMs,
    };
    if ("tradeTimeMs" in value && "id" in value) this.#trade(live, markOf(value));
    else if ("openTimeMs" in value) this.#candle(live, value);
    else this.buffer.offer(live);
  }

  #trade(live: Live<AnyValue>, mark: Mark): void {
    const isKnown = live.snapshot && this.#seam.last(live.market)?.id === mark.id;
    const gap = this.#seam.join(live.market, mark);
    if (gap !== undefined) this.buffer.offer(gap);
    if (!isKnown) this.buffer.offer(live);
  }

  /** A frame of a later window on an unbroken feed is the proof that the one before has ended. */
  #candle(live: Live<AnyValue>, candle: Candle): void {
    const last = this.#windows.get(candle.market);
    if (last !== undefined && candle.openTimeMs < last.openTimeMs) return;
    const gap = this.#seam.join(candle.market, markOf(candle));
    if (gap !== undefined) this.buffer.offer(gap);
    else if (last !== undefined && candle.openTimeMs > last.openTimeMs)
      this.buffer.offer({ ...live, value: { ...last, state: "closed", proof: "stream" }, snapshot: false });
    this.#windows.set(candle.market, candle);
    this.buffer.offer(live);
  }

  /** A frame about this market, or about nobody knows which, could not be read. */
  unread(market: Market | undefined): void {
    this.#seam.tear("a frame of the direct socket could not be read", market);
  }

  interrupt(element: Reconnecting, nowMs: number): void {
    this.#seam.tear("the direct socket was down");
    this.#interruptedMs ??= nowMs;
    this.buffer.offer(element);
    this.buffer.flush();
  }

  /** A subscription was sent. */
  resumed(ids: ReadonlySet<KeyId>, nowMs: number, atMs: number): void {
    const since = this.#interruptedMs;
    if (since === undefined || !this.keys.every((key) => ids.has(keyId(key)))) return;
    this.#interruptedMs = undefined;
    this.buffer.offer({ _tag: "Resumed", downMs: since === "before" ? 0 : nowMs - since, atMs });
    this.buffer.flush();
  }
}
