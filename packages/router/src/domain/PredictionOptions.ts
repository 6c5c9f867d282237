/** What is done ahead of questions that habit lets expect, as the knob says; `Foresight.ts` does it. */
export interface PredictionOptions {
  /** Whether anything is. */
  readonly enabled: boolean;
  /** How likely a question must be for its answer to be read ahead, 0 to 1. @unit share */
  readonly prefetchAt: number;
  /** How likely a question must be for its key to be subscribed ahead, 0 to 1. @unit share */
  readonly presubscribeAt: number;
  /** Only while no more than this share of the limit group is in use, 0 to 1. @unit share */
  readonly maxUsage: number;
}
