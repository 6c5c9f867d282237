/**
 * Fits the weights of the ranking to what once happened. A past decision is a question, the facts of its moment, and when each channel had, or would
 * have had, an answer; weights are as good as the channels they would have put first. Pure, and the same for the same seed.
 *
 * Decisions are gone through in order, with evidence as the selector gathers it, because that is how the weights will be used. They are fitted to
 * the first part of the time and held against the rest, which they have not seen: what is no better there is not taken.
 */
import type { Channel } from "../domain/Provenance.ts";
import type { Question } from "../domain/Question.ts";
import type { RankOptions, RankWeights } from "../RouterConfig.ts";
import { Evidence } from "./Evidence.ts";
import { channelOf, defaultRankOptions, rank, type RankFacts } from "./TierRank.ts";

export interface PastDecision {
  readonly question: Question;
  /** What was known; `measured` and `lead` are not looked at. */
  readonly facts: RankFacts;
  /** Milliseconds since the first decision, ascending. */
  readonly atMs: number;
  /** When each channel had an answer that is fresh enough, in milliseconds since the question; infinity for never. */
  readonly restMs: number;
  readonly socketMs: number;
}

/** How weights did. */
export interface Fit {
  /** Share of decisions that put the quicker channel first, 0 to 1; NaN where there was none to make. */
  readonly accuracy: number;
  /** What the first channel took longer than the quicker one, on the mean, in milliseconds. */
  readonly regretMs: number;
}

export interface Tuning {
  readonly options: RankOptions;
  /** Whether the fitted weights were better on what they had not seen; where not, `options` are those that were given. */
  readonly isBetter: boolean;
  readonly decisions: number;
  /** On the later part, which nothing was fitted to. */
  readonly before: Fit;
  readonly after: Fit;
}

/** The part of the time that weights are fitted to. */
const fitted = 0.6;
/** Weights tried: drawn from all there are, then in ever smaller steps around the best. */
const drawn = 120;
const steps = 120;
/** A channel that never had an answer costs as much as a caller waits, in milliseconds. */
const longestMs = 5_000;

/** `random` gives fractions in [0, 1). */
export const tune = (decisions: ReadonlyArray<PastDecision>, random: () => number, given: RankOptions = defaultRankOptions): Tuning => {
  const middle = Math.floor(decisions.length * fitted);
  const [seen, unseen] = [decisions.slice(0, middle), decisions.slice(middle)];
  let best = given;
  let bestFit = fitOf(seen, given);
  const look = (weights: RankWeights): void => {
    const options = { ...given, weights };
    const fit = fitOf(seen, options);
    if (!isBetterThan(fit, bestFit)) return;
    best = options;
    bestFit = fit;
  };
  for (let i = 0; i < drawn; i++) look(normal({ preference: random(), fit: random(), network: random(), special: random() }));
  for (let i = 0; i < steps; i++) {
    const reach = 0.3 * (1 - i / steps);
    const near = (weight: number) => Math.max(0, weight + reach * (random() - 0.5));
    const { preference, fit, network, special } = best.weights;
    look(normal({ preference: near(preference), fit: near(fit), network: near(network), special: near(special) }));
  }
  const before = fitOf(unseen, given);
  const after = fitOf(unseen, best);
  const isBetter = isBetterThan(after, before);
  return { options: isBetter ? best : given, isBetter, decisions: decisions.length, before, after: isBetter ? after : before };
};

/** How these options would have done. */
export const fitOf = (decisions: ReadonlyArray<PastDecision>, options: RankOptions): Fit => {
  const evidence = new Evidence({ bound: options.measuredBound });
  let right = 0;
  let regretMs = 0;
  let made = 0;
  for (const { atMs, facts, question, restMs, socketMs } of decisions) {
    const { hot, restWaitMs, subscribed } = facts;
    const measured = evidence.measure(question.kind, { hotFresh: hot === "fresh", subscribed, restWaitMs }, atMs);
    const first = rank(question, { ...facts, measured, lead: undefined }, options).tiers[0]?.tier;
    if (first === undefined || (restMs === Infinity && socketMs === Infinity)) continue;
    made++;
    const channel = channelOf(first);
    const tookMs = channel === "rest" ? restMs : socketMs;
    if (channel === quicker(restMs, socketMs)) right++;
    regretMs += Math.min(longestMs, tookMs) - Math.min(restMs, socketMs);
    const outcome = Number.isFinite(tookMs) ? "answered" : "failed";
    const attempt = { tier: first, outcome, reason: outcome, durationMs: Math.min(longestMs, tookMs) } as const;
    evidence.learn(question.kind, [attempt], subscribed, 0, atMs);
    // A question that wants the socket hears of it whoever was first.
    if (question.intent.realtime && socketMs > 0 && Number.isFinite(socketMs)) evidence.heardFirst(question.kind, socketMs, atMs);
  }
  return { accuracy: right / made, regretMs: made === 0 ? 0 : regretMs / made };
};

const quicker = (restMs: number, socketMs: number): Channel => (socketMs < restMs ? "websocket" : "rest");

/** More often right; of those that are right as often, the one whose mistakes cost less. */
const isBetterThan = (one: Fit, other: Fit): boolean =>
  one.accuracy > other.accuracy || (one.accuracy === other.accuracy && one.regretMs < other.regretMs);

/** Shares of one, in thousandths. */
const normal = ({ preference, fit, network, special }: RankWeights): RankWeights => {
  const sum = preference + fit + network + special;
  const part = (weight: number) => (sum === 0 ? 0.25 : Math.round((1_000 * weight) / sum) / 1_000);
  return { preference: part(preference), fit: part(fit), network: part(network), special: part(special) };
};
