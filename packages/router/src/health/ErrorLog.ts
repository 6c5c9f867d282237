/** The errors of calls and requests by tag: how many there ever were, and when the last 64 of each came. Tags are few; beyond 32 they are `other`. */
import { type ErrorPattern, patternOf } from "./errorPattern.ts";

const remembered = 64;
const mostTags = 32;

export interface ErrorHealth {
  readonly tag: string;
  readonly count: number;
  readonly lastAgeMs: number;
  readonly pattern: ErrorPattern | null;
}

interface Row {
  count: number;
  readonly timesMs: Array<number>;
}

export class ErrorLog {
  readonly #rows = new Map<string, Row>();

  add(tag: string, nowMs: number): void {
    const name = this.#rows.has(tag) || this.#rows.size < mostTags ? tag : "other";
    const row = this.#rows.get(name) ?? { count: 0, timesMs: [] };
    this.#rows.set(name, row);
    row.count++;
    row.timesMs.push(nowMs);
    if (row.timesMs.length > remembered) row.timesMs.shift();
  }

  /** The most frequent first. */
  report(nowMs: number): ReadonlyArray<ErrorHealth> {
    return [...this.#rows]
      .map(([tag, { count, timesMs }]) => {
        const lastAgeMs = nowMs - (timesMs.at(-1) ?? nowMs);
        return { tag, count, lastAgeMs, pattern: patternOf(timesMs, nowMs) ?? null };
      })
      .toSorted((a, b) => b.count - a.count);
  }
}
