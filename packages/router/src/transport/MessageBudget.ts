/**
 * How many messages one connection may still send: the sliding windows of `limits/SlidingWindow.ts`, all of them at once, by the rule that
 * counts from the sending. Pure state on monotonic milliseconds.
 */
import type { Limit } from "../limits/LimitTable.ts";
import * as SlidingWindow from "../limits/SlidingWindow.ts";

export class MessageBudget {
  #windows: ReadonlyArray<{ readonly limit: Limit; readonly state: SlidingWindow.SlidingWindow }>;

  constructor(limits: ReadonlyArray<Limit>) {
    this.#windows = limits.map((limit) => ({ limit, state: SlidingWindow.empty }));
  }

  /** The earliest time, not before `nowMs`, at which one more message fits every limit. */
  earliestMs(nowMs: number): number {
    return Math.max(nowMs, ...this.#windows.map(({ limit, state }) => SlidingWindow.grantAt(limit, state, nowMs)));
  }

  /** The share of the limit that is used up, 0 to 1: of the window with the least left. */
  usage(nowMs: number): number {
    return Math.max(0, ...this.#windows.map(({ limit, state }) => SlidingWindow.used(limit, state, nowMs) / limit.limit));
  }

  sent(nowMs: number): void {
    this.#windows = this.#windows.map(({ limit, state }) => ({ limit, state: SlidingWindow.granted(limit, state, nowMs) }));
  }
}
