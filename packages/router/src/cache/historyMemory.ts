/** The history store in memory: blocks as they would lie on disk, so that both are read and written by the same code. */
import * as Effect from "effect/Effect";
import type { Candle } from "../domain/Candle.ts";
import type { Trade } from "../domain/Trade.ts";
import { BlockUse, type KeptBlocks, SeriesMemory } from "./blockMemory.ts";
import { makeColumns } from "../domain/CandleColumns.ts";
import { rowsClaimed } from "./blockLayout.ts";
import { spliced } from "./blockSplice.ts";
import { blockRange, decodeCandles } from "./candleBlock.ts";
import { nothing, within } from "./Coverage.ts";
import type { CandleSeries, HistoryStoreShape, TradeSeries } from "./HistoryStore.ts";
import { closedWithin, columnsOf, isWithin, partsOf } from "./keptRows.ts";
import { isTradeWithin, replacedTrades, tradePartsOf } from "./keptTrades.ts";
import { decodeTrades, encodeTrades, tradeBlockRange } from "./tradeBlock.ts";

export const makeMemory = (maxRows: number): HistoryStoreShape => {
  const use = new BlockUse(maxRows);
  return { isKept: true, ...candlesIn(use), ...tradesIn(use) };
};

type OfCandles = Pick<HistoryStoreShape, "candles" | "columns" | "coverage" | "putCandles" | "series">;
type OfTrades = Omit<HistoryStoreShape, keyof OfCandles | "isKept">;

const candlesIn = (use: BlockUse): OfCandles => {
  const all = new SeriesMemory<CandleSeries>(
    ({ venue, market, interval }) => `${venue} ${market} ${interval}`,
    ({ interval }, startMs) => blockRange(interval, startMs),
  );
  return {
    candles: (series, range) =>
      Effect.sync(() => {
        const kept = all.get(series);
        if (kept === undefined) return { rows: [], coverage: nothing };
        const rows = use.blocksIn(kept, range).flatMap((bytes) => candlesOf(series, bytes).filter(isWithin(range)));
        return { rows, coverage: within(kept.coverage, range) };
      }),
    columns: (series, range) =>
      Effect.sync(() => {
        const kept = all.get(series);
        const blocks = kept === undefined ? [] : use.blocksIn(kept, range);
        const columns = columnsOf(series, blocks, range) ?? makeColumns(series.market, series.interval, 0);
        return { columns, coverage: within(kept?.coverage ?? nothing, range) };
      }),
    coverage: (series) => Effect.sync(() => all.get(series)?.coverage ?? nothing),
    putCandles: (series, rows, complete) =>
      Effect.sync(() => {
        // Nothing is touched before all of it is known to be good.
        const parts = [...partsOf(series.interval, closedWithin(rows, complete), complete)];
        const kept = all.obtain(series);
        for (const part of parts) {
          const bytes = kept.blocks.get(part.startMs);
          const after = bytes === undefined ? part.data : (spliced(bytes, part.data, part.range, series) ?? damaged());
          use.write(kept, part.startMs, after, rowsClaimed(after));
        }
        kept.cover(complete);
        use.makeRoom();
      }),
    series: Effect.sync(() => all.list().map(({ series, kept }) => ({ ...series, rows: rowsIn(kept), coverage: kept.coverage }))),
  };
};

const tradesIn = (use: BlockUse): OfTrades => {
  const all = new SeriesMemory<TradeSeries>(
    ({ venue, market }) => `${venue} ${market} trades`,
    (_, startMs) => tradeBlockRange(startMs),
  );
  return {
    trades: (series, range) =>
      Effect.sync(() => {
        const kept = all.get(series);
        if (kept === undefined) return { rows: [], coverage: nothing };
        const blocks = use.blocksIn(kept, range);
        const rows = blocks.flatMap((bytes) => tradesOf(series, bytes).filter(isTradeWithin(range)));
        return { rows, coverage: within(kept.coverage, range) };
      }),
    tradeCoverage: (series) => Effect.sync(() => all.get(series)?.coverage ?? nothing),
    putTrades: (series, rows, complete) =>
      Effect.sync(() => {
        if (complete.fromMs >= complete.toMs) return;
        const kept = all.obtain(series);
        for (const part of tradePartsOf(rows, complete, kept.startsIn(complete))) {
          const bytes = kept.blocks.get(part.startMs);
          const whole = replacedTrades(bytes === undefined ? [] : tradesOf(series, bytes), part);
          use.write(kept, part.startMs, encodeTrades(whole), whole.length);
        }
        kept.cover(complete);
        use.makeRoom();
      }),
    tradeSeries: Effect.sync(() => all.list().map(({ series, kept }) => ({ ...series, rows: rowsIn(kept), coverage: kept.coverage }))),
  };
};

const rowsIn = ({ blocks }: KeptBlocks): number => [...blocks.values()].reduce((sum, bytes) => sum + rowsClaimed(bytes), 0);

const candlesOf = ({ market, interval }: CandleSeries, bytes: Uint8Array): ReadonlyArray<Candle> =>
  decodeCandles(bytes, market, interval) ?? damaged();

const tradesOf = ({ market }: TradeSeries, bytes: Uint8Array): ReadonlyArray<Trade> => decodeTrades(bytes, market) ?? damaged();

/** Memory of this process that nobody else writes to. */
const damaged = (): never => {
  throw new Error("a block of history in memory is damaged");
};
