/**
 * History in one SQLite file: blocks of candles as `candleBlock.ts` writes them, and the ranges in which nothing is missing; trades likewise, in
 * `TradeTables.ts`. Everything here is synchronous, and so belongs into a thread of its own (`historyWorker.ts`).
 *
 * A put is one transaction: its rows and its range are there together or not at all, and when it returns they are on the disk. Several processes may
 * use one file; a writer waits two seconds for another.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { blockRange, decodeCandles, encodeCandles, isWhole } from "@naru/router/cache/candleBlock";
import { type Coverage, covered, type TimeRange, uncovered, within } from "@naru/router/cache/Coverage";
import type { CandleSeries, KeptSeries, KeptTrades, TradeSeries } from "@naru/router/cache/HistoryStore";
import { type BlockPart, replaced } from "@naru/router/cache/keptRows";
import type { Trade } from "@naru/router/domain/Trade";
import { migrate } from "./historySchema.ts";
import { TradeTables } from "./TradeTables.ts";

export interface DatabaseOptions {
  readonly path: string;
  /** The size from which the blocks that were used longest ago leave. */
  readonly maxBytes: number;
}

export interface FoundBlocks {
  /** Ascending. */
  readonly blocks: ReadonlyArray<Uint8Array>;
  readonly coverage: Coverage;
  /** Blocks that were damaged. They are gone, and their ranges are missing now. */
  readonly damaged: number;
}

export interface Checked {
  readonly blocks: number;
  readonly damaged: number;
}

/** How long a writer waits for another one, in milliseconds. */
const busyMs = 2_000;
const dayMs = 86_400_000;
/** A file that is too large is brought to this share of what it may be. */
const roomShare = 0.95;

export class HistoryDatabase {
  readonly #db: DatabaseSync;
  readonly #options: DatabaseOptions;
  readonly #statements: Statements;
  readonly #trades: TradeTables;
  readonly #ids = new Map<string, number>();

  /** Opens the file, made where there is none. Throws what `node:sqlite` throws, or a `ForeignFile`. */
  constructor(options: DatabaseOptions) {
    this.#options = options;
    this.#db = new DatabaseSync(options.path, { timeout: busyMs });
    try {
      migrate(this.#db);
      this.#statements = prepared(this.#db);
      this.#trades = new TradeTables(this.#db);
    } catch (cause) {
      this.#db.close();
      throw cause;
    }
  }

  coverage(series: CandleSeries): Coverage {
    const id = this.#find(series);
    return id === undefined ? [] : this.#coverageOf(id);
  }

  /** The blocks that hold a range, which count as used. */
  blocks(series: CandleSeries, range: TimeRange, nowMs: number): FoundBlocks {
    const id = this.#find(series);
    if (id === undefined) return { blocks: [], coverage: [], damaged: 0 };
    // What was read a moment ago need not be said again: a read must not always be a write.
    const fromMs = range.fromMs >= range.toMs ? range.toMs : blockRange(series.interval, range.fromMs).fromMs;
    const found = this.#statements.blocks.all(id, fromMs, range.toMs) as unknown as ReadonlyArray<BlockRow>;
    if (found.some(({ used_ms }) => used_ms < nowMs - dayMs)) this.#statements.use.run(nowMs, id, fromMs, range.toMs);
    const damaged = found.filter(({ data }) => !isWhole(data));
    if (damaged.length > 0) this.#write(() => this.#drop(id, series, damaged));
    const whole = damaged.length === 0 ? found : found.filter((row) => !damaged.includes(row));
    return { blocks: whole.map(({ data }) => data), coverage: within(this.#coverageOf(id), range), damaged: damaged.length };
  }

  put(series: CandleSeries, parts: ReadonlyArray<BlockPart>, complete: TimeRange, nowMs: number): void {
    this.#write(() => {
      const id = this.#obtain(series);
      for (const part of parts) {
        const kept = this.#statements.block.get(id, part.startMs) as { readonly data: Uint8Array } | undefined;
        // A damaged block is as good as none; its range is complete from here on only where this put says so.
        const before = kept === undefined ? [] : decodeCandles(kept.data, series.market, series.interval);
        if (before === undefined) this.#drop(id, series, [{ start_ms: part.startMs }]);
        const rows = replaced(before ?? [], part);
        if (rows.length === 0) this.#statements.remove.run(id, part.startMs);
        else this.#statements.put.run(id, part.startMs, rows.length, nowMs, encodeCandles(rows));
      }
      this.#setCoverage(id, covered(this.#coverageOf(id), complete));
    });
    if (this.bytes() > this.#options.maxBytes) this.#makeRoom();
  }

  tradeCoverage(series: TradeSeries): Coverage {
    return this.#trades.coverage(series);
  }

  tradeBlocks(series: TradeSeries, range: TimeRange, nowMs: number): FoundBlocks {
    const { id, blocks, coverage, damaged } = this.#trades.find(series, range, nowMs);
    if (id === undefined || damaged.length === 0) return { blocks, coverage, damaged: 0 };
    this.#write(() => this.#trades.drop(id, damaged));
    return { blocks, coverage: within(this.#trades.coverage(series), range), damaged: damaged.length };
  }

  putTrades(series: TradeSeries, rows: ReadonlyArray<Trade>, complete: TimeRange, nowMs: number): void {
    this.#write(() => this.#trades.put(series, rows, complete, nowMs));
    if (this.bytes() > this.#options.maxBytes) this.#makeRoom();
  }

  tradeSeries(): ReadonlyArray<KeptTrades> {
    return this.#trades.series();
  }

  series(): ReadonlyArray<KeptSeries> {
    const rows = this.#statements.allSeries.all() as unknown as ReadonlyArray<SeriesRow>;
    return rows.map(({ id, venue, market, interval, rows }) => {
      // What was written came from a checked question.
      const series = { venue, market, interval } as CandleSeries;
      return { ...series, rows, coverage: this.#coverageOf(id) };
    });
  }

  /** Reads everything; what is damaged is taken out, and its range is missing from then on. Throws where SQLite itself finds its file broken. */
  check(): Checked {
    const [verdict] = this.#db.prepare("PRAGMA quick_check(1)").all() as unknown as ReadonlyArray<{ readonly quick_check: string }>;
    if (verdict?.quick_check !== "ok") throw new BrokenFile(verdict?.quick_check ?? "unknown");
    let blocks = 0;
    let damaged = 0;
    for (const { id, venue, market, interval } of this.#statements.allSeries.all() as unknown as ReadonlyArray<SeriesRow>) {
      const series = { venue, market, interval } as CandleSeries;
      const found = this.#statements.blocks.all(id, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER) as unknown as ReadonlyArray<BlockRow>;
      const bad = found.filter(({ data }) => !isWhole(data));
      if (bad.length > 0) this.#write(() => this.#drop(id, series, bad));
      blocks += found.length;
      damaged += bad.length;
    }
    for (const { id, blocks: whole, damaged: bad } of this.#trades.all()) {
      if (bad.length > 0) this.#write(() => this.#trades.drop(id, bad));
      blocks += whole.length + bad.length;
      damaged += bad.length;
    }
    return { blocks, damaged };
  }

  /** What the file takes, without what is free in it. */
  bytes(): number {
    const [size] = this.#db
      .prepare("SELECT (page_count - freelist_count) * page_size AS bytes FROM pragma_page_count, pragma_freelist_count, pragma_page_size")
      .all() as unknown as ReadonlyArray<{ readonly bytes: number }>;
    return size?.bytes ?? 0;
  }

  close(): void {
    this.#db.close();
  }

  #makeRoom(): void {
    this.#write(() => {
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
    let coverage = this.#coverageOf(id);
    for (const { start_ms } of blocks) {
      this.#statements.remove.run(id, start_ms);
      coverage = uncovered(coverage, blockRange(interval, start_ms));
    }
    this.#setCoverage(id, coverage);
  }

  #coverageOf(id: number): Coverage {
    const rows = this.#statements.coverage.all(id) as unknown as ReadonlyArray<{ readonly from_ms: number; readonly to_ms: number }>;
    return rows.map(({ from_ms, to_ms }) => ({ fromMs: from_ms, toMs: to_ms }));
  }

  #setCoverage(id: number, coverage: Coverage): void {
    this.#statements.forget.run(id);
    for (const { fromMs, toMs } of coverage) this.#statements.cover.run(id, fromMs, toMs);
  }

  #find({ venue, market, interval }: CandleSeries): number | undefined {
    const name = `${venue} ${market} ${interval}`;
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const found = this.#statements.find.get(venue, market, interval) as { readonly id: number } | undefined;
    if (found !== undefined) this.#ids.set(name, found.id);
    return found?.id;
  }

  #obtain(series: CandleSeries): number {
    const known = this.#find(series);
    if (known !== undefined) return known;
    // Not remembered before the transaction is over: it may be taken back.
    return Number(this.#statements.make.run(series.venue, series.market, series.interval).lastInsertRowid);
  }

  /** All of it or nothing. */
  #write(change: () => void): void {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      change();
      this.#db.exec("COMMIT");
    } catch (cause) {
      // A full disk may have ended the transaction already.
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw cause;
    }
  }
}

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
    put: db.prepare("INSERT OR REPLACE INTO block (series, start_ms, rows, used_ms, data) VALUES (?, ?, ?, ?, ?)"),
    remove: db.prepare("DELETE FROM block WHERE series = ? AND start_ms = ?"),
    oldest: db.prepare(
      `SELECT series AS id, start_ms, interval, length(data) AS size, used_ms FROM block JOIN series ON series.id = block.series
       UNION ALL SELECT series, start_ms, NULL, length(data), used_ms FROM trade_block ORDER BY used_ms, start_ms`,
    ),
    coverage: db.prepare("SELECT from_ms, to_ms FROM coverage WHERE series = ? ORDER BY from_ms"),
    forget: db.prepare("DELETE FROM coverage WHERE series = ?"),
    cover: db.prepare("INSERT INTO coverage (series, from_ms, to_ms) VALUES (?, ?, ?)"),
    allSeries: db.prepare(
      "SELECT id, venue, market, interval, (SELECT COALESCE(SUM(rows), 0) FROM block WHERE series = series_.id) AS rows FROM series AS series_ ORDER BY id",
    ),
  }) satisfies Record<string, StatementSync>;
