/**
 * The five-tier score: how well a tier suits what the answer is for, how many markets are asked, what the network has left, and a few
 * special cases. A number between 0 and 1 per tier, before any rule has removed one; the published tables of it are tests.
 *
 * Suitability is fixed per context: a trader wants the hot value, a back-test wants the archive and should not push live keys out of a
 * socket.
 */
import type { TierName } from "../domain/Provenance.ts";
import { tiers } from "../domain/Provenance.ts";
import type { Context, Kind } from "../domain/Question.ts";
import { defaultRouterConfig, type NetworkPolicy, type RankWeights } from "../RouterConfig.ts";

export type { NetworkPolicy, RankWeights } from "../RouterConfig.ts";

export type TierScores = Readonly<Record<TierName, number>>;

/** A question's context, or `maintenance`: our own housekeeping, which no caller can ask for. */
export type ScoringContext = Context | "maintenance";

export interface ScoreInput {
  readonly context: ScoringContext;
  readonly kind: Kind;
  /** Markets in the whole question. */
  readonly markets: number;
  readonly realtime: boolean;
  /** Share of the request budget in use, 0 to 1. */
  readonly usage: number;
  readonly policy: NetworkPolicy;
}

/** Shares of the four parts in the score. */
export const defaultRankWeights: RankWeights = defaultRouterConfig.ranking.weights;

/** Usage at which the pressure on the network counts as full, by policy. */
export const policyThreshold: Readonly<Record<NetworkPolicy, number>> = {
  aggressive: 0.95,
  balanced: 0.75,
  conservative: 0.5,
  minimal: 0.25,
};

/** Markets from which a question counts as bulk. */
const bulkMarkets = 20;
/** Markets up to which live values can be followed one by one. */
const fewMarkets = 5;

/** What a tier is good for: the markets one use of it serves, and how little of the network it needs for that, 0 to 1. */
const capability: Readonly<Record<TierName, { readonly markets: number; readonly efficiency: number }>> = {
  hot_cache: { markets: 1_000, efficiency: 1.0 },
  live_subscription: { markets: 20, efficiency: 0.6 },
  batch_snapshot: { markets: 189, efficiency: 0.9 },
  warm_cache_rest: { markets: 100, efficiency: 0.7 },
  cold_rest: { markets: 1, efficiency: 0.3 },
};

const preference: Readonly<Record<ScoringContext, TierScores>> = {
  realtime_trading: { hot_cache: 1.0, live_subscription: 0.9, batch_snapshot: 0.6, warm_cache_rest: 0.3, cold_rest: 0.1 },
  market_scanning: { hot_cache: 0.8, live_subscription: 0.4, batch_snapshot: 1.0, warm_cache_rest: 0.7, cold_rest: 0.2 },
  monitoring: { hot_cache: 0.9, live_subscription: 0.8, batch_snapshot: 0.7, warm_cache_rest: 0.5, cold_rest: 0.2 },
  backtesting: { hot_cache: 0.3, live_subscription: 0.1, batch_snapshot: 0.2, warm_cache_rest: 1.0, cold_rest: 0.9 },
  research: { hot_cache: 0.3, live_subscription: 0.1, batch_snapshot: 0.2, warm_cache_rest: 0.8, cold_rest: 1.0 },
  maintenance: { hot_cache: 0.5, live_subscription: 0.5, batch_snapshot: 0.5, warm_cache_rest: 0.5, cold_rest: 0.5 },
};

/** The score of one tier, 0 to 1. */
export const tierScore = (tier: TierName, input: ScoreInput, weights: RankWeights = defaultRankWeights): number => {
  const { markets, efficiency } = capability[tier];
  const fit = input.markets <= markets ? 1 : Math.max(0, 2 - input.markets / markets);
  const pressure = clamp(input.usage / policyThreshold[input.policy], 0, 1);
  const network = (efficiency * (1 + pressure)) / 2;
  const score =
    weights.preference * preference[input.context][tier] +
    weights.fit * fit +
    weights.network * network +
    weights.special * special(tier, input);
  // Rounded, so that tiers which are equal by the formula are equal as doubles and their fixed order decides.
  return clamp(Math.round(score * 1e9) / 1e9, 0, 1);
};

/** The scores of all five tiers. */
export const tierScores = (input: ScoreInput, weights: RankWeights = defaultRankWeights): TierScores => {
  const scores: Record<TierName, number> = { hot_cache: 0, live_subscription: 0, batch_snapshot: 0, warm_cache_rest: 0, cold_rest: 0 };
  for (const tier of tiers) scores[tier] = tierScore(tier, input, weights);
  return scores;
};

const special = (tier: TierName, input: ScoreInput): number => {
  if (tier === "hot_cache" || tier === "live_subscription") return input.realtime && input.markets <= fewMarkets ? 0.5 : 0;
  if (tier !== "batch_snapshot") return 0;
  const bulk = input.markets >= bulkMarkets ? 0.3 : 0;
  const batchFriendly = (input.kind === "ticker" || input.kind === "orderbook") && !input.realtime ? 0.2 : 0;
  return bulk + batchFriendly;
};

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));
