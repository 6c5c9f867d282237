/**
 * The consumers of the live side, all of them: who has something new and is to be woken, who knows that a key of its own is carried by no link,
 * who came after whom. Owned by `FrameHub.ts`; plain synchronous state. An element may run the program's own code at once, which may add or remove
 * consumers: whoever is told is so as they were when the telling began.
 */
import type { Priority } from "../domain/Question.ts";
import type { Reconnecting } from "../domain/StreamElement.ts";
import { type KeyId, keyId, type StreamKey } from "../domain/StreamKey.ts";
import type { MarketDataError } from "../errors/MarketDataError.ts";
import { Consumer, type Outlet, Touched } from "./Consumer.ts";

export class Consumers {
  readonly #all = new Set<Consumer>();
  readonly #isCarried: (id: KeyId) => boolean;
  /** Those with something new since the last flush. */
  readonly touched = new Touched();
  /** Sequence of the newest one. */
  newest = 0;

  constructor(isCarried: (id: KeyId) => boolean) {
    this.#isCarried = isCarried;
  }

  /** A new one, the newest from now on. */
  add(buffer: Outlet, keys: ReadonlyArray<StreamKey>, priority: Priority, interruptedMs: number | undefined): Consumer {
    const consumer = new Consumer(++this.newest, buffer, keys, priority, interruptedMs);
    this.#all.add(consumer);
    return consumer;
  }

  remove(consumer: Consumer): void {
    this.#all.delete(consumer);
    this.touched.remove(consumer);
  }

  /** Wakes those that got something; where the caller's step is over, they may run within this. */
  flush(isStepOver = false): void {
    this.touched.flush(isStepOver);
  }

  /** A link broke, or could not be opened: those with a key that no link carries are told. */
  interrupt(down: Reconnecting, nowMs: number): void {
    for (const consumer of [...this.#all]) {
      if (this.#isServed(consumer)) continue;
      consumer.interruptedMs ??= nowMs;
      consumer.buffer.offer(down);
      this.touched.add(consumer);
    }
    this.flush();
  }

  /** A subscription was sent: those who knew of an outage and whose keys are all carried again are told. */
  resumed(nowMs: number, atMs: number): void {
    for (const consumer of [...this.#all]) {
      if (consumer.interruptedMs === undefined || !this.#isServed(consumer)) continue;
      consumer.buffer.offer({ _tag: "Resumed", downMs: nowMs - consumer.interruptedMs, atMs });
      consumer.interruptedMs = undefined;
      this.touched.add(consumer);
    }
    this.flush();
  }

  /** Ends the streams that `concerns` picks with `error`, after what they hold. */
  fail(error: MarketDataError, concerns: (id: KeyId) => boolean): void {
    for (const consumer of [...this.#all]) if (consumer.keys.some((key) => concerns(keyId(key)))) consumer.buffer.fail(error);
  }

  #isServed(consumer: Consumer): boolean {
    return consumer.keys.every((key) => this.#isCarried(keyId(key)));
  }
}
