/**
 * What was seen of each way to an answer, and what follows for the scores. Outcomes of attempts come in, moves of scores go out; a move is
 * bounded by the ranking, fades as the evidence grows old, and is nothing while nothing was seen, so that the published tables hold until then.
 *
 * A tier is not one way. `live_subscription` reads memory while its key is live and otherwise waits for the exchange to speak, which takes a
 * thousand times as long; a mean over both describes neither. So evidence is kept by kind and way: `live` and `first_element` for that tier,
 * `rest` for the three that ask over REST; memory needs no measuring. Those three share one road, so beside it each has its share of successes.
 *
 * An attempt that lost a race is no failure: it would have taken at least as long as it ran, and that is written down where it says anything.
 */
import type { Channel, TierName } from "../domain/Provenance.ts";
import { Kind } from "../domain/Question.ts";
import type { Attempt } from "../errors/MarketDataError.ts";
import { type SampleFigures, Samples } from "./Samples.ts";
import type { TierScores } from "./scores.ts";

/** One way that must be measured. */
export type Way = "live" | "first_element" | "rest";
export const ways = ["live", "first_element", "rest"] as const satisfies ReadonlyArray<Way>;

/** What a ranking takes from the evidence. */
export interface Measured {
  /** By how much each score moves, before the bound; a tier of which nothing is known is not named. */
  readonly moves: Partial<TierScores>;
  /** The chance that the socket's best tier answers sooner than REST, 0 to 1; null while one of the two was not seen. */
  readonly socketSooner: number | null;
}

/** The state of the question that decides which ways its tiers would take. */
export interface WayFacts {
  readonly hotFresh: boolean;
  readonly subscribed: boolean;
  readonly restWaitMs: number;
}

/** What was seen of one channel: for people, and for whoever compares the two. */
export interface ChannelFigures extends SampleFigures {
  readonly channel: Channel;
  readonly kind: Kind;
  readonly way: Way;
  /** Since the last outcome, in milliseconds. */
  readonly ageMs: number;
}

export interface EvidenceOptions {
  /** The furthest a move can go; the ranking cuts it there as well. */
  readonly bound: number;
}

/** The weight of evidence halves in this time, in milliseconds: what was bad is tried again, what was good is not believed for ever. */
export const evidenceHalfLifeMs = 120_000;
/** Older than this it counts nothing. */
export const evidenceEndsMs = 600_000;
/** Fewer outcomes than this count for less. */
const enoughSamples = 3;
/** What evidence of another kind counts. */
const borrowed = 0.7;
/** What a failure costs beyond its own time, in milliseconds: the caller has to be turned to another tier, which has not begun. */
const failureCostMs = 500;
/** An answer from memory, in milliseconds. */
const memoryMs = 0.1;
/** By how much an answer may be later than nearly all of them before it counts as late. */
const lateness = 1.1;
/** How sharply times that differ move a score: at a fifth longer it has moved by more than half of the bound. */
const steepness = 5;
/** A caller's deadline that cuts an attempt says something about the tier only if the attempt had this long, in milliseconds. */
const patientMs = 1_000;

export class Evidence {
  readonly #bound: number;
  readonly #ways: Readonly<Record<Kind, Readonly<Record<Way, Samples>>>>;
  /** REST, whatever was asked: its kinds share the road and the server, and each says soonest what became of it. */
  readonly #road = new Samples();
  readonly #tiers: Readonly<Record<RestTier, Samples>>;

  constructor({ bound }: EvidenceOptions) {
    this.#bound = bound;
    this.#ways = { ticker: unseen(), orderbook: unseen(), trades: unseen(), candles: unseen() };
    this.#tiers = { batch_snapshot: new Samples(), warm_cache_rest: new Samples(), cold_rest: new Samples() };
  }

  /**
   * Takes in the attempts of one call about one row. `wasLive`: the key was live when it began, so the socket's tier had not to wait.
   * `ageMs` is how old the answer was when it was given.
   */
  learn(kind: Kind, attempts: ReadonlyArray<Attempt>, wasLive: boolean, ageMs: number, nowMs: number): void {
    for (const [i, attempt] of attempts.entries()) {
      // A wait is told in parts, and what was started beside it stands between them: the last part ends it.
      if (attempt.outcome === "missed" && attempts.slice(i + 1).some(({ tier }) => tier === attempt.tier)) continue;
      let tookMs = attempt.durationMs;
      for (const part of attempts.slice(0, i)) if (part.tier === attempt.tier && part.outcome === "missed") tookMs += part.durationMs;
      this.#learnOne(kind, attempt, tookMs, wasLive, ageMs, nowMs);
    }
  }

  /** A first element came after so long, whether or not somebody waited for it. */
  heardFirst(kind: Kind, tookMs: number, nowMs: number): void {
    this.#ways[kind].first_element.answered(tookMs, Number.NaN, nowMs);
  }

  /** What the evidence says of a question of this kind now. Undefined when it says nothing. */
  measure(kind: Kind, { hotFresh, subscribed, restWaitMs }: WayFacts, nowMs: number): Measured | undefined {
    const rest = costOf(this.#road, nowMs, restWaitMs);
    const live = this.#costOf(kind, subscribed ? "live" : "first_element", nowMs);
    const memory: Cost | undefined = hotFresh ? { ms: memoryMs, spread: 0, weight: 1 } : undefined;
    const socket = memory ?? live;
    const moves: Record<string, number> = {};
    if (rest !== undefined) {
      if (memory !== undefined) add(moves, "hot_cache", this.#against(memory, rest));
      if (live !== undefined) add(moves, "live_subscription", this.#against(live, rest));
      // Against the way that would be asked instead of it; memory is before both, whatever it is held against.
      const instead = live ?? memory;
      if (instead !== undefined) for (const tier of restTiers) add(moves, tier, this.#against(rest, instead));
    }
    for (const tier of restTiers) {
      const fault = this.#faultOf(tier, nowMs);
      if (fault > 0) add(moves, tier, -2 * this.#bound * fault);
    }
    const socketSooner = socket === undefined || rest === undefined ? null : chanceSooner(socket, rest);
    for (const _ in moves) return { moves, socketSooner };
    return undefined;
  }

  /** Everything that was seen, by kind and way. */
  figures(nowMs: number): ReadonlyArray<ChannelFigures> {
    const seen: Array<ChannelFigures> = [];
    for (const kind of Kind.literals) {
      for (const way of ways) {
        const samples = this.#ways[kind][way];
        if (samples.size === 0) continue;
        seen.push({ kind, way, channel: way === "rest" ? "rest" : "websocket", ageMs: nowMs - samples.lastMs, ...samples.figures() });
      }
    }
    return seen;
  }

  /** When an answer of one way counts as late, in milliseconds; null while too few were seen, or none lately. */
  lateAfterMs(kind: Kind, way: Way, nowMs: number): number | null {
    const samples = this.#ways[kind][way];
    const { p95Ms, recentMs } = samples.figures();
    if (samples.size < enoughSamples || p95Ms === null || recentMs === null || weightOf(samples, nowMs) === 0) return null;
    return Math.min(lateness * p95Ms, 2 * recentMs);
  }

  /** The mean time of one way, in milliseconds; null while it was not seen. */
  meanMs(kind: Kind, way: Way, nowMs: number): number | null {
    const samples = this.#ways[kind][way];
    return weightOf(samples, nowMs) === 0 ? null : samples.figures().meanMs;
  }

  #learnOne(kind: Kind, attempt: Attempt, tookMs: number, wasLive: boolean, ageMs: number, nowMs: number): void {
    const restTier = restTiers.find((tier) => tier === attempt.tier);
    if (restTier === undefined && attempt.tier !== "live_subscription") return;
    const way = this.#ways[kind][restTier !== undefined ? "rest" : wasLive ? "live" : "first_element"];
    const tier = restTier === undefined ? undefined : this.#tiers[restTier];
    const outcome = outcomeOf(attempt, tookMs);
    if (outcome === "nothing") return;
    if (outcome === "failed") {
      tier?.failed(nowMs);
      if (tier !== undefined) this.#road.failed(nowMs);
      way.failed(nowMs);
      return;
    }
    const { recentMs } = way.figures();
    // It would have taken longer than it ran: that is news only if it usually takes less.
    if (outcome === "took_longer" && recentMs !== null && tookMs <= recentMs) return;
    const age = outcome === "answered" ? ageMs : Number.NaN;
    tier?.answered(tookMs, age, nowMs);
    if (tier !== undefined) this.#road.answered(tookMs, age, nowMs);
    way.answered(tookMs, age, nowMs);
  }

  /** What is known of a way; of another kind, where nothing is known of this one. They share the road, though not the exchange's own time. */
  #costOf(kind: Kind, way: Way, nowMs: number): Cost | undefined {
    const own = costOf(this.#ways[kind][way], nowMs, 0);
    if (own !== undefined) return own;
    let other: Cost | undefined;
    for (const name of Kind.literals) {
      const cost = costOf(this.#ways[name][way], nowMs, 0);
      if (cost !== undefined && cost.weight > (other?.weight ?? 0)) other = cost;
    }
    return other === undefined ? undefined : { ...other, weight: other.weight * borrowed };
  }

  /** How far a way that costs `own` moves a score when the other channel costs `other`: up when it is cheaper. */
  #against(own: Cost, other: Cost): number {
    return this.#bound * Math.min(own.weight, other.weight) * Math.tanh(steepness * Math.log(other.ms / own.ms));
  }

  /** The share of failures of a tier, as much of it as is still believed. */
  #faultOf(tier: RestTier, nowMs: number): number {
    const samples = this.#tiers[tier];
    const { success } = samples.figures();
    return success === null || success === 1 ? 0 : (1 - success) * weightOf(samples, nowMs);
  }
}

const unseen = (): Readonly<Record<Way, Samples>> => ({ live: new Samples(), first_element: new Samples(), rest: new Samples() });

const restTiers = ["batch_snapshot", "warm_cache_rest", "cold_rest"] as const satisfies ReadonlyArray<TierName>;
type RestTier = (typeof restTiers)[number];

interface Cost {
  readonly ms: number;
  /** How far the slow ones are from the usual ones, in factors of e. */
  readonly spread: number;
  /** How much the evidence counts, 0 to 1. */
  readonly weight: number;
}

const costOf = (samples: Samples, nowMs: number, waitMs: number): Cost | undefined => {
  const weight = weightOf(samples, nowMs);
  if (weight === 0) return undefined;
  const { p50Ms, p95Ms, leastMs, recentMs, recentSuccess } = samples.figures();
  const failing = (1 - (recentSuccess ?? 1)) * failureCostMs;
  // Nothing but failures: there is no time to tell, and the worst to expect.
  if (p50Ms === null || p95Ms === null || recentMs === null) return { ms: 2 * failureCostMs, spread: 0, weight };
  // The late ones count, but one that was very late does not stand for the rest until it is forgotten.
  const lateMs = Math.min(Math.max(0, p95Ms - recentMs), 2 * recentMs) / 4;
  const typicalMs = Math.max(recentMs + lateMs, waitMs + (leastMs ?? 0));
  return { ms: Math.max(memoryMs, typicalMs + failing), spread: Math.log((p95Ms + 1) / (p50Ms + 1)), weight };
};

const add = (moves: Record<string, number>, tier: TierName, move: number): void => {
  if (move !== 0) moves[tier] = (moves[tier] ?? 0) + move;
};

const weightOf = (samples: Samples, nowMs: number): number => {
  const ageMs = nowMs - samples.lastMs;
  return ageMs >= evidenceEndsMs ? 0 : Math.min(1, samples.size / enoughSamples) * 2 ** (-Math.max(0, ageMs) / evidenceHalfLifeMs);
};

/** Errors that say something about the question, or about our own limits, and nothing about the tier. */
const notOfTheTier = /(?:^|: )(?:MarketUnknown|NeverTraded|InvalidRequest|Unauthorized|Closed|CircuitOpen|RateLimited|Overloaded): /;

const outcomeOf = ({ outcome, reason }: Attempt, tookMs: number): "answered" | "took_longer" | "failed" | "nothing" => {
  switch (outcome) {
    case "answered":
    case "partial":
      return "answered";
    case "interrupted":
      return "took_longer";
    case "missed":
      // A miss that cost nothing is only a look into an empty drawer.
      return tookMs > 1 ? "failed" : "nothing";
    case "failed":
      if (notOfTheTier.test(reason)) return "nothing";
      return reason.startsWith("interrupted") && tookMs < patientMs ? "nothing" : "failed";
  }
};

/** The chance that one way is sooner than the other, from how far apart their usual times are and how much each of them varies. */
const chanceSooner = (one: Cost, other: Cost): number => {
  const apart = Math.log(other.ms / one.ms);
  const usual = Math.hypot(one.spread / 1.645, other.spread / 1.645, leastSpread);
  const chance = 1 / (1 + Math.exp((-1.7 * apart) / usual));
  const weight = Math.min(one.weight, other.weight);
  return 0.5 + weight * (chance - 0.5);
};
/** No two times are alike to better than this, in factors of e. */
const leastSpread = 0.15;
