/**
 * The one decision: which tiers can answer this question, in which order. Fixed rules remove tiers, scores order what is left; both are
 * shown to the caller. Pure: the same question and facts give the same ranking, and nothing here waits, asks or remembers.
 */
import type { Mode } from "../domain/Mode.ts";
import type { TierName } from "../domain/Provenance.ts";
import { tiers } from "../domain/Provenance.ts";
import type { Question } from "../domain/Question.ts";
import type { NetworkPolicy, RankWeights, TierScores } from "./scores.ts";
import { defaultRankWeights, tierScores } from "./scores.ts";

/** What is known when the question is asked. Plain data, gathered by the caller. */
export interface RankFacts {
  /** A socket is open and its link was proved alive. */
  readonly connected: boolean;
  /** The question's key is subscribed on that socket, by anybody. */
  readonly subscribed: boolean;
  /** The venue's socket can stream the question's key at all. */
  readonly streamable: boolean;
  /** What the hot store holds for the key, judged by the question's `maxAge`. */
  readonly hot: "absent" | "stale" | "fresh";
  /** Share of the REST group's window in use, 0 to 1. */
  readonly usage: number;
  /** Milliseconds a new caller waits for a place in the REST group. */
  readonly restWaitMs: number;
  /** The exchange blocks this IP address. */
  readonly blocked: boolean;
  /** The REST group's circuit breaker lets nothing through now. */
  readonly breakerOpen: boolean;
  readonly mode: Mode;
  /** Markets in the whole question, 1 or more: `getTicker` of a list is ranked once per market with the list's length here. */
  readonly markets: number;
  /** Score moves learnt from measurements, by tier. Clamped to {@link RankOptions.measuredBound}. */
  readonly measured?: Partial<TierScores> | undefined;
}

/** What makes a question one that only REST can answer. */
export type RowsGate = "history_requires_rest" | "multiple_rows_require_rest" | "closed_candles_require_rest";

/** Why a tier was removed. */
export type Gate =
  | RowsGate
  | "strategy_rest_only"
  | "strategy_websocket_only"
  | "kind_not_batched"
  | "not_streamable"
  | "not_connected"
  | "not_subscribed"
  | "hot_absent"
  | "hot_stale"
  | "ip_blocked"
  | "breaker_open"
  | "rest_wait_exceeds_deadline"
  | "mode_fallback";

/** Why the tiers stand as they do. */
export type RankReason =
  | RowsGate
  | "scored"
  | "realtime_prefers_live"
  | "strategy_rest_only"
  | "strategy_websocket_only"
  | "not_streamable"
  | "not_connected"
  | "ip_blocked"
  | "none_feasible";

export interface Ranked {
  /** The tiers to ask, best first. Empty when fixed rules removed all of them. */
  readonly tiers: ReadonlyArray<{ readonly tier: TierName; readonly score: number }>;
  /** The tiers removed, each with the first rule that did it. */
  readonly gated: ReadonlyArray<{ readonly tier: TierName; readonly gate: Gate }>;
  /** The scores of all five, before any gate. */
  readonly scores: TierScores;
  readonly reason: RankReason;
  /** How far the best is from the second, 0 to 1; 1 when only one is left, 0 when none is. */
  readonly confidence: number;
}

export interface RankOptions {
  readonly policy: NetworkPolicy;
  readonly weights: RankWeights;
  /** The furthest that measurements may move a score, in either direction. */
  readonly measuredBound: number;
}

export const defaultRankOptions: RankOptions = { policy: "balanced", weights: defaultRankWeights, measuredBound: 0.15 };

export const rank = (question: Question, facts: RankFacts, options: RankOptions = defaultRankOptions): Ranked => {
  const scores = scoresOf(question, facts, options);
  const feasible: Array<{ readonly tier: TierName; readonly score: number }> = [];
  const gated: Array<{ readonly tier: TierName; readonly gate: Gate }> = [];
  for (const tier of tiers) {
    const gate = gateOf(tier, question, facts);
    if (gate === undefined) feasible.push({ tier, score: scores[tier] });
    else gated.push({ tier, gate });
  }
  // The sort is stable, so equal scores keep the order of `tiers`.
  feasible.sort((a, b) => b.score - a.score);
  return {
    tiers: feasible,
    gated,
    scores,
    reason: reasonOf(question, facts, feasible[0]?.tier),
    confidence: confidenceOf(feasible[0]?.score, feasible[1]?.score),
  };
};

/** Why the socket, and what it filled, cannot serve this question, whatever the state of the link: it carries the newest row only. */
export const rowsGate = (question: Question): RowsGate | undefined => {
  if (question.kind === "trades") {
    if (question.before !== undefined) return "history_requires_rest";
    return question.count > 1 ? "multiple_rows_require_rest" : undefined;
  }
  if (question.kind === "candles") {
    if (question.toMs !== null || question.fromMs !== null) return "history_requires_rest";
    if (question.count !== 1) return "multiple_rows_require_rest";
    return question.forming === "exclude" ? "closed_candles_require_rest" : undefined;
  }
  return undefined;
};

const gateOf = (tier: TierName, question: Question, facts: RankFacts): Gate | undefined => {
  switch (tier) {
    case "hot_cache":
      return socketGate(question, facts) ?? hotGate(facts);
    case "live_subscription":
      return socketGate(question, facts) ?? liveGate(question, facts);
    case "batch_snapshot":
      return restGate(question, facts) ?? (question.kind === "ticker" || question.kind === "orderbook" ? undefined : "kind_not_batched");
    case "warm_cache_rest":
    case "cold_rest":
      return restGate(question, facts);
  }
};

const socketGate = (question: Question, facts: RankFacts): Gate | undefined => {
  if (question.intent.strategy === "rest_only") return "strategy_rest_only";
  return rowsGate(question) ?? (facts.streamable ? undefined : "not_streamable");
};

const hotGate = (facts: RankFacts): Gate | undefined =>
  facts.hot === "absent" ? "hot_absent" : facts.hot === "stale" ? "hot_stale" : undefined;

const liveGate = (question: Question, facts: RankFacts): Gate | undefined => {
  if (!facts.connected) return "not_connected";
  // A cold key waits a first frame that a quiet market may not send for minutes; REST answers now.
  const { realtime, strategy } = question.intent;
  return facts.subscribed || realtime || strategy === "websocket_only" ? modeGate(facts.mode) : "not_subscribed";
};

const restGate = (question: Question, facts: RankFacts): Gate | undefined => {
  if (question.intent.strategy === "websocket_only") return "strategy_websocket_only";
  if (facts.blocked) return "ip_blocked";
  if (facts.breakerOpen) return "breaker_open";
  if (facts.restWaitMs > question.intent.deadlineMs) return "rest_wait_exceeds_deadline";
  return modeGate(facts.mode);
};

/**
 * While the direct clients answer for the router, nothing new is asked through it; a proved hot value is still as good as any. Emergency
 * gates nothing: only an answer ends it, so somebody must still be asked; the breakers keep the asking cheap.
 */
const modeGate = (mode: Mode): Gate | undefined => (mode === "fallback" ? "mode_fallback" : undefined);

const scoresOf = (question: Question, facts: RankFacts, options: RankOptions): TierScores => {
  const { context, realtime } = question.intent;
  const { markets, usage } = facts;
  const formula = tierScores({ context, kind: question.kind, markets, realtime, usage, policy: options.policy }, options.weights);
  if (facts.measured === undefined) return formula;
  const moved: Record<TierName, number> = { ...formula };
  for (const tier of tiers) {
    const move = Math.min(options.measuredBound, Math.max(-options.measuredBound, facts.measured[tier] ?? 0));
    moved[tier] = Math.min(1, Math.max(0, formula[tier] + move));
  }
  return moved;
};

const reasonOf = (question: Question, facts: RankFacts, first: TierName | undefined): RankReason => {
  const { strategy, realtime } = question.intent;
  if (first === undefined) return facts.blocked ? "ip_blocked" : "none_feasible";
  if (strategy === "rest_only") return "strategy_rest_only";
  if (strategy === "websocket_only") return "strategy_websocket_only";
  const rows = rowsGate(question);
  if (rows !== undefined) return rows;
  if (facts.blocked) return "ip_blocked";
  if (!realtime) return "scored";
  if (!facts.streamable) return "not_streamable";
  if (!facts.connected) return "not_connected";
  return first === "hot_cache" || first === "live_subscription" ? "realtime_prefers_live" : "scored";
};

/** The best score's share of the two best: a half when they are equal. */
const confidenceOf = (best: number | undefined, second: number | undefined): number => {
  if (best === undefined) return 0;
  if (second === undefined) return 1;
  return best + second === 0 ? 0.5 : best / (best + second);
};
