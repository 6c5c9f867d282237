/**
 * Puts the trades of one market back in order. Holding every trade back would make all of them late for the sake of a few, so a market whose
 * feed is in order passes at once. The first trade that comes after a later one is given out as `late` and switches the holding on: from then
 * on, until a minute has passed without disorder, each trade waits `reorderMs` for earlier ones.
 *
 * Order is by trade time, then by arrival. At the limit the earliest trade held leaves before its time.
 */
import type { Live } from "../domain/StreamElement.ts";
import type { Trade } from "../domain/Trade.ts";

/** How long a market is held after its last disorder, in milliseconds. */
export const disorderMemoryMs = 60_000;

export interface TradeOrderOptions {
  /** How long a trade waits for earlier ones, in milliseconds; 0 never holds. */
  readonly reorderMs: number;
  /** `adaptive`: only while disorder was seen lately. */
  readonly reorder: "adaptive" | "always";
  /** Trades held at most. */
  readonly limit: number;
}

interface Held {
  readonly live: Live<Trade>;
  readonly dueMs: number;
}

export class TradeOrder {
  readonly #options: TradeOrderOptions;
  /** Earliest first; of one millisecond, in order of arrival. */
  #held: Array<Held> = [];
  #dueMs = Number.POSITIVE_INFINITY;
  /** Trade time of the latest that was given out. */
  #givenMs = Number.NEGATIVE_INFINITY;
  #holdUntilMs = Number.NEGATIVE_INFINITY;

  constructor(options: TradeOrderOptions) {
    this.#options = options;
  }

  /** When the next held trade is due, monotonic; infinity when none is held. */
  get dueMs(): number {
    return this.#dueMs;
  }

  /** Takes one trade in and gives out what is due, in order. `nowMs` is monotonic. */
  accept(live: Live<Trade>, nowMs: number): ReadonlyArray<Live<Trade>> {
    const holds = this.#holds(nowMs);
    const due = this.#held.length === 0 ? [] : holds ? this.release(nowMs) : this.flush();
    const { tradeTimeMs } = live.value;
    if (tradeTimeMs < this.#givenMs) {
      // A snapshot tells an old trade by its nature; it says nothing about the order of the feed.
      if (!live.snapshot) this.disorder(nowMs);
      return [...due, { ...live, late: true }];
    }
    if (!holds) {
      this.#givenMs = tradeTimeMs;
      return due.length === 0 ? [live] : [...due, live];
    }
    this.#insert({ live, dueMs: nowMs + this.#options.reorderMs }, nowMs);
    return this.#held.length > this.#options.limit ? [...due, ...this.#giveOut(1)] : due;
  }

  /** What is due, and what comes before it. */
  release(nowMs: number): ReadonlyArray<Live<Trade>> {
    if (nowMs < this.#dueMs) return [];
    return this.#giveOut(this.#held.findLastIndex((held) => held.dueMs <= nowMs) + 1);
  }

  /** Everything held, in order. */
  flush(): ReadonlyArray<Live<Trade>> {
    return this.#giveOut(this.#held.length);
  }

  /** Trades up to this time were given out by another way. */
  gaveOut(tradeTimeMs: number): void {
    this.#givenMs = Math.max(this.#givenMs, tradeTimeMs);
  }

  /** A trade came after a later one. */
  disorder(nowMs: number): void {
    this.#holdUntilMs = nowMs + disorderMemoryMs;
  }

  #holds(nowMs: number): boolean {
    return this.#options.reorderMs > 0 && (this.#options.reorder === "always" || nowMs < this.#holdUntilMs);
  }

  #insert(held: Held, nowMs: number): void {
    const { tradeTimeMs } = held.live.value;
    const at = this.#held.findLastIndex((other) => other.live.value.tradeTimeMs <= tradeTimeMs) + 1;
    if (at < this.#held.length) this.disorder(nowMs);
    this.#held.splice(at, 0, held);
    this.#dueMs = Math.min(this.#dueMs, held.dueMs);
  }

  #giveOut(count: number): ReadonlyArray<Live<Trade>> {
    const given = this.#held.splice(0, count).map(({ live }) => live);
    this.#dueMs = this.#held.reduce((least, { dueMs }) => Math.min(least, dueMs), Number.POSITIVE_INFINITY);
    this.gaveOut(given.at(-1)?.value.tradeTimeMs ?? Number.NEGATIVE_INFINITY);
    return given;
  }
}
