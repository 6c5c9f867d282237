/**
 * Kept candles beside the plain ways: read from the file into columns and into rows, beside `JSON.parse` of the same candles as the exchange sends them;
 * written as pages of two hundred, beside a table with a row for each candle and a transaction for each page.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { HistoryDatabase } from "@naru/node/history/HistoryDatabase";
import { decodeCandles } from "@naru/router/cache/candleBlock";
import type { CandleSeries } from "@naru/router/cache/HistoryStore";
import { columnsOf, partsOf } from "@naru/router/cache/keptRows";
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
const series: CandleSeries = { venue: "sim", market: "KRW-BTC" as Market, interval: "1m" };
const range = { fromMs: start, toMs: start + rowCount * minuteMs };

const candleAt = (at: number): Candle => {
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

/** CPU milliseconds of a piece of work that gives so many rows, the best of three: the first ones compile. */
const timed = (work: () => number): number => {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round++) {
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

const candidate = (rows: ReadonlyArray<Candle>, folder: string): Reading => {
  const database = new HistoryDatabase({ path: join(folder, "history.sqlite"), maxBytes: 1e9 });
  try {
    const began = nowNanos();
    for (const page of pages(rows)) {
      const complete = { fromMs: page[0]?.openTimeMs ?? 0, toMs: (page.at(-1)?.openTimeMs ?? 0) + minuteMs };
      database.put(series, partsOf(series.interval, page, complete), complete, start);
    }
    const seconds = Number(nowNanos() - began) / 1e9;
    const blocks = () => database.blocks(series, range, start).blocks;
    return {
      figures: {
        columns: timed(() => columnsOf(series, blocks(), range)?.length ?? 0),
        rows: timed(() => blocks().reduce((sum, bytes) => sum + (decodeCandles(bytes, series.market, series.interval)?.length ?? 0), 0)),
        insert: rowCount / seconds,
      },
      work: rowCount,
    };
  } finally {
    database.close();
  }
};

const base = (rows: ReadonlyArray<Candle>, folder: string): Reading => {
  const text = `[${rows.map(wireOf).join(",")}]`;
  const parsed = timed(() => (JSON.parse(text) as ReadonlyArray<unknown>).length);
  const db = new DatabaseSync(join(folder, "rows.sqlite"));
  try {
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    db.exec(
      "CREATE TABLE candle (open_ms INTEGER PRIMARY KEY, open TEXT, high TEXT, low TEXT, close TEXT, volume TEXT, value TEXT, last_ms INTEGER)",
    );
    const insert = db.prepare("INSERT OR REPLACE INTO candle VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    const began = nowNanos();
    for (const page of pages(rows)) {
      db.exec("BEGIN");
      for (const { openTimeMs, open, high, low, close, volume, value, lastTradeTimeMs } of page)
        insert.run(openTimeMs, `${open}`, `${high}`, `${low}`, `${close}`, `${volume}`, `${value}`, lastTradeTimeMs);
      db.exec("COMMIT");
    }
    return {
      figures: { columns: parsed, rows: parsed, insert: rowCount / (Number(nowNanos() - began) / 1e9) },
      work: rowCount,
    };
  } finally {
    db.close();
  }
};

const run = async (side: Side): Promise<Reading> => {
  const rows = Array.from({ length: rowCount }, (_, at) => candleAt(at));
  const folder = mkdtempSync(join(tmpdir(), "naru-bench-"));
  try {
    return (side === "base" ? base : candidate)(rows, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

export const subject: Case = {
  name: "candle-history",
  about: "100,000 kept candles, read and written",
  base: "JSON.parse of the exchange's own text; a table with a row each",
  candidate: "the history file",
  figures: [
    { name: "columns", unit: "ms CPU", better: "lower" },
    { name: "rows", unit: "ms CPU", better: "lower" },
    { name: "insert", unit: "rows/s, on the disk page by page", better: "higher" },
  ],
  rounds: 5,
  isolation: "child",
  run,
};
