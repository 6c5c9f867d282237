/**
 * The reading back of one hole, a page at a time: which page comes next, and what it means. Pure; `GapHealer.ts` asks for the pages and decides
 * whose turn it is.
 */
import type * as Result from "effect/Result";
import type { Candle } from "../domain/Candle.ts";
import { nextWindowStart } from "../domain/Interval.ts";
import type { Trade } from "../domain/Trade.ts";
import type { InvalidRequest } from "../errors/MarketDataError.ts";
import type { RestCall, Venue } from "../transport/Venue.ts";
import type { CandleRepair } from "./CandleStitcher.ts";
import type { RepairJob } from "./FrameHub.ts";
import type { TradeRepair } from "./TradeContinuity.ts";

/** How often a page is read again while REST lags behind the socket, and the wait between, in milliseconds. */
const lagAttempts = 3;
const lagSpacingMs = 1_000;

type Row = Trade | Candle;
export type Page = Result.Result<RestCall<Row>, InvalidRequest>;

/** What a page leads to: the end of the reading, or another page, at once or after a while. */
export type Step =
  | { readonly _tag: "Done"; readonly repair: TradeRepair | CandleRepair }
  | { readonly _tag: "More"; readonly afterMs: number };

export interface Reading {
  readonly job: RepairJob;
  /** Pages that count against `healPages`; a page read again because REST lags does not. */
  readonly pages: number;
  readonly next: () => Page;
  readonly expects: (row: Row) => boolean;
  readonly page: (rows: ReadonlyArray<Row>) => Step;
  /** What there is when no page can be read any more. */
  readonly give: (failure: string) => TradeRepair | CandleRepair;
}

type Exchange = Pick<Venue["Service"], "trades" | "candles" | "paging">;

export const readingOf = (job: RepairJob, venue: Exchange, maxPages: number): Reading =>
  job.kind === "trades" ? new TradesReading(job, venue, maxPages) : new CandlesReading(job, venue, maxPages);

class TradesReading implements Reading {
  readonly job: Extract<RepairJob, { readonly kind: "trades" }>;
  readonly #venue: Exchange;
  readonly #maxPages: number;
  #rows: ReadonlyArray<Trade> = [];
  #lags = 0;
  pages = 0;

  constructor(job: Extract<RepairJob, { readonly kind: "trades" }>, venue: Exchange, maxPages: number) {
    this.job = job;
    this.#venue = venue;
    this.#maxPages = maxPages;
  }

  readonly next = (): Page =>
    this.#venue.trades(this.job.key.market, {
      count: this.#venue.paging.trades,
      before: this.pages === 0 ? undefined : this.#rows.at(-1)?.id,
    });

  readonly expects = (row: Row): boolean => row.market === this.job.key.market;

  readonly page = (rows: ReadonlyArray<Row>): Step => {
    const { trades } = this.job;
    const page = rows as ReadonlyArray<Trade>; // The venue answers a question about trades with trades.
    // A newest page that lags is read again in whole, and kept for the case that it cannot be.
    this.#rows = this.pages === 0 ? page : [...this.#rows, ...page];
    if (this.pages === 0 && !trades.meets(page) && this.#lags++ < lagAttempts) return { _tag: "More", afterMs: lagSpacingMs };
    this.pages++;
    if (trades.reaches(this.#rows) || page.length < this.#venue.paging.trades || this.pages >= this.#maxPages)
      return { _tag: "Done", repair: { rows: this.#rows, failure: null } };
    return { _tag: "More", afterMs: 0 };
  };

  readonly give = (failure: string): TradeRepair => ({ rows: this.#rows, failure });
}

class CandlesReading implements Reading {
  readonly job: Extract<RepairJob, { readonly kind: "candles" }>;
  readonly #venue: Exchange;
  readonly #maxPages: number;
  readonly #lengthMs: number;
  readonly #rows: Array<Candle> = [];
  #toMs: number;
  #lags = 0;
  pages = 0;

  constructor(job: Extract<RepairJob, { readonly kind: "candles" }>, venue: Exchange, maxPages: number) {
    this.job = job;
    this.#venue = venue;
    this.#maxPages = maxPages;
    this.#lengthMs = nextWindowStart(job.key.interval, job.hole.fromMs) - job.hole.fromMs;
    this.#toMs = job.hole.beforeMs;
  }

  get #count(): number {
    return Math.min(this.#venue.paging.candles, Math.ceil((this.#toMs - this.job.hole.fromMs) / this.#lengthMs));
  }

  readonly next = (): Page => {
    const { market, interval } = this.job.key;
    return this.#venue.candles(market, interval, { count: this.#count, toMs: this.#toMs });
  };

  readonly expects = (row: Row): boolean =>
    row.market === this.job.key.market && "interval" in row && row.interval === this.job.key.interval;

  readonly page = (rows: ReadonlyArray<Row>): Step => {
    const page = rows as ReadonlyArray<Candle>; // The venue answers a question about candles with candles.
    if (page.some((row) => row.openTimeMs < this.#toMs && row.state === "forming")) {
      if (this.#lags++ < lagAttempts) return { _tag: "More", afterMs: lagSpacingMs };
      return { _tag: "Done", repair: this.give("REST lags behind the socket") };
    }
    const asked = this.#count;
    this.pages++;
    this.#rows.push(...page);
    this.#toMs = Math.min(this.#toMs, ...page.map((row) => row.openTimeMs));
    const ends = this.#toMs <= this.job.hole.fromMs || page.length < asked || this.pages >= this.#maxPages;
    return ends ? { _tag: "Done", repair: { rows: this.#rows, failure: null } } : { _tag: "More", afterMs: 0 };
  };

  readonly give = (failure: string): CandleRepair => ({ rows: this.#rows, failure });
}
