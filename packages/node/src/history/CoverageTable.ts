/**
 * The ranges in which nothing is missing, of every series of one kind: a row for each range. Synchronous, and called inside of whoever's transaction it
 * belongs to.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Coverage } from "@naru/router/cache/Coverage";

export class CoverageTable {
  readonly #ranges: StatementSync;
  readonly #cover: StatementSync;
  readonly #forget: StatementSync;

  constructor(db: DatabaseSync, table: "coverage" | "trade_coverage") {
    this.#ranges = db.prepare(`SELECT from_ms, to_ms FROM ${table} WHERE series = ? ORDER BY from_ms`);
    this.#cover = db.prepare(`INSERT OR REPLACE INTO ${table} (series, from_ms, to_ms) VALUES (?, ?, ?)`);
    this.#forget = db.prepare(`DELETE FROM ${table} WHERE series = ? AND from_ms = ?`);
  }

  of(series: number): Coverage {
    const rows = this.#ranges.all(series) as unknown as ReadonlyArray<{ readonly from_ms: number; readonly to_ms: number }>;
    return rows.map(({ from_ms, to_ms }) => ({ fromMs: from_ms, toMs: to_ms }));
  }

  /** Only the ranges that changed are written: a sparse series has many. */
  set(series: number, coverage: Coverage): void {
    const before = new Map(this.of(series).map(({ fromMs, toMs }) => [fromMs, toMs]));
    for (const { fromMs, toMs } of coverage) {
      if (before.get(fromMs) !== toMs) this.#cover.run(series, fromMs, toMs);
      before.delete(fromMs);
    }
    for (const fromMs of before.keys()) this.#forget.run(series, fromMs);
  }
}
