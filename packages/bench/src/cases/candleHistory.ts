/**
 * Kept candles beside the plain ways: read from the file into columns and into rows, beside `JSON.parse` of the same candles as the exchange sends them;
 * written through the store and its thread, in one call and as pages of two hundred that come at once, beside a table with a row for each candle, all of
 * them in one transaction. Either side does each thing several times, into a new file each, and its best counts: the first ones compile. What was
 * written is dropped before anything is read: a large heap makes whoever allocates pay for looking through it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { DatabaseSync } from "node:sqlite";
import { HistoryDatabase } from "@naru/node/history/HistoryDatabase";
import * as SqliteHistory from "@naru/node/history/SqliteHistory";
import { decodeCandles } from "@naru/router/cache/candleBlock";
import type { CandleSeries } from "@naru/router/cache/HistoryStore";
import type { Candle } from "@naru/router/domain/Candle";
import { Decimal } from "@naru/router/domain/Decimal";
import type { Market } from "@naru/router/domain/Market";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type { Case, Reading, Side } from "../Case.ts";

const rowCount = 100_000;
const pageRows = 200;
const minuteMs = 60_000;
const start = Date.UTC(2026, 0, 5);
export const series: CandleSeries = { venue: "sim", market: "KRW-BTC" as Market, interval: "1m" };
const range = { fromMs: start, toMs: start + rowCount * minuteMs };

export const candleAt = (at: number): Candle => {
  const price = (offset: number) => Decimal.make(BigInt(91_368_000 + ((at * 7_919 + offset) % 100_000)), 0);
  const volume = Decimal.make(BigInt(1 + ((at * 104_729) % 100_000_000)), 8);
  return {
    ...{
      market: series.market,
      interval: series.interval,
      openTimeMs: start + at * minuteMs,
      lastTradeTimeMs: start + at * minuteMs + 59_123,
    },
    ...{
      open: price(0),
      high: price(1_000),
      low: price(-1_000),
      close: price(500),
      volume,
      value: price(0).times(volume),
      state: "closed",
    },
  };
};

/** As the exchange spells it. */
const wireOf = (candle: Candle): string => {
  const [utc, kst] = [0, 9 * 3_600_000].map((offset) => new Date(candle.openTimeMs + offset).toISOString().slice(0, 19));
  const { open, high, low, close, value, volume } = candle;
  return (
    `{"market":"KRW-BTC","candle_date_time_utc":"${utc}","candle_date_time_kst":"${kst}","opening_price":${open}.00000000,` +
    `"high_price":${high}.00000000,"low_price":${low}.00000000,"trade_price":${close}.00000000,"timestamp":${candle.lastTradeTimeMs},` +
    `"candle_acc_trade_price":${value},"candle_acc_trade_volume":${volume},"unit":1}`
  );
};

const nowNanos = (): bigint => Effect.runSync(Clock.monotonicTimeNanos);

/** How often each thing is done: to be read often enough to be compiled, and not be written so often that a disk has more to do than it can. */
const reads = 9;
const writes = 3;

/** CPU milliseconds of a piece of work that gives so many rows, at its best. */
const timed = (work: () => number): number => {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < reads; round++) {
    const before = process.cpuUsage();
    const rows = work();
    const { user, system } = process.cpuUsage(before);
    if (rows !== rowCount) throw new Error(`${rows} rows of ${rowCount}`);
    best = Math.min(best, (user + system) / 1_000);
  }
  return best;
};

const pages = (rows: ReadonlyArray<Candle>): ReadonlyArray<ReadonlyArray<Candle>> =>
  Array.from({ length: rowCount / pageRows }, (_, page) => rows.slice(page * pageRows, (page + 1) * pageRows));

const rangeOf = (page: ReadonlyArray<Candle>) => ({
  fromMs: page[0]?.openTimeMs ?? 0,
  toMs: (page.at(-1)?.openTimeMs ?? 0) + minuteMs,
});

const perSecond = (beganNanos: bigint): number => rowCount / (Number(nowNanos() - beganNanos) / 1e9);

interface Written {
  /** Rows a second. */
  readonly rate: number;
  /** The longest that the event loop had to wait for its turn, in milliseconds. */
  readonly blockedMs: number;
}

/** From the call to the word that all of it is on the disk. The file is open before: how long a thread takes to start is not asked. */
const written = (path: string, puts: ReadonlyArray<ReadonlyArray<Candle>>): Promise<Written> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const store = yield* SqliteHistory.make(path);
        yield* store.series;
        const delay = monitorEventLoopDelay({ resolution: 1 });
        delay.enable();
        const began = nowNanos();
        yield* Effect.forEach(puts, (rows) => store.putCandles(series, rows, rangeOf(rows)), { concurrency: "unbounded", discard: true });
        const rate = perSecond(began);
        delay.disable();
        return { rate, blockedMs: delay.max / 1e6 };
      }),
    ),
  );

/** The best rate; of the event loop's waits the least, because whatever else the machine does only makes them longer. */
const writtenOften = async (folder: string, name: string, puts: ReadonlyArray<ReadonlyArray<Candle>>): Promise<Written> => {
  const found: Array<Written> = [];
  for (let nth = 0; nth < writes; nth++) found.push(await written(join(folder, `${name}${nth}.sqlite`), puts));
  return { rate: Math.max(...found.map(({ rate }) => rate)), blockedMs: Math.min(...found.map(({ blockedMs }) => blockedMs)) };
};

const candidate = async (rows: () => ReadonlyArray<Candle>, folder: string): Promise<Reading> => {
  const { rate: bulk, blockedMs: blocked } = await writtenOften(folder, "whole", [rows()]);
  const { rate: inPages } = await writtenOften(folder, "pages", pages(rows()));
  const database = new HistoryDatabase({ path: join(folder, "whole0.sqlite"), maxBytes: 1e9 });
  try {
    const blocks = () => database.blocks(series, range, start).blocks;
    return {
      figures: {
        columns: timed(() => database.columns(series, range, start).columns.length),
        rows: timed(() => blocks().reduce((sum, bytes) => sum + (decodeCandles(bytes, series.market, series.interval)?.length ?? 0), 0)),
        ...{ bulk, pages: inPages, blocked },
      },
      work: rowCount,
    };
  } finally {
    database.close();
  }
};

const base = (rows: () => ReadonlyArray<Candle>, folder: string): Reading => {
  const given = rows();
  const inserted = Math.max(...Array.from({ length: writes }, (_, nth) => insertedPlainly(given, join(folder, `rows${nth}.sqlite`))));
  const text = `[${given.map(wireOf).join(",")}]`;
  const parsed = timed(() => (JSON.parse(text) as ReadonlyArray<unknown>).length);
  return {
    figures: { columns: parsed, rows: parsed, bulk: inserted, pages: inserted, blocked: (rowCount / inserted) * 1_000 },
    work: rowCount,
  };
};

const insertedPlainly = (rows: ReadonlyArray<Candle>, path: string): number => {
  const db = new DatabaseSync(path);
  try {
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    db.exec(
      "CREATE TABLE candle (open_ms INTEGER PRIMARY KEY, open TEXT, high TEXT, low TEXT, close TEXT, volume TEXT, value TEXT, last_ms INTEGER)",
    );
    const insert = db.prepare("INSERT OR REPLACE INTO candle VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    const began = nowNanos();
    db.exec("BEGIN");
    for (const { openTimeMs, open, high, low, close, volume, value, lastTradeTimeMs } of rows)
      insert.run(openTimeMs, `${open}`, `${high}`, `${low}`, `${close}`, `${volume}`, `${value}`, lastTradeTimeMs);
    db.exec("COMMIT");
    return perSecond(began);
  } finally {
    db.close();
  }
};

const run = async (side: Side): Promise<Reading> => {
  const rows = () => Array.from({ length: rowCount }, (_, at) => candleAt(at));
  const folder = mkdtempSync(join(tmpdir(), "naru-bench-"));
  try {
    return await (side === "base" ? base : candidate)(rows, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

export const subject: Case = {
  name: "candle-history",
  about: "100,000 kept candles, read and written",
  base: "JSON.parse of the exchange's own text; a table with a row each, in one transaction",
  candidate: "the history file",
  figures: [
    { name: "columns", unit: "ms CPU", better: "lower" },
    { name: "rows", unit: "ms CPU", better: "lower" },
    { name: "bulk", unit: "rows/s, on the disk in one call", better: "higher" },
    { name: "pages", unit: "rows/s, on the disk as 500 pages at once", better: "higher" },
    { name: "blocked", unit: "ms, the event loop's longest wait meanwhile", better: "lower" },
  ],
  rounds: 5,
  isolation: "child",
  run,
};
