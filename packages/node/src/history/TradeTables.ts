/**
 * Trades in the history file: blocks as `tradeBlock.ts` writes them, and the ranges in which nothing is missing. Synchronous, as all of the file is.
 * Transactions, and the size of the file, are the business of `HistoryDatabase`, which calls what is here inside of one.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type Coverage, covered, type TimeRange, uncovered, within } from "@naru/router/cache/Coverage";
import type { KeptTrades, TradeSeries } from "@naru/router/cache/HistoryStore";
import { replacedTrades, type TradePart, tradePartsOf } from "@naru/router/cache/keptTrades";
import { rowsClaimed } from "@naru/router/cache/blockLayout";
import { decodeTrades, encodeTrades, isWholeTrades, tradeBlockRange } from "@naru/router/cache/tradeBlock";
import type { Trade } from "@naru/router/domain/Trade";
import { CoverageTable } from "./CoverageTable.ts";

/** Blocks that were found, some of them perhaps damaged. */
export interface FoundTrades {
  /** Undefined where nothing is kept. */
  readonly id: number | undefined;
  /** Ascending. */
  readonly blocks: ReadonlyArray<Uint8Array>;
  readonly coverage: Coverage;
  /** Starts of those that are damaged, which are not among `blocks`. */
  readonly damaged: ReadonlyArray<number>;
  /** Some of them were used so long ago that it has to be said again. */
  readonly isOld: boolean;
}

/** One series that was looked at. */
export interface CheckedTrades {
  readonly id: number;
  readonly series: TradeSeries;
  readonly blocks: number;
  /** Trades that are whole. */
  readonly rows: number;
  /** Starts of the blocks that are damaged. */
  readonly damaged: ReadonlyArray<number>;
}

/** What was used a shorter time ago is not said to be used again: a read must not always be a write. */
const dayMs = 86_400_000;

export class TradeTables {
  readonly #statements: Statements;
  readonly #coverage: CoverageTable;

  constructor(db: DatabaseSync) {
    this.#statements = prepared(db);
    this.#coverage = new CoverageTable(db, "trade_coverage");
  }

  coverage(series: TradeSeries): Coverage {
    const id = this.#find(series);
    return id === undefined ? [] : this.#coverage.of(id);
  }

  /** The blocks that hold a range, and what of it is complete: to be looked at in one transaction, because another process may write meanwhile. */
  find(series: TradeSeries, range: TimeRange, nowMs: number): FoundTrades {
    const id = this.#find(series);
    if (id === undefined || range.fromMs >= range.toMs) return { id, blocks: [], coverage: [], damaged: [], isOld: false };
    const found = this.#blocks(id, tradeBlockRange(range.fromMs).fromMs, range.toMs);
    const isOld = found.some(({ used_ms }) => used_ms < nowMs - dayMs);
    const [whole, damaged] = parted(found);
    return { id, blocks: whole.map(({ data }) => data), coverage: within(this.#coverage.of(id), range), damaged, isOld };
  }

  /** The blocks that hold a range count as used now. */
  use(id: number, range: TimeRange, nowMs: number): void {
    this.#statements.use.run(nowMs, id, tradeBlockRange(range.fromMs).fromMs, range.toMs);
  }

  put(series: TradeSeries, rows: ReadonlyArray<Trade>, complete: TimeRange, nowMs: number): void {
    const id = this.#obtain(series);
    const kept = this.#statements.starts.all(
      id,
      tradeBlockRange(complete.fromMs).fromMs,
      complete.toMs,
    ) as unknown as ReadonlyArray<StartRow>;
    const parts = tradePartsOf(
      rows,
      complete,
      kept.map(({ start_ms }) => start_ms),
    );
    for (const part of parts) this.#putPart(id, series, part, nowMs);
    this.#coverage.set(id, covered(this.#coverage.of(id), complete));
  }

  series(): ReadonlyArray<KeptTrades> {
    const rows = this.#statements.allSeries.all() as unknown as ReadonlyArray<SeriesRow>;
    // What was written came from a checked question.
    return rows.map(({ id, venue, market, rows }) => ({ ...({ venue, market } as TradeSeries), rows, coverage: this.#coverage.of(id) }));
  }

  /** Looks at everything, a block at a time: a file may be larger than memory. */
  *checked(): Generator<CheckedTrades> {
    for (const { id, venue, market } of this.#statements.allSeries.all() as unknown as ReadonlyArray<SeriesRow>) {
      const damaged: Array<number> = [];
      let [blocks, rows] = [0, 0];
      for (const row of this.#statements.blocks.iterate(
        id,
        Number.MIN_SAFE_INTEGER,
        Number.MAX_SAFE_INTEGER,
      ) as unknown as Iterable<BlockRow>) {
        blocks++;
        if (isWholeTrades(row.data)) rows += rowsClaimed(row.data);
        else damaged.push(row.start_ms);
      }
      yield { id, series: { venue, market } as TradeSeries, blocks, rows, damaged };
    }
  }

  /** Takes blocks out, and their ranges with them. */
  drop(id: number, startsMs: ReadonlyArray<number>): void {
    let coverage = this.#coverage.of(id);
    for (const startMs of startsMs) {
      this.#statements.remove.run(id, startMs);
      coverage = uncovered(coverage, tradeBlockRange(startMs));
    }
    this.#coverage.set(id, coverage);
  }

  #putPart(id: number, { market }: TradeSeries, part: TradePart, nowMs: number): void {
    const kept = this.#statements.block.get(id, part.startMs) as Pick<BlockRow, "data"> | undefined;
    // A damaged block is as good as none; its range is complete from here on only where this put says so.
    const before = kept === undefined ? [] : decodeTrades(kept.data, market);
    if (before === undefined) this.drop(id, [part.startMs]);
    const rows = replacedTrades(before ?? [], part);
    if (rows.length === 0) this.#statements.remove.run(id, part.startMs);
    else this.#statements.put.run(id, part.startMs, rows.length, nowMs, encodeTrades(rows));
  }

  #blocks(id: number, fromMs: number, toMs: number): ReadonlyArray<BlockRow> {
    return this.#statements.blocks.all(id, fromMs, toMs) as unknown as ReadonlyArray<BlockRow>;
  }

  #find({ venue, market }: TradeSeries): number | undefined {
    return (this.#statements.find.get(venue, market) as { readonly id: number } | undefined)?.id;
  }

  #obtain(series: TradeSeries): number {
    return this.#find(series) ?? Number(this.#statements.make.run(series.venue, series.market).lastInsertRowid);
  }
}

const parted = (found: ReadonlyArray<BlockRow>): readonly [whole: ReadonlyArray<BlockRow>, damaged: ReadonlyArray<number>] => {
  const whole = found.filter(({ data }) => isWholeTrades(data));
  return [whole, whole.length === found.length ? [] : found.filter((row) => !whole.includes(row)).map(({ start_ms }) => start_ms)];
};

interface SeriesRow {
  readonly id: number;
  readonly venue: string;
  readonly market: string;
  readonly rows: number;
}

interface StartRow {
  readonly start_ms: number;
}

interface BlockRow extends StartRow {
  readonly used_ms: number;
  readonly data: Uint8Array;
}

type Statements = ReturnType<typeof prepared>;

const prepared = (db: DatabaseSync) =>
  ({
    find: db.prepare("SELECT id FROM trade_series WHERE venue = ? AND market = ?"),
    make: db.prepare("INSERT INTO trade_series (venue, market) VALUES (?, ?)"),
    block: db.prepare("SELECT data FROM trade_block WHERE series = ? AND start_ms = ?"),
    blocks: db.prepare(
      "SELECT start_ms, used_ms, data FROM trade_block WHERE series = ? AND start_ms >= ? AND start_ms < ? ORDER BY start_ms",
    ),
    starts: db.prepare("SELECT start_ms FROM trade_block WHERE series = ? AND start_ms >= ? AND start_ms < ?"),
    use: db.prepare("UPDATE trade_block SET used_ms = ? WHERE series = ? AND start_ms >= ? AND start_ms < ?"),
    put: db.prepare(
      `INSERT INTO trade_block (series, start_ms, rows, used_ms, data) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (series, start_ms) DO UPDATE SET rows = excluded.rows, used_ms = excluded.used_ms, data = excluded.data`,
    ),
    remove: db.prepare("DELETE FROM trade_block WHERE series = ? AND start_ms = ?"),
    allSeries: db.prepare(
      "SELECT id, venue, market, (SELECT COALESCE(SUM(rows), 0) FROM trade_block WHERE series = series_.id) AS rows FROM trade_series AS series_ ORDER BY id",
    ),
  }) satisfies Record<string, StatementSync>;
