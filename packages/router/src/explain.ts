/** A question written down instead of asked, and what the router would do with it. */
import type { CandlesOptions, OrderbookOptions, TradesOptions } from "./ask.ts";
import type { Intent, Question } from "./domain/Question.ts";
import type { ChannelScore } from "./select/channelScore.ts";
import type { FrequencyAnalysis } from "./select/Frequency.ts";
import type { Ranked, RankFacts } from "./select/TierRank.ts";

export type QuestionSpec =
  | ({ readonly kind: "ticker"; readonly market: string } & Intent)
  | ({ readonly kind: "orderbook"; readonly market: string } & OrderbookOptions)
  | ({ readonly kind: "trades"; readonly market: string } & TradesOptions)
  | ({ readonly kind: "candles"; readonly market: string; readonly interval: string } & CandlesOptions);

export interface Explanation {
  readonly question: Question;
  /** The tiers in the order they would be asked, those removed, every score, the reason and the confidence. */
  readonly ranked: Ranked;
  /** What the ranking was made from. */
  readonly facts: RankFacts;
  /** REST requests the first REST tier would cost, at most; 0 when memory or the socket answers first. */
  readonly restRequests: number;
  readonly frequency: FrequencyAnalysis;
  /** The older comparison of the two channels, as a second opinion. */
  readonly channel: ChannelScore;
}
