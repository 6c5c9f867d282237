/**
 * Bars of a back-test: of every window each market's kept candle, or that it did not trade, or that nothing is kept of it. Read many windows at once.
 */
import * as Effect from "effect/Effect";
import { type Coverage, missing } from "../cache/Coverage.ts";
import type { HistoryStoreShape } from "../cache/HistoryStore.ts";
import type { Bar } from "../domain/Bar.ts";
import type { Candle } from "../domain/Candle.ts";
import { type Interval, nextWindowStart, windowStart } from "../domain/Interval.ts";
import type { Market } from "../domain/Market.ts";
import type { StorageError } from "../errors/MarketDataError.ts";
import type { Due, Source } from "./Source.ts";

/** Candles read at once, over all markets, about. */
const candlesAtOnce = 20_000;

export class StoredBars implements Source<Bar> {
  readonly #store: HistoryStoreShape;
  readonly #venue: string;
  readonly #interval: Interval;
  readonly #markets: ReadonlyArray<Market>;
  readonly #windows: number;
  /** Start of the first window that was not read. */
  #atMs: number;
  readonly #endMs: number;
  #due: ReadonlyArray<Due<Bar>> = [];
  #next = 0;

  /** Every window that ends from `fromMs` on and up to `toMs`. */
  constructor(
    { store, venue }: { readonly store: HistoryStoreShape; readonly venue: string },
    interval: Interval,
    markets: ReadonlyArray<Market>,
    { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  ) {
    this.#store = store;
    this.#venue = venue;
    this.#interval = interval;
    this.#markets = markets;
    this.#windows = Math.max(1, Math.ceil(candlesAtOnce / markets.length));
    this.#atMs = windowStart(interval, fromMs);
    this.#endMs = windowStart(interval, toMs);
  }

  peek(): Due<Bar> | undefined {
    return this.#due[this.#next];
  }

  take(): void {
    this.#next++;
  }

  get isRead(): boolean {
    return this.#atMs >= this.#endMs;
  }

  readonly fill: Effect.Effect<void, StorageError> = Effect.suspend(() => {
    if (this.peek() !== undefined || this.isRead) return Effect.void;
    const starts: Array<number> = [];
    while (starts.length < this.#windows && !this.isRead) {
      starts.push(this.#atMs);
      this.#atMs = nextWindowStart(this.#interval, this.#atMs);
    }
    const range = { fromMs: starts[0] ?? this.#atMs, toMs: this.#atMs };
    const read = (market: Market) =>
      Effect.map(this.#store.candles({ venue: this.#venue, market, interval: this.#interval }, range), ({ rows, coverage }) => ({
        market,
        rows: new Map(rows.map((row) => [row.openTimeMs, row])),
        holes: missing(coverage, range),
      }));
    return Effect.map(Effect.forEach(this.#markets, read), (read) => {
      this.#due = starts.map((openTimeMs) => this.#barOf(openTimeMs, read));
      this.#next = 0;
    });
  });

  #barOf(openTimeMs: number, read: ReadonlyArray<ReadMarket>): Due<Bar> {
    const closeTimeMs = nextWindowStart(this.#interval, openTimeMs);
    const candles: Array<Candle> = [];
    const empty: Array<Market> = [];
    const unproved: Array<Bar["unproved"][number]> = [];
    for (const { market, rows, holes } of read) {
      const candle = rows.get(openTimeMs);
      if (holes.some(({ fromMs, toMs }) => fromMs < closeTimeMs && toMs > openTimeMs))
        unproved.push({ market, reason: "nothing is kept of it" });
      else if (candle === undefined) empty.push(market);
      else candles.push({ ...candle, proof: "rest" });
    }
    const window = { interval: this.#interval, openTimeMs, closeTimeMs, candles, empty, unproved };
    return { atMs: closeTimeMs, element: { _tag: "Bar", ...window, delayMs: 0 } };
  }
}

interface ReadMarket {
  readonly market: Market;
  /** By the start of the window. */
  readonly rows: ReadonlyMap<number, Candle>;
  readonly holes: Coverage;
}
