/**
 * The shape of the history file and how an older one becomes today's. The file says whose it is and which shape it has; one of somebody else's, or of a
 * newer program, is left as it is.
 */
import type { DatabaseSync } from "node:sqlite";

/** "naru", as SQLite's `application_id`. */
const applicationId = 0x6e617275;

/** The shape that this program writes: how many of {@link migrations} a file has been through. */
const migrations: ReadonlyArray<string> = [
  `CREATE TABLE series (id INTEGER PRIMARY KEY, venue TEXT NOT NULL, market TEXT NOT NULL, interval TEXT NOT NULL, UNIQUE (venue, market, interval));
   CREATE TABLE block (
     series INTEGER NOT NULL REFERENCES series (id), start_ms INTEGER NOT NULL, rows INTEGER NOT NULL, used_ms INTEGER NOT NULL, data BLOB NOT NULL,
     UNIQUE (series, start_ms)
   );
   CREATE INDEX block_by_use ON block (used_ms);
   CREATE TABLE coverage (
     series INTEGER NOT NULL REFERENCES series (id), from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, PRIMARY KEY (series, from_ms)
   ) WITHOUT ROWID;`,
  `CREATE TABLE trade_series (id INTEGER PRIMARY KEY, venue TEXT NOT NULL, market TEXT NOT NULL, UNIQUE (venue, market));
   CREATE TABLE trade_block (
     series INTEGER NOT NULL REFERENCES trade_series (id), start_ms INTEGER NOT NULL, rows INTEGER NOT NULL, used_ms INTEGER NOT NULL,
     data BLOB NOT NULL, UNIQUE (series, start_ms)
   );
   CREATE INDEX trade_block_by_use ON trade_block (used_ms);
   CREATE TABLE trade_coverage (
     series INTEGER NOT NULL REFERENCES trade_series (id), from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, PRIMARY KEY (series, from_ms)
   ) WITHOUT ROWID;`,
];

/** The file is not one that this program may write to. */
export class ForeignFile extends Error {}

/** Settles how the file is written, and brings it to today's shape in one transaction, so that a crash leaves the old one or the new one. */
export const migrate = (db: DatabaseSync): void => {
  const { shape, isEmpty } = ownShape(db);
  if (isEmpty) db.exec("PRAGMA page_size = 16384; PRAGMA auto_vacuum = INCREMENTAL");
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  if (shape === migrations.length) return;
  db.exec("BEGIN IMMEDIATE");
  try {
    // Another process may have been quicker.
    for (let at = numberOf(db, "user_version"); at < migrations.length; at++) db.exec(migrations[at] ?? "");
    db.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${migrations.length}; COMMIT`);
  } catch (cause) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw cause;
  }
};

/** For a file that is only looked at: one of another shape is left to whoever may write to it. */
export const checkShape = (db: DatabaseSync): void => {
  const { shape } = ownShape(db);
  if (shape < migrations.length)
    throw new ForeignFile(
      `it was written by an older naru (shape ${shape}); one that may write to it brings it to shape ${migrations.length}`,
    );
};

const ownShape = (db: DatabaseSync): { readonly shape: number; readonly isEmpty: boolean } => {
  const owner = numberOf(db, "application_id");
  const shape = numberOf(db, "user_version");
  const isEmpty = numberOf(db, "page_count") === 0 || tables(db) === 0;
  if (owner !== applicationId && !isEmpty) throw new ForeignFile("it was not written by naru");
  if (shape > migrations.length)
    throw new ForeignFile(`it was written by a newer naru (shape ${shape}, this one knows ${migrations.length})`);
  return { shape, isEmpty };
};

const numberOf = (db: DatabaseSync, pragma: string): number => {
  const row = db.prepare(`PRAGMA ${pragma}`).get() as Readonly<Record<string, number>> | undefined;
  return row?.[pragma] ?? 0;
};

const tables = (db: DatabaseSync): number => {
  const row = db.prepare("SELECT count(*) AS tables FROM sqlite_schema").get() as { readonly tables: number } | undefined;
  return row?.tables ?? 0;
};
