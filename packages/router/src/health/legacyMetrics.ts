/** The older shape of the numbers: how subscriptions are changed, for programs that were written against it. */
import type { LiveMetrics } from "./LiveMetrics.ts";

/** Means above this, in milliseconds, or a share of good changes below the other count as degraded. */
const slowChangeMs = 1_000;
const poorRate = 0.95;

/** Times are in milliseconds. A rate is 0 to 1. What was never measured is null. */
export interface LegacyMetrics {
  /** Mean of `recentChangeTimes`. */
  readonly averageChangeTime: number | null;
  /** The last ten, oldest first, the wait for data included. */
  readonly recentChangeTimes: ReadonlyArray<number>;
  /** A smart change replaces the subscription of an open link; a full one opens a link for it. */
  readonly smartChangeSuccessRate: number | null;
  readonly smartChangeSuccessCount: number;
  /** Those that ended. */
  readonly smartChangeTotalCount: number;
  readonly fullChangeSuccessRate: number | null;
  readonly fullChangeSuccessCount: number;
  readonly fullChangeTotalCount: number;
  readonly activeSubscriptionsCount: number;
  /** Changes take more than a second on the mean, or fewer than 95 % of the smart ones succeed. */
  readonly performanceDegraded: boolean;
}

export const toLegacyMetrics = ({ changes, keys }: LiveMetrics): LegacyMetrics => ({
  averageChangeTime: changes.averageMs,
  recentChangeTimes: changes.recentMs,
  smartChangeSuccessRate: changes.swap.successRate,
  smartChangeSuccessCount: changes.swap.completed,
  smartChangeTotalCount: changes.swap.completed + changes.swap.failed,
  fullChangeSuccessRate: changes.full.successRate,
  fullChangeSuccessCount: changes.full.completed,
  fullChangeTotalCount: changes.full.completed + changes.full.failed,
  activeSubscriptionsCount: keys.length,
  performanceDegraded: (changes.averageMs ?? 0) > slowChangeMs || (changes.swap.successRate ?? 1) < poorRate,
});
