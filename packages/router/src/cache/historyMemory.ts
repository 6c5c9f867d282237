/** The history store in memory: blocks as they would lie on disk, so that both are read and written by the same code. */
import * as Effect from "effect/Effect";
import type { Candle } from "../domain/Candle.ts";
import { makeColumns } from "./CandleColumns.ts";
import { rowsClaimed } from "./blockLayout.ts";
import { spliced } from "./blockSplice.ts";
import { blockRange, decodeCandles } from "./candleBlock.ts";
import { type Coverage, covered, nothing, type TimeRange, uncovered, within } from "./Coverage.ts";
import type { CandleSeries, HistoryStoreShape, KeptSeries } from "./HistoryStore.ts";
import { columnsOf, isWithin, partsOf } from "./keptRows.ts";

interface Kept {
  readonly series: CandleSeries;
  /** By the start of the block. */
  readonly blocks: Map<number, Uint8Array>;
  coverage: Coverage;
}

const nameOf = ({ venue, market, interval }: CandleSeries): string => `${venue} ${market} ${interval}`;

export const makeMemory = (maxRows: number): HistoryStoreShape => {
  const memory = new Memory(maxRows);
  return {
    isKept: true,
    candles: (series, range) =>
      Effect.sync(() => {
        const kept = memory.get(series);
        if (kept === undefined) return { rows: [], coverage: nothing };
        const rows = memory.blocksIn(kept, range).flatMap((bytes) => rowsOf(kept, bytes).filter(isWithin(range)));
        return { rows, coverage: within(kept.coverage, range) };
      }),
    columns: (series, range) =>
      Effect.sync(() => {
        const kept = memory.get(series);
        const blocks = kept === undefined ? [] : memory.blocksIn(kept, range);
        const columns = columnsOf(series, blocks, range) ?? makeColumns(series.market, series.interval, 0);
        return { columns, coverage: within(kept?.coverage ?? nothing, range) };
      }),
    coverage: (series) => Effect.sync(() => memory.get(series)?.coverage ?? nothing),
    putCandles: (series, rows, complete) =>
      Effect.sync(() => {
        // Nothing is touched before all of it is known to be good.
        const parts = [...partsOf(series.interval, rows, complete)];
        const kept = memory.obtain(series);
        for (const part of parts) {
          const bytes = kept.blocks.get(part.startMs);
          memory.write(kept, part.startMs, bytes === undefined ? part.data : (spliced(bytes, part.data, part.range, series) ?? damaged()));
        }
        kept.coverage = covered(kept.coverage, complete);
        memory.makeRoom();
      }),
    series: Effect.sync(() => memory.list()),
  };
};

const rowsOf = (kept: Kept, bytes: Uint8Array): ReadonlyArray<Candle> =>
  decodeCandles(bytes, kept.series.market, kept.series.interval) ?? damaged();

/** Memory of this process that nobody else writes to. */
const damaged = (): never => {
  throw new Error("a block of candles in memory is damaged");
};

/** The blocks of all series, and which of them were used longest ago. */
class Memory {
  readonly #maxRows: number;
  readonly #all = new Map<string, Kept>();
  /** Blocks by use, the youngest last, under the name of the series and the start of the block. */
  readonly #used = new Map<string, { readonly kept: Kept; readonly startMs: number; readonly rows: number }>();
  #rows = 0;

  constructor(maxRows: number) {
    this.#maxRows = maxRows;
  }

  get(series: CandleSeries): Kept | undefined {
    return this.#all.get(nameOf(series));
  }

  obtain(series: CandleSeries): Kept {
    const kept = this.get(series) ?? { series, blocks: new Map<number, Uint8Array>(), coverage: nothing };
    this.#all.set(nameOf(series), kept);
    return kept;
  }

  /** Ascending. They count as used. */
  blocksIn(kept: Kept, { fromMs, toMs }: TimeRange): ReadonlyArray<Uint8Array> {
    return [...kept.blocks.keys()]
      .filter((startMs) => startMs < toMs && blockRange(kept.series.interval, startMs).toMs > fromMs)
      .sort((a, b) => a - b)
      .flatMap((startMs) => this.#use(kept, startMs) ?? []);
  }

  write(kept: Kept, startMs: number, bytes: Uint8Array): void {
    const id = `${nameOf(kept.series)} ${startMs}`;
    const rows = rowsClaimed(bytes);
    this.#rows += rows - (this.#used.get(id)?.rows ?? 0);
    this.#used.delete(id);
    kept.blocks.set(startMs, bytes);
    this.#used.set(id, { kept, startMs, rows });
  }

  /** What was used longest ago leaves, and its range with it. The last block stays, however large. */
  makeRoom(): void {
    for (const [id, { kept, startMs, rows }] of this.#used) {
      if (this.#rows <= this.#maxRows || this.#used.size === 1) return;
      this.#used.delete(id);
      kept.blocks.delete(startMs);
      kept.coverage = uncovered(kept.coverage, blockRange(kept.series.interval, startMs));
      if (kept.coverage.length === 0) this.#all.delete(nameOf(kept.series));
      this.#rows -= rows;
    }
  }

  list(): ReadonlyArray<KeptSeries> {
    return [...this.#all.values()].map(({ series, blocks, coverage }) => {
      const rows = [...blocks.values()].reduce((sum, bytes) => sum + rowsClaimed(bytes), 0);
      return { ...series, rows, coverage };
    });
  }

  #use(kept: Kept, startMs: number): Uint8Array | undefined {
    const id = `${nameOf(kept.series)} ${startMs}`;
    const known = this.#used.get(id);
    if (known === undefined) return undefined;
    this.#used.delete(id);
    this.#used.set(id, known);
    return kept.blocks.get(startMs);
  }
}
