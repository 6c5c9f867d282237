/**
 * Markets that the exchange itself called unknown, each for a while. Plain state on monotonic nanoseconds. Bounded: the one called so longest ago
 * leaves, and costs a request if it is asked for again.
 */
import type { Market } from "../domain/Market.ts";

/** Markets remembered. */
export const unknownCapacity = 1_000;

export class Refusals {
  /** When each was called unknown, in that order. */
  readonly #since = new Map<Market, bigint>();
  readonly #lastsNanos: bigint;

  constructor(lastsMs: number) {
    this.#lastsNanos = BigInt(Math.round(lastsMs * 1e6));
  }

  add(market: Market, nowNanos: bigint): void {
    this.#since.delete(market);
    this.#since.set(market, nowNanos);
    const oldest = this.#since.keys().next();
    if (this.#since.size > unknownCapacity && oldest.done !== true) this.#since.delete(oldest.value);
  }

  /** Whether it still counts. `listedNanos`: when a list was read that holds the market; a later word than the refusal ends it. */
  has(market: Market, nowNanos: bigint, listedNanos: bigint | undefined): boolean {
    if (this.#since.size === 0) return false;
    const sinceNanos = this.#since.get(market);
    if (sinceNanos === undefined) return false;
    const counts = nowNanos - sinceNanos < this.#lastsNanos && !(listedNanos !== undefined && listedNanos > sinceNanos);
    if (!counts) this.#since.delete(market);
    return counts;
  }
}
