/** Trades in the history file: what every store keeps to, and what only a file can come to. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import { candleAt, minutes, seriesOf } from "../../../router/test/cache/historyContract.ts";
import { seconds, tradeAt, tradeContract, tradeLedger, tradesOf } from "../../../router/test/cache/tradeContract.ts";
import * as SqliteHistory from "../../src/history/SqliteHistory.ts";

const btc = tradesOf("KRW-BTC");

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "naru-trades-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true })),
);

/** A store over a file, opened for one piece of work and closed after it: what the next one finds was on the disk. */
const opened = <A, E>(path: string, use: (store: SqliteHistory.SqliteHistoryShape) => Effect.Effect<A, E>, options = {}) =>
  Effect.scoped(Effect.flatMap(SqliteHistory.make(path, options), use));

/** The file as the first naru wrote it: one candle of a market in a covered hour, and no word of trades. */
const firstShape = (path: string) =>
  Effect.gen(function* () {
    const candles = seriesOf("KRW-BTC");
    yield* opened(path, (store) => store.putCandles(candles, [candleAt(candles, 3, "1.5")], minutes(0, 60)));
    const file = new DatabaseSync(path);
    file.exec("DROP TABLE trade_block; DROP TABLE trade_coverage; DROP TABLE trade_series; PRAGMA user_version = 1");
    file.close();
    return candles;
  });

const shapeOf = (path: string) => {
  const file = new DatabaseSync(path);
  const shape = Object.values(file.prepare("PRAGMA user_version").get() ?? {})[0];
  const tables = file.prepare("SELECT count(*) AS found FROM sqlite_schema WHERE name LIKE 'trade_%' AND type = 'table'").get();
  file.close();
  return { shape, tables: tables?.["found"] };
};

describe("trades in a file", () => {
  tradeContract(Layer.fresh(Layer.unwrap(Effect.map(folder, (path) => SqliteHistory.layerAt(join(path, "history.sqlite"))))));

  it.live("are there after a restart, and lose a block that is damaged, with its range and nothing else", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "history.sqlite");
      const all = tradeLedger(btc, seconds(0, 900));
      yield* opened(path, (store) => store.putTrades(btc, all, seconds(0, 900)));
      assert.deepStrictEqual(yield* opened(path, (store) => store.trades(btc, seconds(0, 900))), {
        rows: all,
        coverage: [seconds(0, 900)],
      });
      const file = new DatabaseSync(path);
      file.exec("UPDATE trade_block SET data = zeroblob(length(data)) WHERE start_ms = (SELECT min(start_ms) + 300000 FROM trade_block)");
      file.close();
      const left = [seconds(0, 300), seconds(600, 900)];
      const { found, check } = yield* opened(path, (store) =>
        Effect.all({ found: store.trades(btc, seconds(0, 900)), check: store.check }),
      );
      assert.deepStrictEqual(found, { rows: left.flatMap((range) => tradeLedger(btc, range)), coverage: left });
      assert.deepInclude(check, { blocks: 2, damaged: [] });
    }).pipe(Effect.scoped),
  );

  it.live("that are damaged are found by a check, and replaced by a put", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "history.sqlite");
      const harm = () => {
        const file = new DatabaseSync(path);
        file.exec("UPDATE trade_block SET data = zeroblob(length(data)) WHERE start_ms = (SELECT min(start_ms) FROM trade_block)");
        file.close();
      };
      yield* opened(path, (store) => store.putTrades(btc, tradeLedger(btc, seconds(0, 600)), seconds(0, 600)));
      harm();
      const part = seconds(10, 20);
      const found = yield* opened(path, (store) =>
        Effect.andThen(store.putTrades(btc, tradeLedger(btc, part), part), store.trades(btc, seconds(0, 600))),
      );
      assert.deepStrictEqual(found, {
        rows: [part, seconds(300, 600)].flatMap((range) => tradeLedger(btc, range)),
        coverage: [part, seconds(300, 600)],
      });
      harm();
      const checked = yield* opened(path, (store) => Effect.all([store.check, store.tradeCoverage(btc)]));
      const [check, coverage] = checked;
      assert.deepInclude(check, { series: 1, blocks: 2, damaged: [{ ...btc, ...seconds(0, 300) }] });
      assert.deepStrictEqual(coverage, [seconds(300, 600)]);
    }).pipe(Effect.scoped),
  );

  it.live("share the size of the file with candles: what was used longest ago leaves, whichever it is", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "history.sqlite");
      const maxBytes = 450_000;
      const candles = seriesOf("KRW-BTC");
      yield* opened(
        path,
        (store) =>
          Effect.gen(function* () {
            yield* store.putCandles(candles, [candleAt(candles, 1, "1")], minutes(0, 10));
            for (let nth = 0; nth < 40; nth++) {
              const rows = Array.from({ length: 400 }, (_, at) => tradeAt(btc, nth * 300_000 + at * 700, at % 3));
              yield* store.putTrades(btc, rows, seconds(300 * nth, 300 * (nth + 1)));
            }
            assert.deepStrictEqual(yield* store.coverage(candles), [], "the candles were the oldest");
            const { rows, coverage } = yield* store.trades(btc, seconds(0, 12_000));
            assert.strictEqual(coverage.at(-1)?.toMs, seconds(0, 12_000).toMs, "the newest stays");
            const kept = coverage.reduce((sum, { fromMs, toMs }) => sum + (toMs - fromMs) / 300_000, 0);
            assert.strictEqual(rows.length, 400 * kept);
            assert.isAbove(kept, 5);
            assert.isBelow(kept, 40);
          }),
        { maxBytes },
      );
      assert.isBelow(statSync(path).size, maxBytes * 1.1);
    }).pipe(Effect.scoped),
  );
});

describe("a file from before trades were kept", () => {
  it.live("gets room for them in one step that leaves nothing half done, can be begun again, and keeps what there was (G07)", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "history.sqlite");
      const candles = yield* firstShape(path);
      // The last statement of the step cannot be done: none of it may be.
      const stuck = new DatabaseSync(path);
      stuck.exec("CREATE TABLE trade_coverage (stands_in_the_way INTEGER)");
      stuck.close();
      const error = yield* Effect.flip(opened(path, (store) => store.tradeCoverage(btc)));
      assert.strictEqual(error._tag, "StorageError");
      assert.deepStrictEqual(shapeOf(path), { shape: 1, tables: 1 }, "none of it was done");
      const cleared = new DatabaseSync(path);
      cleared.exec("DROP TABLE trade_coverage");
      cleared.close();
      for (let time = 0; time < 2; time++) {
        yield* opened(path, (store) =>
          Effect.gen(function* () {
            yield* store.putTrades(btc, [tradeAt(btc, 5)], seconds(0, 10));
            assert.deepStrictEqual(yield* store.trades(btc, seconds(0, 10)), { rows: [tradeAt(btc, 5)], coverage: [seconds(0, 10)] });
            assert.deepStrictEqual(yield* store.candles(candles, minutes(0, 60)), {
              rows: [candleAt(candles, 3, "1.5")],
              coverage: [minutes(0, 60)],
            });
          }),
        );
        assert.deepStrictEqual(shapeOf(path), { shape: 2, tables: 3 });
      }
    }).pipe(Effect.scoped),
  );
});
