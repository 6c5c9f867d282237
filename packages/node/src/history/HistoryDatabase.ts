/**
 * History in one SQLite file: blocks of candles as `candleBlock.ts` writes them, and the ranges in which nothing is missing; trades likewise, in
 * `TradeTables.ts`. Everything here is synchronous, and so belongs into a thread of its own (`historyWorker.ts`).
 *
 * A put's rows and its range are there together or not at all, and when `putAll` returns they are on the disk, whatever became of the others. Several
 * processes may use one file; a writer waits two seconds for another.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { isWhole, rowsClaimed } from "@naru/router/cache/blockLayout";
import { DamagedPart, spliced } from "@naru/router/cache/blockSplice";
import type { CandleColumns } from "@naru/router/domain/CandleColumns";
import { blockRange } from "@naru/router/cache/candleBlock";
import { type Coverage, covered, type TimeRange, uncovered, within } from "@naru/router/cache/Coverage";
import type { CandleSeries, KeptSeries, KeptTrades, TradeSeries } from "@naru/router/cache/HistoryStore";
import { type BlockPart, columnsOf, isWholeBlock } from "@naru/router/cache/keptRows";
import { decodeTrades, tradeBlockRange } from "@naru/router/cache/tradeBlock";
import { CoverageTable } from "./CoverageTable.ts";
import { attempted, committed, type Outcome, transaction } from "./groupCommit.ts";
import { checkShape, migrate } from "./historySchema.ts";
import { TradeTables } from "./TradeTables.ts";

export interface DatabaseOptions {
  readonly path: string;
  /** The size from which the blocks that were used longest ago leave. */
  readonly maxBytes: number;
  /** Only looked at: nothing is written, what is damaged is left where it is, and there must be a file (false). */
  readonly readOnly?: boolean | undefined;
}

export interface FoundBlocks {
  /** Ascending. */
  readonly blocks: ReadonlyArray<Uint8Array>;
  readonly coverage: Coverage;
  /** Blocks that were damaged. They are gone, and their ranges are missing now. */
  readonly damaged: number;
}

export interface FoundColumns {
  readonly columns: CandleColumns;
  readonly coverage: Coverage;
  readonly damaged: number;
}

/** What is known of a range completely. */
export interface Put {
  readonly series: CandleSeries;
  readonly parts: ReadonlyArray<BlockPart>;
  readonly complete: TimeRange;
  readonly nowMs: number;
}

/** The same of trades. */
export interface TradePut {
  readonly series: TradeSeries;
  /** As blocks. */
  readonly blocks: ReadonlyArray<Uint8Array>;
  readonly complete: TimeRange;
  readonly nowMs: number;
}

/** What a look at everything came to. */
export interface Checked {
  readonly series: number;
  readonly blocks: number;
  /** Candles and trades that are whole. */
  readonly rows: number;
  /** What is damaged, and missing now: each series with the range of a block. */
  readonly damaged: ReadonlyArray<(CandleSeries | TradeSeries) & TimeRange>;
}

/** How long a writer waits for another one, in milliseconds. */
const busyMs = 2_000;
const dayMs = 86_400_000;
/** A file that is too large is brought to this share of what it may be. */
const roomShare = 0.95;

export class HistoryDatabase {
  readonly #db: DatabaseSync;
  readonly #options: DatabaseOptions;
  readonly #isReadOnly: boolean;
  readonly #statements: Statements;
  readonly #coverage: CoverageTable;
  readonly #trades: TradeTables;
  readonly #ids = new Map<string, number>();

  /** Opens the file, made where there is none. Throws what `node:sqlite` throws, or a `ForeignFile`. */
  constructor(options: DatabaseOptions) {
    this.#options = options;
    this.#isReadOnly = options.readOnly === true;
    this.#db = new DatabaseSync(options.path, { timeout: busyMs, readOnly: this.#isReadOnly });
    try {
      if (this.#isReadOnly) checkShape(this.#db);
      else migrate(this.#db);
      this.#statements = prepared(this.#db);
      this.#coverage = new CoverageTable(this.#db, "coverage");
      this.#trades = new TradeTables(this.#db);
    } catch (cause) {
      this.#db.close();
      throw cause;
    }
  }

  coverage(series: CandleSeries): Coverage {
    const id = this.#find(series);
    return id === undefined ? [] : this.#coverage.of(id);
  }

  /** The blocks that hold a range, which count as used. */
  blocks(series: CandleSeries, range: TimeRange, nowMs: number): FoundBlocks {
    const found = this.#found(series, range, nowMs);
    const damaged = found.rows.filter(({ data }) => !isWhole(data));
    const { rows, coverage } = damaged.length === 0 ? found : this.#without(series, found, damaged);
    return { blocks: rows.map(({ data }) => data), coverage, damaged: damaged.length };
  }

  /** The same as columns: one copy of the file's bytes, made here and not where they are used. */
  columns(series: CandleSeries, range: TimeRange, nowMs: number): FoundColumns {
    const found = this.#found(series, range, nowMs);
    const columns = this.#columnsOf(series, found.rows, range);
    if (columns !== undefined) return { columns, coverage: found.coverage, damaged: 0 };
    const damaged = found.rows.filter(({ data }) => !isWhole(data));
    const { rows, coverage } = this.#without(series, found, damaged);
    const rest = this.#columnsOf(series, rows, range);
    if (rest === undefined) throw new BrokenFile("a block changed while it was read");
    return { columns: rest, coverage, damaged: damaged.length };
  }

  /** What became of each. They wait for the disk once, and one that cannot be written fails alone. */
  putAll(puts: ReadonlyArray<Put | TradePut>): ReadonlyArray<Outcome> {
    const outcomes = committed(
      this.#db,
      puts.map((put) => () => ("blocks" in put ? this.#putTrades(put) : this.#put(put))),
    );
    // What is kept is kept, also where no room could be made behind it: the next put tries that again.
    if (outcomes.includes(undefined) && this.bytes() > this.#options.maxBytes) attempted(() => this.#makeRoom());
    return outcomes;
  }

  tradeCoverage(series: TradeSeries): Coverage {
    return this.#trades.coverage(series);
  }

  tradeBlocks(series: TradeSeries, range: TimeRange, nowMs: number): FoundBlocks {
    const { id, blocks, coverage, damaged, isOld } = this.#atOneMoment(() => this.#trades.find(series, range, nowMs));
    if (id !== undefined && isOld && !this.#isReadOnly) attempted(() => this.#trades.use(id, range, nowMs));
    if (id === undefined || damaged.length === 0) return { blocks, coverage, damaged: 0 };
    if (!this.#isReadOnly) attempted(() => transaction(this.#db, () => this.#trades.drop(id, damaged)));
    const left = damaged.reduce((known, startMs) => uncovered(known, tradeBlockRange(startMs)), coverage);
    return { blocks, coverage: left, damaged: damaged.length };
  }

  tradeSeries(): ReadonlyArray<KeptTrades> {
    return this.#trades.series();
  }

  series(): ReadonlyArray<KeptSeries> {
    const rows = this.#statements.allSeries.all() as unknown as ReadonlyArray<SeriesRow>;
    return rows.map(({ id, venue, market, interval, rows }) => {
      // What was written came from a checked question.
      const series = { venue, market, interval } as CandleSeries;
      return { ...series, rows, coverage: this.#coverage.of(id) };
    });
  }

  /** Reads everything; what is damaged is taken out, and its range is missing from then on. Throws where SQLite itself finds its file broken. */
  check(): Checked {
    const [verdict] = this.#db.prepare("PRAGMA integrity_check(1)").all() as unknown as ReadonlyArray<{ readonly integrity_check: string }>;
    if (verdict?.integrity_check !== "ok") throw new BrokenFile(verdict?.integrity_check ?? "unknown");
    const series = this.#statements.allSeries.all() as unknown as ReadonlyArray<SeriesRow>;
    const found = [...series.map((one) => this.#checked(one)), ...this.#checkedTrades()];
    return {
      series: found.length,
      blocks: found.reduce((sum, { blocks }) => sum + blocks, 0),
      rows: found.reduce((sum, { rows }) => sum + rows, 0),
      damaged: found.flatMap(({ damaged }) => damaged),
    };
  }

  *#checkedTrades(): Generator<Omit<Checked, "series">> {
    for (const { id, series, blocks, rows, damaged } of this.#trades.checked()) {
      if (damaged.length > 0 && !this.#isReadOnly) transaction(this.#db, () => this.#trades.drop(id, damaged));
      yield { blocks, rows, damaged: damaged.map((startMs) => ({ ...series, ...tradeBlockRange(startMs) })) };
    }
  }

  /** A block at a time: a file may be larger than memory. */
  #checked({ id, venue, market, interval }: SeriesRow): Omit<Checked, "series"> {
    const series = { venue, market, interval } as CandleSeries;
    const bad: Array<BlockRow> = [];
    let [blocks, rows] = [0, 0];
    for (const row of this.#statements.blocks.iterate(
      id,
      Number.MIN_SAFE_INTEGER,
      Number.MAX_SAFE_INTEGER,
    ) as unknown as Iterable<BlockRow>) {
      blocks++;
      if (isWhole(row.data)) rows += rowsClaimed(row.data);
      else bad.push(row);
    }
    if (bad.length > 0 && !this.#isReadOnly) transaction(this.#db, () => this.#drop(id, series, bad));
    return { blocks, rows, damaged: bad.map(({ start_ms }) => ({ ...series, ...blockRange(series.interval, start_ms) })) };
  }

  /** What the file takes, without what is free in it. */
  bytes(): number {
    const size = this.#statements.size.get() as { readonly bytes: number } | undefined;
    return size?.bytes ?? 0;
  }

  close(): void {
    this.#db.close();
  }

  #makeRoom(): void {
    transaction(this.#db, () => {
      const aimBytes = this.#options.maxBytes * roomShare;
      let bytes = this.bytes();
      for (const { id, start_ms, interval, size } of this.#statements.oldest.all() as unknown as ReadonlyArray<OldRow>) {
        if (bytes <= aimBytes) break;
        if (interval === null) this.#trades.drop(id, [start_ms]);
        else this.#drop(id, { interval }, [{ start_ms }]);
        bytes -= size;
      }
    });
    this.#db.exec("PRAGMA incremental_vacuum");
  }

  #drop(id: number, { interval }: Pick<CandleSeries, "interval">, blocks: ReadonlyArray<Pick<BlockRow, "start_ms">>): void {
    let coverage = this.#coverage.of(id);
    for (const { start_ms } of blocks) {
      this.#statements.remove.run(id, start_ms);
      coverage = uncovered(coverage, blockRange(interval, start_ms));
    }
    this.#coverage.set(id, coverage);
  }

  #find({ venue, market, interval }: CandleSeries): number | undefined {
    const name = `${venue} ${market} ${interval}`;
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const found = this.#statements.find.get(venue, market, interval) as { readonly id: number } | undefined;
    // Not remembered before the transaction is over that made it: it may be taken back.
    if (found !== undefined && !this.#db.isTransaction) this.#ids.set(name, found.id);
    return found?.id;
  }

  #obtain(series: CandleSeries): number {
    const known = this.#find(series);
    if (known !== undefined) return known;
    return Number(this.#statements.make.run(series.venue, series.market, series.interval).lastInsertRowid);
  }

  /** What is kept of a range as it is at one moment: another process may write between two looks. */
  #found(series: CandleSeries, range: TimeRange, nowMs: number): Found {
    const id = this.#find(series);
    if (id === undefined) return { rows: [], coverage: [] };
    const fromMs = range.fromMs >= range.toMs ? range.toMs : blockRange(series.interval, range.fromMs).fromMs;
    const found = this.#atOneMoment(() => ({
      rows: this.#statements.blocks.all(id, fromMs, range.toMs) as unknown as ReadonlyArray<BlockRow>,
      coverage: within(this.#coverage.of(id), range),
    }));
    // What was read a moment ago need not be said again: a read must not always be a write, nor fail because another process writes.
    const isOld = found.rows.some(({ used_ms }) => used_ms < nowMs - dayMs);
    if (isOld && !this.#isReadOnly) attempted(() => this.#statements.use.run(nowMs, id, fromMs, range.toMs));
    return found;
  }

  /** Without what is damaged, which leaves the file as well, now or when it is met again. */
  #without(series: CandleSeries, { rows, coverage }: Found, damaged: ReadonlyArray<BlockRow>): Found {
    const id = this.#find(series);
    if (id !== undefined && !this.#isReadOnly) attempted(() => transaction(this.#db, () => this.#drop(id, series, damaged)));
    return {
      rows: rows.filter((row) => !damaged.includes(row)),
      coverage: damaged.reduce((left, { start_ms }) => uncovered(left, blockRange(series.interval, start_ms)), coverage),
    };
  }

  #columnsOf(series: CandleSeries, rows: ReadonlyArray<BlockRow>, range: TimeRange): CandleColumns | undefined {
    return columnsOf(
      series,
      rows.map(({ data }) => data),
      range,
    );
  }

  #atOneMoment<A>(look: () => A): A {
    this.#db.exec("BEGIN");
    try {
      return look();
    } finally {
      this.#db.exec("COMMIT");
    }
  }

  #put({ series, parts, complete, nowMs }: Put): void {
    const id = this.#obtain(series);
    for (const part of parts) {
      const bytes = this.#after(id, series, part);
      const rows = rowsClaimed(bytes);
      if (rows === 0) this.#statements.remove.run(id, part.startMs);
      else this.#statements.put.run(id, part.startMs, rows, nowMs, bytes);
    }
    this.#coverage.set(id, covered(this.#coverage.of(id), complete));
  }

  #putTrades({ series, blocks, complete, nowMs }: TradePut): void {
    const rows = blocks.flatMap((data) => decodeTrades(data, series.market) ?? damagedPart());
    this.#trades.put(series, rows, complete, nowMs);
  }

  /** A block after a part of it is known anew. What was sent is checked before it is kept. */
  #after(id: number, series: CandleSeries, part: BlockPart): Uint8Array {
    const kept = isWholeBlock(series.interval, part)
      ? undefined
      : (this.#statements.block.get(id, part.startMs) as { readonly data: Uint8Array } | undefined);
    const bytes = kept === undefined ? undefined : spliced(kept.data, part.data, part.range, series);
    if (bytes !== undefined) return bytes;
    if (!isWhole(part.data)) damagedPart();
    // A damaged block is as good as none; its range is complete from here on only where this put says so.
    if (kept !== undefined) this.#drop(id, series, [{ start_ms: part.startMs }]);
    return part.data;
  }
}

/** A block that was damaged on its way here is no empty range. */
const damagedPart = (): never => {
  throw new DamagedPart("a part of a block was damaged before it was written");
};

/** SQLite says that its file is broken. */
export class BrokenFile extends Error {}

interface SeriesRow {
  readonly id: number;
  readonly venue: string;
  readonly market: string;
  readonly interval: string;
  readonly rows: number;
}

interface BlockRow {
  readonly start_ms: number;
  readonly used_ms: number;
  readonly data: Uint8Array;
}

interface Found {
  readonly rows: ReadonlyArray<BlockRow>;
  readonly coverage: Coverage;
}

interface OldRow {
  readonly id: number;
  /** Null for trades. */
  readonly interval: CandleSeries["interval"] | null;
  readonly start_ms: number;
  readonly size: number;
}

type Statements = ReturnType<typeof prepared>;

const prepared = (db: DatabaseSync) =>
  ({
    find: db.prepare("SELECT id FROM series WHERE venue = ? AND market = ? AND interval = ?"),
    make: db.prepare("INSERT INTO series (venue, market, interval) VALUES (?, ?, ?)"),
    block: db.prepare("SELECT data FROM block WHERE series = ? AND start_ms = ?"),
    blocks: db.prepare("SELECT start_ms, used_ms, data FROM block WHERE series = ? AND start_ms >= ? AND start_ms < ? ORDER BY start_ms"),
    use: db.prepare("UPDATE block SET used_ms = ? WHERE series = ? AND start_ms >= ? AND start_ms < ?"),
    // A row that is kept keeps its place: to be replaced, it would leave two indexes and come back to them.
    put: db.prepare(
      `INSERT INTO block (series, start_ms, rows, used_ms, data) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (series, start_ms) DO UPDATE SET rows = excluded.rows, used_ms = excluded.used_ms, data = excluded.data`,
    ),
    remove: db.prepare("DELETE FROM block WHERE series = ? AND start_ms = ?"),
    oldest: db.prepare(
      `SELECT series AS id, start_ms, interval, length(data) AS size, used_ms FROM block JOIN series ON series.id = block.series
       UNION ALL SELECT series, start_ms, NULL, length(data), used_ms FROM trade_block ORDER BY used_ms, start_ms`,
    ),
    size: db.prepare(
      "SELECT (page_count - freelist_count) * page_size AS bytes FROM pragma_page_count, pragma_freelist_count, pragma_page_size",
    ),
    allSeries: db.prepare(
      "SELECT id, venue, market, interval, (SELECT COALESCE(SUM(rows), 0) FROM block WHERE series = series_.id) AS rows FROM series AS series_ ORDER BY id",
    ),
  }) satisfies Record<string, StatementSync>;
