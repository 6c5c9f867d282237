/**
 * How many messages one connection may still send. The exchange counts arrivals in a sliding window, so every window here is 5 % longer than
 * the exchange's: two messages that leave far enough apart cannot arrive too close together. Pure state on monotonic milliseconds.
 */
import type { Limit } from "../limits/LimitTable.ts";

const arrivalGuard = 1.05;

export class MessageBudget {
  readonly #limits: ReadonlyArray<Limit>;
  readonly #keep: number;
  /** Times of the latest sends, oldest first; as many as the largest limit. */
  #sentMs: ReadonlyArray<number> = [];

  constructor(limits: ReadonlyArray<Limit>) {
    this.#limits = limits;
    this.#keep = Math.max(0, ...limits.map((limit) => limit.limit));
  }

  /** The earliest time, not before `nowMs`, at which one more message fits every limit. */
  earliestMs(nowMs: number): number {
    return this.#limits.reduce((earliest, { limit, windowMs }) => {
      const blocking = this.#sentMs[this.#sentMs.length - limit];
      return blocking === undefined ? earliest : Math.max(earliest, blocking + windowMs * arrivalGuard);
    }, nowMs);
  }

  sent(nowMs: number): void {
    this.#sentMs = [...this.#sentMs, nowMs].slice(-this.#keep);
  }
}
