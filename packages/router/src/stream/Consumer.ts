/** One stream's place in the hub, and where its elements go. Plain synchronous state. */
import type { Priority } from "../domain/Question.ts";
import type { StreamElement } from "../domain/StreamElement.ts";
import { type KeyId, keyId, type StreamKey } from "../domain/StreamKey.ts";
import type { MarketDataError } from "../errors/MarketDataError.ts";
import type { Told } from "../transport/FeedWatch.ts";

export type StreamValue = Told;

/**
 * Where a consumer's elements go: taken in at once, whoever takes them out is woken by `flush`, and `fail` ends it after what is held. Whoever is woken may
 * run within `flush` only where the caller says that its own step is over; else it waits for a turn of its own.
 */
export interface Outlet {
  /** It holds what it is offered for somebody, who is to be woken; else it has handed it on by then. */
  readonly isWoken: boolean;
  readonly offer: (element: StreamElement<StreamValue>) => void;
  readonly flush: (isStepOver?: boolean) => void;
  readonly fail: (error: MarketDataError) => void;
}

/** A class, because there may be very many: an object made by spreading another one takes a third more. */
export class Consumer {
  /** Order of arrival; a hole concerns the consumers that were there before it. */
  readonly sequence: number;
  readonly buffer: Outlet;
  readonly keys: ReadonlyArray<StreamKey>;
  /** Book levels wanted, by key; undefined where it reads no books. */
  readonly levels: ReadonlyMap<KeyId, number> | undefined;
  readonly priority: Priority;
  /**
   * Time of the latest trade, or opening of the latest window, that came before it did, by key: what is older is never owed to it. Undefined where
   * it reads tickers or books.
   */
  readonly beganMs: Map<KeyId, number> | undefined;
  /** Since when it has known that one of its keys is carried by no link, monotonic milliseconds; undefined while it was told nothing such. */
  interruptedMs: number | undefined;
  /** It is among {@link Touched}. */
  isTouched = false;

  constructor(sequence: number, buffer: Outlet, keys: ReadonlyArray<StreamKey>, priority: Priority, interruptedMs: number | undefined) {
    const books = keys.filter((key) => key.kind === "orderbook");
    this.sequence = sequence;
    this.buffer = buffer;
    this.keys = keys;
    this.levels = books.length === 0 ? undefined : new Map(books.map((key) => [keyId(key), key.levels]));
    this.priority = priority;
    this.beganMs = keys.some(({ kind }) => kind === "trades" || kind === "candles") ? new Map() : undefined;
    this.interruptedMs = interruptedMs;
  }
}

/** The consumers with something new since they were last woken, each once. */
export class Touched {
  #consumers: Array<Consumer> = [];

  add(consumer: Consumer): void {
    if (consumer.isTouched) return;
    consumer.isTouched = true;
    this.#consumers.push(consumer);
  }

  /** It is gone. */
  remove(consumer: Consumer): void {
    if (!consumer.isTouched) return;
    consumer.isTouched = false;
    this.#consumers = this.#consumers.filter((other) => other !== consumer);
  }

  /** Wakes them all. Who gets something meanwhile is woken by the next call. */
  flush(isStepOver: boolean): void {
    if (this.#consumers.length === 0) return;
    const woken = this.#consumers;
    this.#consumers = [];
    // All of them first: whoever is woken may run at once, and touch others.
    for (const consumer of woken) consumer.isTouched = false;
    for (const consumer of woken) consumer.buffer.flush(isStepOver);
  }
}
