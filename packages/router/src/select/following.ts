/**
 * Whether a key that is read is worth a subscription of its own, so that the next reads are answered by memory. Pure. What it costs is one entry
 * in the merged message; whether there is a place for it is the subscriptions' business, where the less important leaves for the more important.
 */
import type { Question } from "../domain/Question.ts";
import { type FrequencyAnalysis, frequencyBands } from "./Frequency.ts";
import { nearLimit, type RankFacts } from "./TierRank.ts";

/** `realtime`: the caller asked for it. `polled`: it is asked in rhythm. `rest_near_limit`: REST has no room for another reader. */
export type FollowReason = "realtime" | "polled" | "rest_near_limit";

/** Why to subscribe to the question's key, or to keep it subscribed; undefined where there is no reason. */
export const followReason = (question: Question, facts: RankFacts, frequency: FrequencyAnalysis): FollowReason | undefined => {
  if (!facts.streamable || question.intent.strategy === "rest_only") return undefined;
  if (question.intent.realtime) return "realtime";
  // Another change of the subscription would have to wait for its message; REST answers meanwhile. What is subscribed costs none.
  if ((facts.socketUsage ?? 0) >= nearLimit && !facts.subscribed) return undefined;
  if (facts.usage >= nearLimit) return "rest_near_limit";
  return isPolled(frequency) ? "polled" : undefined;
};

/** Asked in rhythm, and still: the mean of twenty gaps is quick to remember and slow to forget, so the last gap has a word too. */
const isPolled = ({ category, lastGapMs }: FrequencyAnalysis): boolean =>
  (category === "high" || category === "medium") && (lastGapMs ?? Infinity) <= frequencyBands.mediumUpToMs;
