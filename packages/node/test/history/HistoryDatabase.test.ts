/** The history file by itself, without its thread: what a disk that lost something leaves of it. */
import { copyFileSync, mkdtempSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { assert, describe, it, vi } from "@effect/vitest";
import { decodeCandles } from "@naru/router/cache/candleBlock";
import { partsOf } from "@naru/router/cache/keptRows";
import { encodeTrades } from "@naru/router/cache/tradeBlock";
import { candleAt, minutes, seriesOf } from "../../../router/test/cache/historyContract.ts";
import { seconds, tradeLedger, tradesOf } from "../../../router/test/cache/tradeContract.ts";
import { HistoryDatabase } from "../../src/history/HistoryDatabase.ts";

const btc = seriesOf("KRW-BTC");
const start = minutes(0, 0).fromMs;
const partMinutes = 200;
const rowsOf = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => candleAt(btc, from + at, String(1 + from + at)));

/** Keeps the nth part of two hundred candles. */
const keep = (file: HistoryDatabase, nth: number) => {
  const [from, to] = [nth * partMinutes, (nth + 1) * partMinutes];
  const complete = minutes(from, to);
  const put = { series: btc, parts: [...partsOf("1m", rowsOf(from, to), complete)], complete, nowMs: start };
  assert.deepStrictEqual(file.putAll([put]), [undefined]);
};

describe("a history file whose log was cut", () => {
  it("opens at any byte of it, holds the first parts and each wholly, and says that the rest is missing (G02)", () => {
    const folder = mkdtempSync(join(tmpdir(), "naru-cut-"));
    const path = join(folder, "history.sqlite");
    const file = new HistoryDatabase({ path, maxBytes: 1e9 });
    try {
      for (let nth = 0; nth < 2; nth++) keep(file, nth);
      const other = new DatabaseSync(path);
      other.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      other.close();
      for (let nth = 2; nth < 6; nth++) keep(file, nth);
      const size = statSync(`${path}-wal`).size;
      const seen = new Set<number>();
      let before = 0;
      for (let cut = 0; cut <= 12; cut++) {
        const bytes = Math.floor((size * cut) / 12);
        const copy = join(folder, `cut-${cut}.sqlite`);
        copyFileSync(path, copy);
        copyFileSync(`${path}-wal`, `${copy}-wal`);
        truncateSync(`${copy}-wal`, bytes);
        const parts = partsIn(copy);
        assert.isAtLeast(
          parts,
          Math.max(2, before),
          `cut at byte ${bytes}: what the file itself holds stays, and a longer log holds no less`,
        );
        before = parts;
        seen.add(parts);
      }
      assert.deepStrictEqual([...seen], [2, 3, 4, 5, 6]);
    } finally {
      file.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/** How many parts a file holds, which must be the first ones, whole. */
const partsIn = (path: string): number => {
  const file = new HistoryDatabase({ path, maxBytes: 1e9 });
  try {
    assert.deepStrictEqual(file.check().damaged, []);
    const { blocks, coverage } = file.blocks(btc, minutes(0, 10_000), start);
    const parts = ((coverage[0]?.toMs ?? start) - start) / (partMinutes * 60_000);
    assert.deepStrictEqual(coverage, [minutes(0, parts * partMinutes)]);
    const rows = blocks.flatMap((bytes) => decodeCandles(bytes, btc.market, "1m") ?? []);
    assert.deepStrictEqual(rows, rowsOf(0, parts * partMinutes));
    return parts;
  } finally {
    file.close();
  }
};

describe("trades that another process writes while they are read", () => {
  it("are in an answer with their range or not at all, and a read that cannot be noted is a read all the same", () => {
    const folder = mkdtempSync(join(tmpdir(), "naru-two-"));
    const path = join(folder, "history.sqlite");
    const series = tradesOf("KRW-BTC");
    const put = (file: HistoryDatabase, from: number, to: number) => {
      const complete = seconds(from, to);
      const block = encodeTrades(tradeLedger(series, complete));
      assert.deepStrictEqual(file.putAll([{ series, blocks: [block], complete, nowMs: start }]), [undefined]);
    };
    const writer = new HistoryDatabase({ path, maxBytes: 1e9 });
    let meanwhile: (() => void) | undefined;
    const prepare = DatabaseSync.prototype.prepare;
    const spied = vi.spyOn(DatabaseSync.prototype, "prepare").mockImplementation(function (this: DatabaseSync, sql) {
      const statement = prepare.call(this, sql);
      if (!sql.includes("data FROM trade_block WHERE series = ? AND start_ms >= ?")) return statement;
      const all = statement.all.bind(statement);
      vi.spyOn(statement, "all").mockImplementation((...ask) => {
        const found = all(...(ask as Parameters<typeof all>));
        meanwhile?.();
        meanwhile = undefined;
        return found;
      });
      return statement;
    });
    const reader = new HistoryDatabase({ path, maxBytes: 1e9 });
    spied.mockRestore();
    try {
      put(writer, 0, 300);
      meanwhile = () => put(writer, 300, 600);
      const found = reader.tradeBlocks(series, seconds(0, 600), start);
      assert.deepStrictEqual([found.blocks.length, found.coverage], [1, [seconds(0, 300)]]);
      const after = reader.tradeBlocks(series, seconds(0, 600), start);
      assert.deepStrictEqual([after.blocks.length, after.coverage], [2, [seconds(0, 600)]]);
      const other = new DatabaseSync(path);
      other.exec("CREATE TRIGGER stuck BEFORE UPDATE ON trade_block BEGIN SELECT RAISE(ABORT, 'stuck'); END");
      other.close();
      assert.strictEqual(reader.tradeBlocks(series, seconds(0, 600), start + 10 * 86_400_000).blocks.length, 2);
    } finally {
      reader.close();
      writer.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
