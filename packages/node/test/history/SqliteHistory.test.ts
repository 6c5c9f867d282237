/** The history file through its thread: what every store keeps to, and what only a file can come to. */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { assert, describe, it } from "@effect/vitest";
import type { Coverage } from "@naru/router/cache/Coverage";
import { HistoryStore } from "@naru/router/cache/HistoryStore";
import { Effect, Fiber, Layer } from "effect";
import { candleAt, historyContract, minutes, seriesOf } from "../../../router/test/cache/historyContract.ts";
import * as SqliteHistory from "../../src/history/SqliteHistory.ts";

const btc = seriesOf("KRW-BTC");
const eth = seriesOf("KRW-ETH");

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "naru-history-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true })),
);

/** What the process on a full disk says. */
interface Said {
  readonly tag?: string;
  readonly code?: string;
  readonly kept?: number;
  readonly coverage: Coverage;
  readonly rows?: number;
  readonly damaged?: ReadonlyArray<unknown>;
}

/** A store over a file, opened for one piece of work and closed after it: what the next one finds was on the disk. */
const opened = <A, E>(path: string, use: (store: SqliteHistory.SqliteHistoryShape) => Effect.Effect<A, E>, options = {}) =>
  Effect.scoped(Effect.flatMap(SqliteHistory.make(path, options), use));

describe("in a file", () => {
  historyContract(Layer.fresh(Layer.unwrap(Effect.map(folder, (path) => SqliteHistory.layerAt(join(path, "history.sqlite"))))));

  it.live("what was kept is there after a restart, readable by its owner alone", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "deep", "history.sqlite");
      yield* opened(path, (store) => store.putCandles(btc, [candleAt(btc, 3, "1.5")], minutes(0, 10)));
      assert.strictEqual(statSync(path).mode & 0o777, 0o600);
      const again = yield* opened(path, (store) => store.candles(btc, minutes(0, 20)));
      assert.deepStrictEqual(again, { rows: [candleAt(btc, 3, "1.5")], coverage: [minutes(0, 10)] });
    }).pipe(Effect.scoped),
  );

  it.live("a second process may use the same file, and sees what the first one kept", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "history.sqlite");
      const first = yield* SqliteHistory.make(path);
      const second = yield* SqliteHistory.make(path);
      yield* first.putCandles(btc, [candleAt(btc, 1, "1")], minutes(0, 5));
      yield* second.putCandles(btc, [candleAt(btc, 6, "2")], minutes(5, 10));
      for (const store of [first, second]) {
        const { rows, coverage } = yield* store.candles(btc, minutes(0, 10));
        assert.deepStrictEqual([rows.length, coverage], [2, [minutes(0, 10)]]);
      }
    }).pipe(Effect.scoped),
  );

  it.live("many puts at once are all there when each is answered, and one that cannot be kept fails alone", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "history.sqlite");
      const broken = candleAt(btc, 3, "1", { state: "forming" });
      yield* opened(path, (store) =>
        Effect.gen(function* () {
          const puts = Array.from({ length: 40 }, (_, nth) =>
            Effect.exit(
              store.putCandles(
                btc,
                nth === 7 ? [{ ...broken, openTimeMs: minutes(nth * 30, 0).fromMs }] : [],
                minutes(nth * 30, nth * 30 + 30),
              ),
            ),
          );
          const exits = yield* Effect.all(puts, { concurrency: "unbounded" });
          assert.deepStrictEqual(
            exits.flatMap((exit, nth) => (exit._tag === "Failure" ? [nth] : [])),
            [7],
          );
        }),
      );
      const kept = yield* opened(path, (store) => store.coverage(btc));
      assert.deepStrictEqual(kept, [minutes(0, 210), minutes(240, 1_200)]);
    }).pipe(Effect.scoped),
  );

  it.live("is waited for in a thread of its own: whoever stands in its way can step aside meanwhile (G09)", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "history.sqlite");
      const store = yield* SqliteHistory.make(path);
      yield* store.putCandles(btc, [], minutes(0, 5));
      const other = new DatabaseSync(path);
      other.exec("BEGIN IMMEDIATE");
      // A disk that stalls looks like this from here. Were it waited for on this thread, nobody could end the wait.
      const put = yield* Effect.forkChild(store.putCandles(btc, [candleAt(btc, 6, "2")], minutes(5, 10)), { startImmediately: true });
      for (let turn = 0; turn < 50; turn++) yield* Effect.promise(() => new Promise((resolve) => void setImmediate(resolve)));
      assert.isUndefined(put.pollUnsafe(), "nothing is said to be kept before it is");
      other.exec("ROLLBACK");
      other.close();
      yield* Fiber.join(put);
      assert.deepStrictEqual(yield* store.coverage(btc), [minutes(0, 10)]);
    }).pipe(Effect.scoped),
  );

  it.live(
    "writes nothing while another process has the file locked, says so, and goes on after it; whoever only looks is not held up (G04)",
    () =>
      Effect.gen(function* () {
        const path = join(yield* folder, "history.sqlite");
        const store = yield* SqliteHistory.make(path);
        yield* store.putCandles(btc, [], minutes(0, 5));
        const other = new DatabaseSync(path);
        other.exec("BEGIN IMMEDIATE");
        const error = yield* Effect.flip(store.putCandles(btc, [candleAt(btc, 6, "2")], minutes(5, 10)));
        assert.deepStrictEqual([error._tag, error.code], ["StorageError", "LOCKED"]);
        assert.deepStrictEqual(yield* store.coverage(btc), [minutes(0, 5)], "readers go on");
        const looking = yield* SqliteHistory.make(path, { readOnly: true });
        assert.deepStrictEqual((yield* looking.candles(btc, minutes(0, 10))).coverage, [minutes(0, 5)]);
        assert.strictEqual((yield* Effect.flip(looking.putCandles(btc, [], minutes(20, 25)))).code, "READONLY");
        other.exec("ROLLBACK");
        other.close();
        yield* store.putCandles(btc, [candleAt(btc, 6, "2")], minutes(5, 10));
        assert.deepStrictEqual(yield* store.coverage(btc), [minutes(0, 10)]);
        assert.deepStrictEqual(yield* looking.coverage(btc), [minutes(0, 10)]);
      }).pipe(Effect.scoped),
  );

  it.live("on a disk without room says that it is not kept, is read as before, and goes on when there is room again", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "history.sqlite");
      const entry = fileURLToPath(new URL("./fullDiskChild.ts", import.meta.url));
      const start = 'ulimit -S -f 1024; exec "$0" "$@"';
      const child = spawn("bash", ["-c", start, process.execPath, entry, path], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
      const heard = Effect.callback<Said>((resume) => void child.once("message", (word) => resume(Effect.succeed(word as Said))));
      const full = yield* heard;
      assert.deepStrictEqual([full.tag, full.code], ["StorageError", "IO"], "the limit of a process is no full disk, and met like one");
      const kept = full.kept ?? 0;
      assert.isAbove(kept, 1);
      assert.deepStrictEqual([full.coverage, full.rows], [[minutes(0, 256 * kept)], 256 * kept]);
      spawnSync("bash", ["-c", 'prlimit --pid "$0" --fsize=unlimited', String(child.pid)]);
      const after = yield* Effect.forkChild(heard, { startImmediately: true });
      child.send("go on");
      assert.deepStrictEqual(yield* Fiber.join(after), { coverage: [minutes(0, 256 * (kept + 1))], damaged: [] });
    }).pipe(Effect.scoped),
  );

  it.live("is left alone when it is somebody else's, or a newer program's", () =>
    Effect.gen(function* () {
      const place = yield* folder;
      const strange = join(place, "strange.sqlite");
      const other = new DatabaseSync(strange);
      other.exec("CREATE TABLE notes (text TEXT)");
      other.close();
      const newer = join(place, "newer.sqlite");
      yield* opened(newer, (store) => store.putCandles(btc, [], minutes(0, 1)));
      const changed = new DatabaseSync(newer);
      changed.exec("PRAGMA user_version = 99");
      changed.close();
      for (const [path, word] of [
        [strange, "not written by naru"],
        [newer, "newer naru"],
      ] as const) {
        const before = readFileSync(path);
        const error = yield* Effect.flip(opened(path, (store) => store.putCandles(btc, [], minutes(0, 1))));
        assert.strictEqual(error.code, "FOREIGN");
        assert.include(error.message, word);
        assert.deepStrictEqual(readFileSync(path), before);
      }
    }).pipe(Effect.scoped),
  );

  it.live("that SQLite cannot read is moved aside and begun anew (G05)", () =>
    Effect.gen(function* () {
      const place = yield* folder;
      const path = join(place, "history.sqlite");
      writeFileSync(path, "this is no database, and long enough to be taken for one of a few hundred bytes".repeat(20));
      yield* opened(path, (store) => store.putCandles(btc, [candleAt(btc, 1, "1")], minutes(0, 5)));
      assert.include(readFileSync(`${path}.corrupt-1`, "utf8"), "this is no database");
      assert.strictEqual((yield* opened(path, (store) => store.candles(btc, minutes(0, 5)))).rows.length, 1);
    }).pipe(Effect.scoped),
  );

  it.live("under another name is left alone when it is no SQLite file: somebody named the wrong one", () =>
    Effect.gen(function* () {
      const place = yield* folder;
      const path = join(place, "prices.csv");
      const text = "open_time,open,high,low,close\n".repeat(100);
      writeFileSync(path, text);
      const error = yield* Effect.flip(opened(path, (store) => store.putCandles(btc, [], minutes(0, 1))));
      assert.strictEqual(error.code, "FOREIGN");
      assert.deepStrictEqual([readFileSync(path, "utf8"), readdirSync(place)], [text, ["prices.csv"]]);
    }).pipe(Effect.scoped),
  );

  it.live("loses a block that is damaged, and its range with it, and nothing else", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "history.sqlite");
      yield* opened(path, (store) =>
        Effect.andThen(
          store.putCandles(btc, [candleAt(btc, 1, "1"), candleAt(btc, 600, "2")], minutes(0, 1_000)),
          store.putCandles(eth, [candleAt(eth, 1, "1")], minutes(0, 1_000)),
        ),
      );
      const file = new DatabaseSync(path);
      file.exec("UPDATE block SET data = zeroblob(length(data)) WHERE series = 1 AND start_ms = (SELECT min(start_ms) FROM block)");
      file.close();
      const { check, found, other } = yield* opened(path, (store) =>
        Effect.all({ found: store.candles(btc, minutes(0, 1_000)), other: store.candles(eth, minutes(0, 1_000)), check: store.check }),
      );
      assert.deepStrictEqual(found.rows, [candleAt(btc, 600, "2")]);
      assert.isAbove(found.coverage[0]?.fromMs ?? 0, minutes(0, 1).fromMs);
      assert.strictEqual(found.coverage.length, 1);
      assert.deepStrictEqual(other, { rows: [candleAt(eth, 1, "1")], coverage: [minutes(0, 1_000)] });
      assert.deepStrictEqual(check, { series: 2, blocks: 2, rows: 2, damaged: [] });
    }).pipe(Effect.scoped),
  );

  it.live("stays within its size: what was used longest ago leaves, and is missing from then on (G08)", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "history.sqlite");
      const maxBytes = 600_000;
      yield* opened(
        path,
        (store) =>
          Effect.gen(function* () {
            for (let nth = 0; nth < 40; nth++) {
              const range = minutes(256 * nth, 256 * (nth + 1));
              const rows = Array.from({ length: 256 }, (_, at) => candleAt(btc, 256 * nth + at, String(at)));
              yield* store.putCandles(btc, rows, range);
            }
            const { rows, coverage } = yield* store.candles(btc, minutes(0, 256 * 40));
            assert.isAbove(rows.length, 2_000);
            assert.isBelow(rows.length, 256 * 40);
            assert.deepStrictEqual(coverage.at(-1)?.toMs, minutes(0, 256 * 40).toMs, "the newest stays");
            const covered = coverage.reduce((sum, { fromMs, toMs }) => sum + (toMs - fromMs) / 60_000, 0);
            assert.strictEqual(covered, rows.length);
          }),
        { maxBytes },
      );
      assert.isBelow(statSync(path).size, maxBytes * 1.1);
    }).pipe(Effect.scoped),
  );

  it.live("says what is wrong with a folder that cannot be used (G06)", () =>
    Effect.gen(function* () {
      const place = yield* folder;
      writeFileSync(join(place, "file"), "");
      const error = yield* Effect.flip(opened(join(place, "file", "history.sqlite"), (store) => store.coverage(btc)));
      assert.strictEqual(error._tag, "StorageError");
      assert.include(error.message, join(place, "file"));
      assert.deepStrictEqual(readdirSync(place), ["file"]);
      chmodSync(place, 0o700);
    }).pipe(Effect.scoped),
  );
});

describe("the layer", () => {
  it.live("gives the store to whoever reads it", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "history.sqlite");
      yield* Effect.gen(function* () {
        const store = yield* HistoryStore;
        yield* store.putCandles(btc, [], minutes(0, 5));
        assert.deepStrictEqual(yield* store.series, [{ ...btc, rows: 0, coverage: [minutes(0, 5)] }]);
      }).pipe(Effect.provide(SqliteHistory.layerAt(path)));
    }).pipe(Effect.scoped),
  );
});
