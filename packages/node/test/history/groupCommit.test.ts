import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { assert, describe, it } from "@effect/vitest";
import { committed } from "../../src/history/groupCommit.ts";

/** A table of numbers, each once; and whoever opens it again. */
const inFile = (use: (db: DatabaseSync, again: () => ReadonlyArray<unknown>) => void): void => {
  const folder = mkdtempSync(join(tmpdir(), "naru-group-"));
  const path = join(folder, "file.sqlite");
  const db = new DatabaseSync(path, { timeout: 0 });
  try {
    db.exec("PRAGMA journal_mode = WAL; CREATE TABLE number (n INTEGER PRIMARY KEY, filling BLOB)");
    use(db, () => {
      const other = new DatabaseSync(path);
      const found = other.prepare("SELECT n FROM number ORDER BY n").all();
      other.close();
      return found.map(({ n }) => n);
    });
  } finally {
    db.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

const put =
  (db: DatabaseSync, n: number, bytes = 0) =>
  () =>
    void db.prepare("INSERT INTO number VALUES (?, ?)").run(n, new Uint8Array(bytes));

describe("changes that are written together", () => {
  it("are all there for whoever opens the file afterwards", () =>
    inFile((db, again) => {
      assert.deepStrictEqual(committed(db, [put(db, 1), put(db, 2), put(db, 3)]), [undefined, undefined, undefined]);
      assert.deepStrictEqual(again(), [1, 2, 3]);
    }));

  it("fail alone: what one of them had begun is taken back, and its neighbours stay", () =>
    inFile((db, again) => {
      const half = () => {
        put(db, 7)();
        throw new Error("in the middle");
      };
      const outcomes = committed(db, [put(db, 1), half, put(db, 1), put(db, 2)]);
      assert.deepStrictEqual(
        outcomes.map((outcome) => outcome === undefined),
        [true, false, false, true],
      );
      assert.deepStrictEqual(again(), [1, 2]);
      assert.isFalse(db.isTransaction);
    }));

  it("are tried one by one where the disk had no room for all: the one that is too large fails, and the others are kept", () =>
    inFile((db, again) => {
      db.exec("PRAGMA max_page_count = 12");
      const outcomes = committed(db, [put(db, 1), put(db, 2, 200_000), put(db, 3)]);
      assert.deepStrictEqual(
        outcomes.map((outcome) => (outcome === undefined ? "kept" : String(outcome.cause))),
        ["kept", "Error: database or disk is full", "kept"],
      );
      assert.deepStrictEqual(again(), [1, 3]);
    }));

  it("all fail at once where somebody else writes, and wait for nobody twice", () =>
    inFile((db, again) => {
      const other = new DatabaseSync(db.location() ?? "");
      other.exec("BEGIN IMMEDIATE");
      let tried = 0;
      const outcomes = committed(db, [() => void tried++, () => void tried++]);
      other.exec("ROLLBACK");
      other.close();
      assert.deepStrictEqual(
        outcomes.map((outcome) => String(outcome?.cause)),
        ["Error: database is locked", "Error: database is locked"],
      );
      assert.deepStrictEqual([tried, again()], [0, []]);
    }));
});
