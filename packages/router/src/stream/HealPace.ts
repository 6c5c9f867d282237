/**
 * When a page of healing may be asked: over any two windows of a limit group at most half of its limit, of which four fifths may go at once.
 * A link that carried a handful of markets is then read back in one go, and reads still find room in every window, whatever the priority of
 * the streams. Pure state on monotonic milliseconds.
 */
import type { Limit, LimitTable } from "../limits/LimitTable.ts";

/** Of a group that the table does not name. */
const assumedLimit: Limit = { limit: 10, windowMs: 1_000 };

export const limitOf = (groups: LimitTable["groups"], group: string): Limit => groups[group] ?? assumedLimit;

export class HealPace {
  readonly #groups: LimitTable["groups"];
  /** By group, when its last pages may start: as many as two windows allow. */
  readonly #starts = new Map<string, Array<number>>();

  constructor(groups: LimitTable["groups"]) {
    this.#groups = groups;
  }

  /** Reserves a place, and says when it begins. */
  reserve(group: string, nowMs: number): number {
    const { limit, windowMs } = limitOf(this.#groups, group);
    const atOnce = Math.max(1, Math.floor((limit * 4) / 5));
    const starts = this.#starts.get(group) ?? [];
    this.#starts.set(group, starts);
    const startMs = Math.max(nowMs, endOf(starts, atOnce, windowMs), endOf(starts, limit, 2 * windowMs));
    if (starts.length === limit) starts.shift();
    starts.push(startMs);
    return startMs;
  }
}

/** When a window that holds `count` starts has room for one more. */
const endOf = (starts: ReadonlyArray<number>, count: number, windowMs: number): number => {
  const oldest = starts[starts.length - count];
  return oldest === undefined ? Number.NEGATIVE_INFINITY : oldest + windowMs;
};
