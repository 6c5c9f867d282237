/**
 * What one market's stream of trades has given out, and therefore which rows of REST it still owes. A stream begins with its first trade: what
 * is older was never owed, whoever brings it. Ids are unique but their order means nothing, so rows are placed by the exchange's own order, newest
 * first, and a row counts only above a known one.
 */
import type { Gap, Live } from "../domain/StreamElement.ts";
import type { Trade } from "../domain/Trade.ts";
import { IdMemory } from "./IdMemory.ts";

/** Gaps remembered; what an older one told may come late after all. */
const maxTold = 64;

/** Inclusive, exchange time in milliseconds. */
type Told = Pick<Gap, "fromMs" | "toMs">;

export class TradeMemory {
  readonly #ids: IdMemory;
  #first: Trade | undefined;
  #last: Trade | undefined;
  /** What happened in these times and was not given out was told as missing, and stays missing. */
  #told: ReadonlyArray<Told> = [];
  /** A gap whose end is not known before the next trade. */
  #open: Told | undefined;

  constructor(capacity: number) {
    this.#ids = new IdMemory(capacity);
  }

  /** The latest trade by time; undefined before the first. */
  get last(): Trade | undefined {
    return this.#last;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** False when it was known. */
  add(trade: Trade): boolean {
    if (!this.#ids.add(trade.id, trade.tradeTimeMs)) return false;
    // A feed may begin in disorder; what it brings is owed from its earliest on.
    if (this.#first === undefined || trade.tradeTimeMs < this.#first.tradeTimeMs) this.#first = trade;
    if (this.#last !== undefined && trade.tradeTimeMs < this.#last.tradeTimeMs) return true;
    // Its end was told by our clock, which may be ahead of the exchange's.
    if (this.#open !== undefined) this.told([{ ...this.#open, toMs: Math.min(this.#open.toMs, trade.tradeTimeMs) }], undefined);
    this.#last = trade;
    return true;
  }

  /** A snapshot of what was before the stream. Its id is not remembered: rows above it would seem to be owed. */
  predates({ snapshot, value }: Live<Trade>): boolean {
    return snapshot && this.#first !== undefined && value.tradeTimeMs < this.#first.tradeTimeMs && !this.has(value.id);
  }

  /** What was told as missing; `open` may still be filled until the next trade ends it. */
  told(spans: ReadonlyArray<Told>, open: Told | undefined): void {
    this.#told = [...this.#told, ...spans].slice(-maxTold);
    this.#open = open;
  }

  /** Whether rows reach a trade that was given out: then nothing is missing between it and them. */
  reaches(rows: ReadonlyArray<Trade>): boolean {
    return rows.some((row) => this.has(row.id));
  }

  /**
   * The rows that were never given out, oldest first. Rows that reach nothing known are owed from the last trade on; what the memory has
   * forgotten, and what was told as missing, is not owed again.
   */
  owed(rows: ReadonlyArray<Trade>): ReadonlyArray<Trade> {
    const first = this.#first;
    const last = this.#last;
    if (first === undefined || last === undefined) return [];
    const begin = rows.findIndex((row) => row.id === first.id);
    const known = begin === -1 ? rows.findLastIndex((row) => this.has(row.id)) : begin;
    const fromMs = known === -1 ? last.tradeTimeMs : first.tradeTimeMs;
    const isTold = ({ tradeTimeMs }: Trade) => this.#told.some(({ fromMs, toMs }) => tradeTimeMs >= fromMs && tradeTimeMs <= toMs);
    return rows
      .slice(0, known === -1 ? rows.length : known)
      .filter((row) => row.tradeTimeMs >= fromMs && row.tradeTimeMs > this.#ids.forgottenMs && !this.has(row.id) && !isTold(row))
      .toReversed();
  }
}
