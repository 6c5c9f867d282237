/**
 * Makes the trades of one market exactly-once and ordered, across broken links and through feeds in disorder. Flowing, it lets every id through
 * once, in the order of `TradeOrder.ts`. After a break it holds live trades back until the hole is read over REST (`GapHealer.ts`), and then
 * gives the missing ones first, or says that they are missing. While the link stays down, pages that reach back move it on (`TradeCatchUp.ts`).
 *
 * Ids are unique but their order means nothing, so a hole is closed only by overlap: the rows read back must contain a trade known from before
 * the break and, when the new link has already spoken, one known from after it. Only a snapshot that repeats the last trade proves the same
 * alone: then nothing happened in between. What is given out behind a later trade says so by `late`.
 */
import type { Gap, Live, Recovered } from "../domain/StreamElement.ts";
import type { Trade } from "../domain/Trade.ts";
import { repairOf } from "./TradeHole.ts";
import { TradeMemory } from "./TradeMemory.ts";
import { TradeOrder } from "./TradeOrder.ts";

/** What was read back, newest first, and why it may be less than everything. */
export interface TradeRepair {
  readonly rows: ReadonlyArray<Trade>;
  /** Null when reading went as planned; else why rows may be missing. */
  readonly failure: string | null;
}

/**
 * What a finished repair gives: the hole's trades and what is missing of it for good, in order, then what was held, in order too. Trades that
 * the new link skipped stand among the held ones.
 */
export interface TradeRepaired {
  readonly repaired: ReadonlyArray<Gap | Recovered<Trade>>;
  readonly held: ReadonlyArray<Live<Trade> | Recovered<Trade>>;
}

/** What an audit found: how many rows it could judge, and those that were never given out. */
export interface TradeAudited {
  readonly judged: number;
  readonly missing: ReadonlyArray<Recovered<Trade>>;
}

export interface TradeContinuityOptions {
  /** Trades remembered. */
  readonly memory: number;
  /** Trades held for order, and trades held while a hole is read back. */
  readonly holdLimit: number;
  readonly reorderMs: number;
  readonly reorder: "adaptive" | "always";
}

type Phase = "flowing" | "broken" | "healing";

/** An audit leaves the newest trades alone: REST and the socket may be so far apart, in milliseconds. */
const auditSafetyMs = 3_000;
/** Rows that even the audit of a quiet market reads. */
const leastAudited = 30;

export class TradeContinuity {
  readonly #memory: TradeMemory;
  readonly #order: TradeOrder;
  readonly #holdLimit: number;
  #phase: Phase = "flowing";
  /** In order of arrival. */
  #held: Array<Live<Trade>> = [];
  readonly #heldIds = new Set<string>();
  /** Trades held on a link that broke again before they could be given out. */
  #orphans: Array<Trade> = [];
  /** The new link began with the last trade from before the break: nothing happened in between. */
  #repeated = false;
  #overflowed = false;
  #auditedMs = Number.NEGATIVE_INFINITY;
  /** Trades taken in since the last audit. */
  #unaudited = 0;
  #onSpoken: (() => void) | undefined;

  constructor({ memory, holdLimit, reorderMs, reorder }: TradeContinuityOptions) {
    this.#memory = new TradeMemory(memory);
    this.#order = new TradeOrder({ reorderMs, reorder, limit: holdLimit });
    this.#holdLimit = holdLimit;
  }

  /** A hole is open. */
  get broken(): boolean {
    return this.#phase !== "flowing";
  }

  /** A hole is open and no link is up to end it. */
  get down(): boolean {
    return this.#phase === "broken";
  }

  /** Time of the latest trade taken in, exchange time; minus infinity before the first. */
  get newestMs(): number {
    return this.#memory.last?.tradeTimeMs ?? Number.NEGATIVE_INFINITY;
  }

  /** Takes a live trade in; returns what is to be delivered now, in order. `nowMs` is monotonic. */
  accept(live: Live<Trade>, nowMs: number): ReadonlyArray<Live<Trade>> {
    if (this.#phase === "flowing") {
      if (this.#memory.predates(live) || !this.#memory.add(live.value)) return [];
      this.#unaudited++;
      return this.#order.accept(live, nowMs);
    }
    const { id, tradeTimeMs } = live.value;
    if (this.#memory.has(id)) this.#repeated ||= live.snapshot && tradeTimeMs >= this.newestMs;
    else if (!this.#heldIds.has(id) && !this.#memory.predates(live)) this.#hold(live, nowMs);
    this.#spoken();
    return [];
  }

  /** How many rows an audit should read, to reach back to the last one though half of the trades since then were missing. */
  get auditSize(): number {
    return leastAudited + 2 * this.#unaudited;
  }

  /** When a trade held for order is due, monotonic; infinity when none is held. */
  dueMs(): number {
    return this.#order.dueMs;
  }

  /** The trades held for order that are due. */
  release(nowMs: number): ReadonlyArray<Live<Trade>> {
    return this.#order.release(nowMs);
  }

  /**
   * A snapshot of a trade that is newer than all that came and was never seen. From a link that did not break and whose market had been silent it
   * proves that something was missed: interrupt first, then take it in.
   */
  revealsHole({ snapshot, value }: Live<Trade>): boolean {
    return snapshot && this.#phase === "flowing" && value.tradeTimeMs > this.newestMs && this.#memory.last !== undefined;
  }

  /** The link broke. Returns what was held for order only, to be delivered now: it came on an unbroken link. */
  interrupt(): ReadonlyArray<Live<Trade>> {
    if (this.#memory.last === undefined) return [];
    // A short link may have repeated what an earlier one brought.
    const known = new Set(this.#orphans.map(({ id }) => id));
    const held = this.#held.flatMap(({ value }) => (known.has(value.id) ? [] : [value]));
    this.#orphans = [...this.#orphans, ...held].slice(-this.#holdLimit);
    this.#clearHeld();
    this.#phase = "broken";
    this.#spoken();
    return this.#order.flush();
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
    return this.#memory.reaches(rows);
  }

  /** Whether rows read back reach up to what the new link brought: false while REST still lags behind the socket. */
  meets(rows: ReadonlyArray<Trade>): boolean {
    const brought = this.#held.some((live) => live.value.tradeTimeMs >= this.newestMs);
    return !brought || this.#repeated || rows.some((row) => row.tradeTimeMs >= this.newestMs && this.#heldIds.has(row.id));
  }

  /** Ends healing. `wallMs`, wall clock, is the time of reading, and stands for the end of a hole after which nothing has come yet. */
  finish({ rows, failure }: TradeRepair, wallMs: number): TradeRepaired {
    const repair = repairOf({
      memory: this.#memory,
      held: this.#held,
      orphans: this.#orphans,
      repeated: this.#repeated,
      overflowed: this.#overflowed,
      rows,
      failure,
      wallMs,
    });
    for (const element of [...repair.repaired, ...repair.held]) if (element._tag !== "Gap") this.#give(element.value);
    this.#memory.told(repair.told, repair.open);
    this.#orphans = [];
    this.#clearHeld();
    this.#phase = "flowing";
    return repair;
  }

  /**
   * The newest page while the link is down. Rows that reach a known trade give the missing ones and move the stream on, so that a long outage
   * loses nothing; rows that do not reach give nothing, and healing will judge the hole as a whole.
   */
  catchUp(rows: ReadonlyArray<Trade>, wallMs: number): ReadonlyArray<Recovered<Trade>> {
    const newest = rows[0];
    if (this.#phase !== "broken" || newest === undefined || !this.#memory.reaches(rows)) return [];
    const owed = this.#memory.owed(rows);
    const inRows = new Set(owed.map((row) => row.id));
    // A later orphan would step over what lies between it and the rows.
    const within = this.#orphans.filter((orphan) => orphan.tradeTimeMs <= newest.tradeTimeMs && !this.#memory.has(orphan.id));
    this.#orphans = this.#orphans.filter((orphan) => orphan.tradeTimeMs > newest.tradeTimeMs);
    const all = [...owed, ...within.filter((orphan) => !inRows.has(orphan.id))].sort((a, b) => a.tradeTimeMs - b.tradeTimeMs);
    return all.map((value) => this.#recover(value, value.tradeTimeMs < this.newestMs, wallMs));
  }

  /** The newest page while all flows lies wholly behind what was given out: between the two there may be more, and only healing reads that. */
  isBehind(rows: ReadonlyArray<Trade>): boolean {
    const oldest = rows.at(-1);
    return this.#phase === "flowing" && this.#memory.last !== undefined && oldest !== undefined && oldest.tradeTimeMs > this.newestMs;
  }

  /**
   * The newest page while all flows. What the exchange never sent on a living link leaves no sign in the ids; it shows only here. Each moment is
   * judged once, and the last few seconds before `exchangeNowMs`, the exchange's own time of the page, not yet.
   */
  audit(rows: ReadonlyArray<Trade>, wallMs: number, exchangeNowMs: number): TradeAudited {
    if (this.#phase !== "flowing") return { judged: 0, missing: [] };
    const upToMs = Math.max(this.newestMs, exchangeNowMs) - auditSafetyMs;
    const isJudged = (row: Trade) => row.tradeTimeMs > this.#auditedMs && row.tradeTimeMs <= upToMs;
    const missing = this.#memory.owed(rows).filter(isJudged);
    const known = rows.filter((row) => isJudged(row) && this.#memory.has(row.id)).length;
    this.#auditedMs = Math.max(this.#auditedMs, upToMs);
    this.#unaudited = 0;
    return {
      judged: known + missing.length,
      missing: missing.map((value) => this.#recover(value, value.tradeTimeMs < this.newestMs, wallMs)),
    };
  }

  #recover(value: Trade, late: boolean, wallMs: number): Recovered<Trade> {
    this.#give(value);
    return { _tag: "Recovered", market: value.market, value, late, receivedTimeMs: wallMs };
  }

  #give(trade: Trade): void {
    this.#memory.add(trade);
    this.#order.gaveOut(trade.tradeTimeMs);
  }

  /** At the limit the trade held longest leaves; it is read back with the hole, or told with it. */
  #hold(live: Live<Trade>, nowMs: number): void {
    const newest = this.#held.at(-1);
    if (newest !== undefined && !live.snapshot && live.value.tradeTimeMs < newest.value.tradeTimeMs) this.#order.disorder(nowMs);
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
  }

  #spoken(): void {
    const callback = this.#onSpoken;
    this.#onSpoken = undefined;
    callback?.();
  }
}
