/**
 * In which order holes are read back: by priority, then by pages already read, then by age. A job goes back in line after every page, so a
 * market with a huge hole does not hold up those that one page heals. Pure state on monotonic milliseconds; holds a key at most once, so the
 * number of keys bounds it.
 */
import type { Priority } from "../domain/Question.ts";
import type { KeyId } from "../domain/StreamKey.ts";

export interface Line<A> {
  readonly id: KeyId;
  readonly priority: Priority;
  /** Pages read so far. */
  readonly pages: number;
  /** Not before. */
  readonly readyMs: number;
  readonly job: A;
}

const rank: Readonly<Record<Priority, number>> = { critical: 0, high: 1, normal: 2, low: 3 };

export class HealQueue<A> {
  readonly #lines = new Map<KeyId, Line<A>>();

  /** Joins the line, in place of what waits under the same key. */
  join(line: Line<A>): void {
    this.#lines.delete(line.id);
    this.#lines.set(line.id, line);
  }

  /** The job may go on now; nothing happens when it does not wait. */
  ready(id: KeyId, nowMs: number): void {
    const line = this.#lines.get(id);
    if (line !== undefined && line.readyMs > nowMs) this.#lines.set(id, { ...line, readyMs: nowMs });
  }

  /** Takes the first of those that may go on; undefined when none may. */
  take(nowMs: number): Line<A> | undefined {
    let first: Line<A> | undefined;
    for (const line of this.#lines.values()) if (line.readyMs <= nowMs && (first === undefined || isBefore(line, first))) first = line;
    if (first !== undefined) this.#lines.delete(first.id);
    return first;
  }

  /** When the next one may go on; infinity when nobody waits. */
  nextReadyMs(): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { readyMs } of this.#lines.values()) nextMs = Math.min(nextMs, readyMs);
    return nextMs;
  }
}

/** Of equals the one that joined first stays ahead. */
const isBefore = <A>(a: Line<A>, b: Line<A>): boolean => (rank[a.priority] - rank[b.priority] || a.pages - b.pages) < 0;
