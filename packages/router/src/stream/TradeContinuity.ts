/**
 * Makes the trades of one market exactly-once across broken links. Flowing, it lets every id through once. After a break it holds live trades
 * back until the hole is read over REST (`GapHealer.ts`), and then gives the missing ones first, or says that they are missing.
 *
 * Ids are unique but their order means nothing, so a hole is closed only by overlap: the rows read back must contain a trade known from before
 * the break and, when the new link has already spoken, one known from after it. A stream begins with its first trade; before that there
 * is nothing to lose.
 */
import type { Gap, Live, Recovered } from "../domain/StreamElement.ts";
import type { Trade } from "../domain/Trade.ts";
import { IdMemory } from "./IdMemory.ts";

/** What was read back, newest first, and why it may be less than everything. */
export interface TradeRepair {
  readonly rows: ReadonlyArray<Trade>;
  /** Null when reading went as planned; else why rows may be missing. */
  readonly failure: string | null;
}

/** What a finished repair gives: the hole's trades and what is missing of it for good, in order, then what was held, in order of arrival. */
export interface TradeRepaired {
  readonly repaired: ReadonlyArray<Gap | Recovered<Trade>>;
  readonly held: ReadonlyArray<Live<Trade>>;
}

type Phase = "flowing" | "broken" | "healing";

export class TradeContinuity {
  readonly #seen: IdMemory;
  readonly #holdLimit: number;
  #phase: Phase = "flowing";
  #last: Trade | undefined;
  #held: Array<Live<Trade>> = [];
  readonly #heldIds = new Set<string>();
  /** Trades held on a link that broke again before they could be given out. */
  #orphans: Array<Trade> = [];
  /** What happened up to here and was not delivered is told as missing; given later, it would come out of its place. */
  #toldUpToMs = Number.NEGATIVE_INFINITY;
  /** The new link repeated a trade from before the break. */
  #repeated = false;
  #overflowed = false;
  #onSpoken: (() => void) | undefined;

  constructor(options: { readonly memory: number; readonly holdLimit: number }) {
    this.#seen = new IdMemory(options.memory);
    this.#holdLimit = options.holdLimit;
  }

  /** A hole is open. */
  get broken(): boolean {
    return this.#phase !== "flowing";
  }

  /** Takes a live trade in; true when it is to be delivered now. */
  accept(live: Live<Trade>): boolean {
    const { id } = live.value;
    if (this.#phase === "flowing") {
      if (!this.#seen.add(id)) return false;
      this.#last = live.value;
      return true;
    }
    if (this.#seen.has(id)) this.#repeated = true;
    else if (!this.#heldIds.has(id)) this.#hold(live);
    this.#spoken();
    return false;
  }

  /** The link broke. */
  interrupt(): void {
    if (this.#last === undefined) return;
    this.#orphans.push(...this.#held.map((live) => live.value));
    this.#clearHeld();
    this.#phase = "broken";
    this.#spoken();
  }

  /** The subscription was sent on a new link; true when the hole has to be read back now. */
  resume(): boolean {
    if (this.#phase !== "broken") return false;
    this.#phase = "healing";
    return true;
  }

  /** Calls back once, when the new link has brought a trade of this market or broke. */
  onSpoken(callback: () => void): () => void {
    if (this.#phase !== "healing" || this.#held.length > 0 || this.#repeated) {
      callback();
      return () => {};
    }
    this.#onSpoken = callback;
    return () => {
      this.#onSpoken = undefined;
    };
  }

  /** Whether rows read back reach a trade from before the break. */
  reaches(rows: ReadonlyArray<Trade>): boolean {
    return rows.some((row) => this.#seen.has(row.id));
  }

  /** Whether rows read back reach up to what the new link brought: false while REST still lags behind the socket. */
  meets(rows: ReadonlyArray<Trade>): boolean {
    return this.#held.length === 0 || this.#repeated || rows.some((row) => this.#heldIds.has(row.id));
  }

  /** Ends healing. `nowMs`, wall clock, is the time of reading, and stands for the end of a hole after which nothing has come yet. */
  finish({ rows, failure }: TradeRepair, nowMs: number): TradeRepaired {
    const trades = this.#missing(rows);
    const held = this.#held;
    const last = this.#last;
    const repaired: Array<Gap | Recovered<Trade>> = [];
    if (last !== undefined) {
      const firstHeldMs = held[0]?.value.tradeTimeMs ?? nowMs;
      const gap = (fromMs: number, toMs: number, reason: string) =>
        repaired.push({ _tag: "Gap", kind: "trades", market: last.market, fromMs, toMs: Math.max(fromMs, toMs), reason });
      const reached = this.reaches(rows);
      // Measured by the rows alone: trades of a link in between stand inside the hole and do not end it.
      if (!reached) gap(last.tradeTimeMs, rows.at(-1)?.tradeTimeMs ?? firstHeldMs, failure ?? "further back than is read");
      else if (failure !== null) gap(last.tradeTimeMs, firstHeldMs, failure);
      for (const value of trades) repaired.push({ _tag: "Recovered", market: value.market, value, late: false, receivedTimeMs: nowMs });
      const upToMs = rows[this.#firstOlder(rows)]?.tradeTimeMs ?? last.tradeTimeMs;
      if (this.#overflowed) gap(upToMs, firstHeldMs, "too many trades while reading back");
      else if (reached && !this.meets(rows)) gap(upToMs, firstHeldMs, "REST lags behind the socket");
    }
    for (const told of repaired) if (told._tag === "Gap") this.#toldUpToMs = Math.max(this.#toldUpToMs, told.toMs);
    for (const trade of trades) this.#seen.add(trade.id);
    for (const live of held) this.#seen.add(live.value.id);
    this.#last = held.at(-1)?.value ?? trades.at(-1) ?? last;
    this.#orphans = [];
    this.#clearHeld();
    this.#phase = "flowing";
    return { repaired, held };
  }

  /**
   * The trades of the hole: rows older than all that the new link brought and newer than the oldest one known from before. Rows further back
   * were never part of this stream, and what an earlier gap told as missing stays missing. Sorting is stable and rows go before orphans, so
   * trades of one millisecond keep the exchange's order.
   */
  #missing(rows: ReadonlyArray<Trade>): ReadonlyArray<Trade> {
    const lower = rows.findLastIndex((row) => this.#seen.has(row.id));
    const span = rows.slice(this.#firstOlder(rows), lower === -1 ? rows.length : lower + 1);
    const found = new Map<string, Trade>();
    for (const trade of [...span.toReversed().filter((row) => row.tradeTimeMs > this.#toldUpToMs), ...this.#orphans]) {
      if (!this.#seen.has(trade.id) && !this.#heldIds.has(trade.id)) found.set(trade.id, trade);
    }
    return [...found.values()].sort((a, b) => a.tradeTimeMs - b.tradeTimeMs);
  }

  /** Index of the newest row that is older than all that the new link brought. */
  #firstOlder(rows: ReadonlyArray<Trade>): number {
    return rows.findLastIndex((row) => this.#heldIds.has(row.id)) + 1;
  }

  #hold(live: Live<Trade>): void {
    if (this.#held.length >= this.#holdLimit) {
      const oldest = this.#held.shift();
      if (oldest !== undefined) this.#heldIds.delete(oldest.value.id);
      this.#overflowed = true;
    }
    this.#held.push(live);
    this.#heldIds.add(live.value.id);
  }

  #clearHeld(): void {
    this.#held = [];
    this.#heldIds.clear();
    this.#repeated = false;
    this.#overflowed = false;
    if (this.#orphans.length > this.#holdLimit) this.#orphans = this.#orphans.slice(-this.#holdLimit);
  }

  #spoken(): void {
    const callback = this.#onSpoken;
    this.#onSpoken = undefined;
    callback?.();
  }
}
