/** A question written down instead of asked, and what the router would do with it. */
import type * as Result from "effect/Result";
import * as ask from "./ask.ts";
import type { CandlesOptions, OrderbookOptions, TradesOptions } from "./ask.ts";
import type { Intent, Question } from "./domain/Question.ts";
import type { InvalidRequest } from "./errors/MarketDataError.ts";
import type { RouterConfigShape } from "./RouterConfig.ts";
import type { ChannelScore } from "./select/channelScore.ts";
import type { ChannelFigures } from "./select/Evidence.ts";
import type { FollowReason } from "./select/following.ts";
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
  /** What the ranking was made from: the moment's facts, what was measured, who leads. */
  readonly facts: RankFacts;
  /** What was seen of each way to an answer of this kind. */
  readonly figures: ReadonlyArray<ChannelFigures>;
  /** REST requests the first REST tier would cost where every window has a trade; 0 when memory or the socket answers first. */
  readonly restRequests: number;
  readonly frequency: FrequencyAnalysis;
  /** Why the key would be subscribed behind the answer; null where there is no reason. */
  readonly follow: FollowReason | null;
  /** The older comparison of the two channels, as a second opinion. */
  readonly channel: ChannelScore;
}

/** The question that a specification describes, checked as if it were asked. */
export const questionOf = (spec: QuestionSpec, config: RouterConfigShape, nowMs: number): Result.Result<Question, InvalidRequest> => {
  switch (spec.kind) {
    case "ticker":
      return ask.tickerQuestion(spec.market, spec, config);
    case "orderbook":
      return ask.orderbookQuestion(spec.market, spec, config);
    case "trades":
      return ask.tradesQuestion(spec.market, spec, config, nowMs);
    case "candles":
      return ask.candlesQuestion(spec.market, spec.interval, spec, config, nowMs);
  }
};
