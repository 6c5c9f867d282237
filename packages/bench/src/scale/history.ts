/**
 * What kept history costs from ten thousand rows to ten million: how fast rows are on the disk, what a page, a day and a hundred thousand rows take to be read,
 * in time and in bytes of the file, and how large it is. Beside a table with a row for each candle. Nothing is measured twice in one file: it only grows.
 */
import { mkdtempSync, rmSync, statfsSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { HistoryDatabase } from "@naru/node/history/HistoryDatabase";
import * as SqliteHistory from "@naru/node/history/SqliteHistory";
import type { Candle } from "@naru/router/domain/Candle";
import { Decimal } from "@naru/router/domain/Decimal";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type { Case, Pace, Reading, Side } from "../Case.ts";
import { candleAt, series } from "../cases/candleHistory.ts";
import { type Curve, figuresOf, readingOf } from "./Curve.ts";
import { median } from "./timed.ts";

const sizes = [10_000, 100_000, 1_000_000, 10_000_000];
const reads = { page: 200, day: 1_440, "100,000 rows": 100_000 };

export const curve: Curve = {
  name: "scale-history",
  along: "rows in the file",
  sizes,
  lines: [
    { name: "kept", unit: "us/row, until it is on the disk", whole: "times size" },
    { name: "page", unit: "us CPU/page of 200 rows", whole: "itself" },
    { name: "day", unit: "us CPU/day of 1,440 rows", whole: "itself" },
    { name: "100,000 rows", unit: "us CPU/100,000 rows", whole: "itself", sizes: sizes.slice(1) },
    { name: "page bytes", unit: "bytes of the file/page of 200 rows", whole: "itself" },
    { name: "file", unit: "bytes/row", whole: "times size" },
  ],
  limit:
    "The bound of the file, `maxBytes`: 2 GB unless it is said otherwise, where the blocks that were used longest ago leave. A read touches the blocks of its own rows and one path of the index.",
};

/** Disk for either side's file with its log, in bytes. */
const neededBytes = 4e9;
const minuteMs = 60_000;
const rowsPerPut = 50_000;

/** A file of candles that grows. */
interface Kept {
  readonly put: (rows: ReadonlyArray<Candle>) => Effect.Effect<void, unknown>;
  /** Rows, with exact numbers, from the so-manieth on. */
  readonly read: (from: number, count: number) => Effect.Effect<number, unknown>;
  /** Bytes of the file that such a read takes in. */
  readonly readBytes: (from: number, count: number) => number;
  readonly bytes: () => number;
}

const rangeOf = (from: number, count: number) => ({
  fromMs: candleAt(from).openTimeMs,
  toMs: candleAt(from).openTimeMs + count * minuteMs,
});

const candidate = (path: string): Effect.Effect<Kept, unknown, Scope.Scope> =>
  Effect.map(SqliteHistory.make(path, { maxBytes: neededBytes }), (store) => {
    const reader = <A>(look: (database: HistoryDatabase) => A): A => {
      const database = new HistoryDatabase({ path, maxBytes: neededBytes, readOnly: true });
      try {
        return look(database);
      } finally {
        database.close();
      }
    };
    return {
      put: (rows) => store.putCandles(series, rows, { fromMs: rows[0]?.openTimeMs ?? 0, toMs: (rows.at(-1)?.openTimeMs ?? 0) + minuteMs }),
      read: (from, count) => Effect.map(store.candles(series, rangeOf(from, count)), ({ rows }) => rows.length),
      readBytes: (from, count) =>
        reader((database) => database.blocks(series, rangeOf(from, count), 0).blocks.reduce((sum, { length }) => sum + length, 0)),
      bytes: () => reader((database) => database.bytes()),
    };
  });

const columns = ["open", "high", "low", "close", "volume", "value"] as const;

/** A row each, by its time, numbers as text: what is read is made exact again. */
const base = (path: string): Effect.Effect<Kept, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const db = yield* Effect.acquireRelease(
      Effect.sync(() => new DatabaseSync(path)),
      (db) => Effect.sync(() => db.close()),
    );
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    db.exec(`CREATE TABLE candle (open_ms INTEGER PRIMARY KEY, ${columns.map((name) => `${name} TEXT`).join(", ")}, last_ms INTEGER)`);
    const insert = db.prepare("INSERT INTO candle VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    const select = db.prepare("SELECT * FROM candle WHERE open_ms >= ? AND open_ms < ? ORDER BY open_ms");
    type Row = Readonly<Record<(typeof columns)[number], string>>;
    const rowsOf = (from: number, count: number): ReadonlyArray<Row> => {
      const { fromMs, toMs } = rangeOf(from, count);
      return select.all(fromMs, toMs) as unknown as ReadonlyArray<Row>; // the table is this one's
    };
    return {
      put: (rows) =>
        Effect.sync(() => {
          db.exec("BEGIN");
          for (const row of rows) insert.run(row.openTimeMs, ...columns.map((name) => `${row[name]}`), row.lastTradeTimeMs);
          db.exec("COMMIT");
        }),
      read: (from, count) => Effect.sync(() => rowsOf(from, count).map((row) => columns.map((name) => Decimal.of(row[name]))).length),
      // Five small integers and headers beside the text.
      readBytes: (from, count) =>
        rowsOf(from, count).reduce((sum, row) => sum + columns.reduce((length, name) => length + row[name].length, 24), 0),
      bytes: () => {
        db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
        return statSync(path).size;
      },
    };
  });

/** Reads at places all over the file. */
const readMicros = Effect.fnUntraced(function* (kept: Kept, size: number, count: number, times: number) {
  const taken: Array<number> = [];
  for (let time = -3; time < times; time++) {
    const from = ((time + 3) * 7_919_777) % (size - count + 1);
    const before = process.cpuUsage();
    const rows = yield* kept.read(from, count);
    const { user, system } = process.cpuUsage(before);
    if (rows !== count) return yield* Effect.die(new Error(`${rows} rows of ${count}`));
    if (time >= 0) taken.push(user + system);
  }
  // What is cut from one block to the next differs: many reads, and their middle.
  return median(taken);
});

/** Rows are made before anything is timed, a put's at a time: ten million are more than memory. */
const grow = Effect.fnUntraced(function* (kept: Kept, from: number, to: number) {
  let seconds = 0;
  for (let at = from; at < to; at += rowsPerPut) {
    const rows = Array.from({ length: Math.min(rowsPerPut, to - at) }, (_, i) => candleAt(at + i));
    const began = performance.now();
    yield* kept.put(rows);
    seconds += (performance.now() - began) / 1_000;
  }
  return (seconds * 1e6) / (to - from);
});

const measured = Effect.fnUntraced(function* (kept: Kept, last: number) {
  const points: Record<string, Array<number>> = {};
  const add = (name: string, cost: number) => void (points[name] ??= []).push(cost);
  let held = 0;
  for (const size of curve.sizes) {
    // In quick mode the file grows no further, and the larger sizes say what this one does.
    const to = Math.min(size, last);
    if (to > held) add("kept", yield* grow(kept, held, to));
    else add("kept", points["kept"]?.at(-1) ?? Number.NaN);
    held = to;
    for (const [name, count] of Object.entries(reads))
      if (count <= size) add(name, yield* readMicros(kept, held, count, Math.max(5, Math.min(60, 300_000 / count))));
    add("page bytes", median(Array.from({ length: 9 }, (_, i) => kept.readBytes((i * 7_919_777) % (held - reads.page), reads.page))));
    add("file", kept.bytes() / held);
  }
  return points;
});

const run = async (side: Side, pace: Pace): Promise<Reading> => {
  const folder = mkdtempSync(join(tmpdir(), "naru-bench-"));
  try {
    const { bavail, bsize } = statfsSync(folder);
    if (bavail * bsize < neededBytes)
      throw new Error(`${folder} has ${Math.round((bavail * bsize) / 1e6)} MB free, it takes ${neededBytes / 1e6}`);
    const last = pace === "quick" ? 1_000_000 : 10_000_000;
    const kept = (side === "base" ? base : candidate)(join(folder, "rows.sqlite"));
    const points = await Effect.runPromise(Effect.scoped(Effect.flatMap(kept, (file) => measured(file, last))));
    return { figures: readingOf(curve, points), work: last };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

export const subject: Case = {
  name: curve.name,
  about: "what keeping and reading candles costs in a file of more rows",
  base: "a table with a row for each, 50,000 to a transaction",
  candidate: "the history file, through its thread",
  figures: figuresOf(curve),
  rounds: 3,
  seconds: 90,
  maxMs: 900_000,
  isolation: "child",
  run,
};
