/**
 * Several changes in one transaction, so that a disk is waited for once and not once for each. Every change stands or falls alone: one that cannot be
 * made is taken back to its savepoint, and its neighbours stay. All of them are on the disk when this returns, and none is said to be before.
 */

/** What is needed of a database. */
export interface Transactional {
  readonly exec: (sql: string) => void;
  readonly isTransaction: boolean;
}

/** What became of a change: undefined where it is on the disk, else what it threw. */
export type Outcome = undefined | { readonly cause: unknown };

export const committed = (db: Transactional, changes: ReadonlyArray<() => void>): ReadonlyArray<Outcome> => {
  if (changes.length > 1) {
    const outcomes = together(db, changes);
    // A disk that is full ends a transaction for all, though one of them may have been too large and the others not.
    if (outcomes !== undefined) return outcomes;
  }
  return changes.map((change) => attempted(() => transaction(db, change)));
};

/** All of it or nothing. */
export const transaction = (db: Transactional, change: () => void): void => {
  db.exec("BEGIN IMMEDIATE");
  try {
    change();
    db.exec("COMMIT");
  } catch (cause) {
    // A full disk may have ended the transaction already.
    if (db.isTransaction) db.exec("ROLLBACK");
    throw cause;
  }
};

/** Undefined where the transaction as a whole came to nothing. */
const together = (db: Transactional, changes: ReadonlyArray<() => void>): ReadonlyArray<Outcome> | undefined => {
  const begun = attempted(() => db.exec("BEGIN IMMEDIATE"));
  // Nobody can write now: each of them would only wait for it as long again.
  if (begun !== undefined) return changes.map(() => begun);
  const outcomes: Array<Outcome> = [];
  for (const change of changes) {
    outcomes.push(attempted(() => saved(db, change)));
    if (!db.isTransaction) return undefined;
  }
  if (attempted(() => db.exec("COMMIT")) === undefined) return outcomes;
  if (db.isTransaction) db.exec("ROLLBACK");
  return undefined;
};

const saved = (db: Transactional, change: () => void): void => {
  db.exec("SAVEPOINT change");
  try {
    change();
  } catch (cause) {
    if (db.isTransaction) db.exec("ROLLBACK TO change");
    throw cause;
  } finally {
    if (db.isTransaction) db.exec("RELEASE change");
  }
};

/** Does a piece of work that may fail. */
export const attempted = (work: () => void): Outcome => {
  try {
    work();
    return undefined;
  } catch (cause) {
    return { cause };
  }
};
