/**
 * When a page of healing may be asked: in any window of a limit group at most half of its limit, so that reads keep the other half whatever the
 * priority of the streams. A few pages go at once. Pure state on monotonic milliseconds.
 */
import type { Limit, LimitTable } from "../limits/LimitTable.ts";

/** Of a group that the table does not name. */
const assumedLimit: Limit = { limit: 10, windowMs: 1_000 };

export const limitOf = (groups: LimitTable["groups"], group: string): Limit => groups[group] ?? assumedLimit;

export class HealPace {
  readonly #groups: LimitTable["groups"];
  /** By group, when its last pages may start, as many as half of the limit. */
  readonly #starts = new Map<string, Array<number>>();

  constructor(groups: LimitTable["groups"]) {
    this.#groups = groups;
  }

  /** Reserves a place, and says when it begins. */
  reserve(group: string, nowMs: number): number {
    const { limit, windowMs } = limitOf(this.#groups, group);
    const half = Math.max(1, Math.floor(limit / 2));
    const starts = this.#starts.get(group) ?? [];
    this.#starts.set(group, starts);
    const oldest = starts.length < half ? undefined : starts.shift();
    const startMs = Math.max(nowMs, oldest === undefined ? nowMs : oldest + windowMs);
    starts.push(startMs);
    return startMs;
  }
}
