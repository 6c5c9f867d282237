/**
 * How closely the client is to be watched: as usual, or raised while the router is out. Others read it: whoever measures, measures as often as it
 * says, and work done meanwhile is logged from the level it names.
 */
import { isIncident, type Mode } from "../domain/Mode.ts";
import type { RouterConfigShape } from "../RouterConfig.ts";

export interface Monitoring {
  readonly raised: boolean;
  /** Since when it is raised, wall clock, epoch milliseconds; null while it is not. */
  readonly sinceMs: number | null;
  /** How often to look, in milliseconds. */
  readonly everyMs: number;
  /** The least level that is logged; null for whatever the program has set. */
  readonly logLevel: "Debug" | null;
}

export const monitoringOf = (mode: Mode, sinceMs: number | null, { monitorEveryMs, monitorEveryRaisedMs }: RouterConfigShape): Monitoring =>
  isIncident(mode)
    ? { raised: true, sinceMs, everyMs: monitorEveryRaisedMs, logLevel: "Debug" }
    : { raised: false, sinceMs: null, everyMs: monitorEveryMs, logLevel: null };
