/**
 * What never changes any more, kept: closed candles and trades, with the ranges in which nothing is missing. What is kept may be forgotten to make room,
 * and then its range with it; what is given back is exact and complete as far as its `coverage` says, whatever happened in between.
 *
 * A reference and not a service, as the state store is: a program that provides none works, and asks the exchange every time. The layer over SQLite is
 * in `@naru/node`.
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type { Candle } from "../domain/Candle.ts";
import type { Interval } from "../domain/Interval.ts";
import type { Market } from "../domain/Market.ts";
import type { Trade } from "../domain/Trade.ts";
import type { StorageError } from "../errors/MarketDataError.ts";
import { type CandleColumns, makeColumns } from "../domain/CandleColumns.ts";
import { makeMemory } from "./historyMemory.ts";
import type { Coverage, TimeRange } from "./Coverage.ts";

/** Candles of one market and interval. `venue` keeps exchanges apart that spell their markets alike. */
export interface CandleSeries {
  readonly venue: string;
  readonly market: Market;
  readonly interval: Interval;
}

export interface StoredCandles {
  /** Closed candles whose windows start in the range asked for, oldest first. */
  readonly rows: ReadonlyArray<Candle>;
  /** The parts of that range in which they are all there are. */
  readonly coverage: Coverage;
}

export interface StoredColumns {
  readonly columns: CandleColumns;
  readonly coverage: Coverage;
}

/** One series as it is kept. */
export interface KeptSeries extends CandleSeries {
  readonly rows: number;
  readonly coverage: Coverage;
}

/** Trades of one market. */
export interface TradeSeries {
  readonly venue: string;
  readonly market: Market;
}

export interface StoredTrades {
  /**
   * The trades of the range asked for, oldest first; of one millisecond by their ids read as numbers. Without what only the socket says of a trade: when
   * its frame was made, and the best quotes after it.
   */
  readonly rows: ReadonlyArray<Trade>;
  /** The parts of that range in which they are all there are. */
  readonly coverage: Coverage;
}

/** The trades of one market as they are kept. */
export interface KeptTrades extends TradeSeries {
  readonly rows: number;
  readonly coverage: Coverage;
}

export interface HistoryStoreShape {
  /** False where nothing is ever kept, and nobody needs to ask. */
  readonly isKept: boolean;
  /** Ranges are of the starts of windows. */
  readonly candles: (series: CandleSeries, range: TimeRange) => Effect.Effect<StoredCandles, StorageError>;
  /** The same as columns. */
  readonly columns: (series: CandleSeries, range: TimeRange) => Effect.Effect<StoredColumns, StorageError>;
  readonly coverage: (series: CandleSeries) => Effect.Effect<Coverage, StorageError>;
  /**
   * Keeps what is known of a range completely: `rows` are all its candles, and every one of them is closed. They take the place of what was kept of it;
   * rows outside the range are left out. When it succeeds, the rows and the range are kept, both or, after whatever crash, neither.
   */
  readonly putCandles: (series: CandleSeries, rows: ReadonlyArray<Candle>, complete: TimeRange) => Effect.Effect<void, StorageError>;
  /** All candles that are kept. */
  readonly series: Effect.Effect<ReadonlyArray<KeptSeries>, StorageError>;
  /** Ranges are of trade times, the exchange's clock. */
  readonly trades: (series: TradeSeries, range: TimeRange) => Effect.Effect<StoredTrades, StorageError>;
  readonly tradeCoverage: (series: TradeSeries) => Effect.Effect<Coverage, StorageError>;
  /**
   * Keeps what is known of a range completely: `rows` are all its trades, in any order. A range ends between two milliseconds, so whoever read a list that
   * may be cut inside of one begins the range after it; and it ends where the exchange books no trade any more. What was kept of the range goes, rows
   * outside of it are left out, and of two rows with one id the later counts. When it succeeds, the rows and the range are kept, both or neither.
   */
  readonly putTrades: (series: TradeSeries, rows: ReadonlyArray<Trade>, complete: TimeRange) => Effect.Effect<void, StorageError>;
  /** All trades that are kept. */
  readonly tradeSeries: Effect.Effect<ReadonlyArray<KeptTrades>, StorageError>;
}

const nowhere: HistoryStoreShape = {
  isKept: false,
  candles: () => Effect.succeed({ rows: [], coverage: [] }),
  columns: ({ market, interval }) => Effect.succeed({ columns: makeColumns(market, interval, 0), coverage: [] }),
  coverage: () => Effect.succeed([]),
  putCandles: () => Effect.void,
  series: Effect.succeed([]),
  trades: () => Effect.succeed({ rows: [], coverage: [] }),
  tradeCoverage: () => Effect.succeed([]),
  putTrades: () => Effect.void,
  tradeSeries: Effect.succeed([]),
};

/** Read when a layer is built. Without a layer nothing is kept. */
export const HistoryStore = Context.Reference<HistoryStoreShape>("@naru/router/cache/HistoryStore", { defaultValue: () => nowhere });

/** A store that is empty when the layer is built and gone when it ends. It holds so many rows; what was used longest ago leaves. */
export const layerMemory = (maxRows = 500_000): Layer.Layer<never> =>
  Layer.effect(
    HistoryStore,
    Effect.sync(() => makeMemory(maxRows)),
  );
