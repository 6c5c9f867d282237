/**
 * The one decision: which tiers can answer this question, in which order. Fixed rules remove tiers, scores order what is left; both are
 * shown to the caller. Pure: the same question and facts give the same ranking, and nothing here waits, asks or remembers. What was measured
 * (`Evidence.ts`) and who leads for the time being (`Leads.ts`) are facts like all others.
 */
import type { Mode } from "../domain/Mode.ts";
import type { Channel, TierName } from "../domain/Provenance.ts";
import { tiers } from "../domain/Provenance.ts";
import { asksNewest, type Question } from "../domain/Question.ts";
import { defaultRouterConfig, type RankOptions } from "../RouterConfig.ts";
import type { Measured } from "./Evidence.ts";
import { type TierScores, tierScores } from "./scores.ts";

export type { RankOptions } from "../RouterConfig.ts";

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
  /** Reads have a place for the key among the subscriptions they may hold, or it is there already. Only `false` means anything. */
  readonly hasPlace?: boolean | undefined;
  /** Share of the socket's message limit in use, 0 to 1: what a new subscription costs. */
  readonly socketUsage?: number | undefined;
  /** What was measured of the ways to an answer. Moves are cut to {@link RankOptions.measuredBound}. */
  readonly measured?: Measured | undefined;
  /** The channel that leads for the time being where both could be asked: it changes hands seldom. */
  readonly lead?: Channel | undefined;
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
  | "no_place"
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
  | "measured"
  | "lead_kept"
  | "rest_near_limit"
  | "messages_near_limit"
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
  /**
   * The chance that no other channel would have answered this question sooner with a value as good, 0 to 1; 1 when only one tier is left, 0
   * when none is. Without measurements it is the best score's share, which is little more than a half.
   */
  readonly confidence: number;
}

export const defaultRankOptions: RankOptions = defaultRouterConfig.ranking;

/** The share of a limit from which traffic that can go elsewhere does. */
export const nearLimit = 0.9;

export const rank = (question: Question, facts: RankFacts, options: RankOptions = defaultRankOptions): Ranked => {
  const formula = formulaOf(question, facts, options);
  const scores = scoresOf(formula, facts, options);
  const feasible: Array<{ readonly tier: TierName; readonly score: number }> = [];
  const gated: Array<{ readonly tier: TierName; readonly gate: Gate }> = [];
  for (const tier of tiers) {
    const gate = gateOf(tier, question, facts);
    if (gate === undefined) feasible.push({ tier, score: scores[tier] });
    else gated.push({ tier, gate });
  }
  // The sort is stable, so equal scores keep the order of `tiers`.
  feasible.sort((a, b) => b.score - a.score);
  const led = facts.lead === undefined ? feasible : ledBy(facts.lead, feasible);
  return {
    tiers: led,
    gated,
    scores,
    reason: reasonOf(question, facts, formula, led, feasible[0]?.tier),
    confidence: confidenceOf(led, facts),
  };
};

/** Over which channel a tier's answer comes to be. */
export const channelOf = (tier: TierName): Channel => (tier === "hot_cache" || tier === "live_subscription" ? "websocket" : "rest");

/** Whether two channels could answer this question and neither has the answer already: where the lead is kept. */
export const isContested = (question: Question, { hot, streamable }: RankFacts): boolean =>
  question.intent.realtime && question.intent.strategy === "auto" && streamable && hot !== "fresh" && rowsGate(question) === undefined;

type Placed = Ranked["tiers"][number];

/** The tiers of the leading channel before those of the other one; memory stays where its score put it. */
const ledBy = (lead: Channel, feasible: ReadonlyArray<Placed>): ReadonlyArray<Placed> => {
  const asked = feasible.filter(({ tier }) => tier !== "hot_cache");
  const first = asked[0];
  if (first === undefined || channelOf(first.tier) === lead) return feasible;
  const ordered = [...asked.filter(({ tier }) => channelOf(tier) === lead), ...asked.filter(({ tier }) => channelOf(tier) !== lead)];
  return feasible.map((placed) => (placed.tier === "hot_cache" ? placed : (ordered.shift() ?? placed)));
};

/** Why the socket, and what it filled, cannot serve this question, whatever the state of the link: it carries the newest row only. */
export const rowsGate = (question: Question): RowsGate | undefined => {
  if (question.kind === "trades") {
    if (!asksNewest(question)) return "history_requires_rest";
    return question.count !== 1 ? "multiple_rows_require_rest" : undefined;
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
  // A live key is only read, never waited for: it has what memory has, or nothing.
  if (facts.subscribed && strategy === "auto" && facts.hot !== "fresh") return hotGate(facts);
  if (facts.hasPlace === false && strategy === "auto") return "no_place";
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

const formulaOf = ({ intent, kind }: Question, { markets, usage }: RankFacts, { policy, weights }: RankOptions): TierScores =>
  tierScores({ context: intent.context, kind, markets, realtime: intent.realtime, usage, policy }, weights);

const scoresOf = (formula: TierScores, facts: RankFacts, options: RankOptions): TierScores => {
  const moves = facts.measured?.moves;
  const towards = pressedTowards(facts);
  if (moves === undefined && towards === undefined) return formula;
  const { measuredBound } = options;
  const moved: Record<TierName, number> = { ...formula };
  for (const tier of tiers) {
    const shift = towards === undefined ? 0 : channelOf(tier) === towards ? measuredBound : -measuredBound;
    const move = Math.min(measuredBound, Math.max(-measuredBound, (moves?.[tier] ?? 0) + shift));
    moved[tier] = Math.min(1, Math.max(0, formula[tier] + move));
  }
  return moved;
};

/** The channel that traffic is turned to because the other one's limit is nearly used up. What is subscribed already costs no message. */
export const pressedTowards = ({ usage, socketUsage = 0, subscribed }: RankFacts): Channel | undefined => {
  if (usage >= nearLimit) return socketUsage >= nearLimit && !subscribed ? undefined : "websocket";
  return socketUsage >= nearLimit && !subscribed ? "rest" : undefined;
};

const reasonOf = (
  question: Question,
  facts: RankFacts,
  formula: TierScores,
  led: ReadonlyArray<Placed>,
  best: TierName | undefined,
): RankReason => {
  const { strategy, realtime } = question.intent;
  const first = led[0]?.tier;
  if (first === undefined) return facts.blocked ? "ip_blocked" : "none_feasible";
  if (strategy === "rest_only") return "strategy_rest_only";
  if (strategy === "websocket_only") return "strategy_websocket_only";
  const rows = rowsGate(question);
  if (rows !== undefined) return rows;
  if (facts.blocked) return "ip_blocked";
  if (realtime && !facts.streamable) return "not_streamable";
  if (realtime && !facts.connected) return "not_connected";
  if (first !== best) return "lead_kept";
  const moved = movedBy(facts, formula, led);
  if (moved !== undefined) return moved;
  return realtime && channelOf(first) === "websocket" ? "realtime_prefers_live" : "scored";
};

/** What put the first tier first, where by the formula alone it would be another one. */
const movedBy = (facts: RankFacts, formula: TierScores, led: ReadonlyArray<Placed>): RankReason | undefined => {
  const towards = pressedTowards(facts);
  if (facts.measured === undefined && towards === undefined) return undefined;
  const first = led[0];
  if (first === undefined || led.every(({ tier }) => formula[tier] <= formula[first.tier])) return undefined;
  if (towards === undefined) return "measured";
  return towards === "websocket" ? "rest_near_limit" : "messages_near_limit";
};

/** As sure as one can be of what the world does. */
const nearlySure = 0.99;

const confidenceOf = (led: ReadonlyArray<Placed>, { measured }: RankFacts): number => {
  const first = led[0];
  if (first === undefined) return 0;
  if (led.length === 1) return 1;
  const channel = channelOf(first.tier);
  const other = led.find(({ tier }) => channelOf(tier) !== channel);
  // A value that memory holds and that is known to be current comes before anything that has to be asked.
  if (other === undefined || first.tier === "hot_cache") return nearlySure;
  const sooner = measured?.socketSooner;
  if (sooner !== undefined && sooner !== null)
    return Math.min(nearlySure, Math.max(1 - nearlySure, channel === "websocket" ? sooner : 1 - sooner));
  return first.score + other.score === 0 ? 0.5 : Math.max(0.5, first.score / (first.score + other.score));
};
