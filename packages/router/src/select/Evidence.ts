/**
 * What was seen of each way to an answer, and what follows for the scores. Outcomes of attempts come in, moves of scores go out; a move is
 * bounded by the ranking, fades as the evidence grows old, and is nothing while nothing was seen, so that the published tables hold until then.
 *
 * A tier is not one way. `live_subscription` reads memory while its key is live and otherwise waits for the exchange to speak, which takes a
 * thousand times as long; a mean over both describes neither. So evidence is kept by kind and way: `live` and `first_element` for that tier,
 * `rest` for the three that ask over REST, which share one road; memory needs no measuring. Beside it each tier has its own share of successes.
 *
 * An attempt that lost a race is no failure: it would have taken at least as long as it ran, and that is what is written down.
 */
import type { Channel, TierName } from "../domain/Provenance.ts";
import { tiers } from "../domain/Provenance.ts";
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
export const evidenceHalfLifeMs = 60_000;
/** Older than this it counts nothing. */
export const evidenceEndsMs = 600_000;
/** Fewer outcomes than this count for less. */
const enoughSamples = 3;
/** What a failure costs beyond its own time, in milliseconds: the caller has to be turned to another tier, which has not begun. */
const failureCostMs = 500;
/** An answer from memory, in milliseconds. */
const memoryMs = 0.1;
/** How sharply times that differ move a score: at a third longer it has moved by more than half of the bound. */
const steepness = 2.5;
/** A caller's deadline that cuts an attempt says something about the tier only if the attempt had this long, in milliseconds. */
const patientMs = 1_000;

export class Evidence {
  readonly #bound: number;
  readonly #ways: Readonly<Record<Kind, Readonly<Record<Way, Samples>>>>;
  readonly #tiers: Readonly<Record<TierName, Samples>>;

  constructor({ bound }: EvidenceOptions) {
    this.#bound = bound;
    this.#ways = { ticker: unseen(), orderbook: unseen(), trades: unseen(), candles: unseen() };
    this.#tiers = {
      hot_cache: new Samples(),
      live_subscription: new Samples(),
      batch_snapshot: new Samples(),
      warm_cache_rest: new Samples(),
      cold_rest: new Samples(),
    };
  }

  /**
   * Takes in the attempts of one call about one row. `wasLive`: the key was live when it began, so the socket's tier had not to wait.
   * `ageMs` is how old the answer was when it was given.
   */
  learn(kind: Kind, attempts: ReadonlyArray<Attempt>, wasLive: boolean, ageMs: number, nowMs: number): void {
    // Attempts of one tier that follow each other are one wait, told in parts.
    for (let i = 0; i < attempts.length; i++) {
      const attempt = attempts[i];
      if (attempt === undefined) continue;
      let tookMs = attempt.durationMs;
      for (let before = i - 1; before >= 0 && isPartOf(attempts[before], attempt); before--) tookMs += attempts[before]?.durationMs ?? 0;
      if (isPartOf(attempt, attempts[i + 1])) continue;
      this.#learnOne(kind, attempt, tookMs, wasLive, ageMs, nowMs);
    }
  }

  /** What the evidence says of a question of this kind now. Undefined when it says nothing. */
  measure(kind: Kind, { hotFresh, subscribed, restWaitMs }: WayFacts, nowMs: number): Measured | undefined {
    const rest = this.#costOf(kind, "rest", nowMs, restWaitMs);
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
    for (const tier of tiers) {
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

  /** The time in which nearly every answer of one way came, in milliseconds; null while too few were seen, or none lately. */
  p95Ms(kind: Kind, way: Way, nowMs: number): number | null {
    const samples = this.#ways[kind][way];
    return samples.size < enoughSamples || weightOf(samples, nowMs) === 0 ? null : samples.figures().p95Ms;
  }

  /** The mean time of one way, in milliseconds; null while it was not seen. */
  meanMs(kind: Kind, way: Way, nowMs: number): number | null {
    const samples = this.#ways[kind][way];
    return weightOf(samples, nowMs) === 0 ? null : samples.figures().meanMs;
  }

  #learnOne(kind: Kind, attempt: Attempt, tookMs: number, wasLive: boolean, ageMs: number, nowMs: number): void {
    const tier = attempt.tier as TierName;
    const known = this.#tiers[tier];
    if (known === undefined || tier === "hot_cache") return;
    const way = wayOf(tier, wasLive);
    const outcome = outcomeOf(attempt, tookMs);
    if (outcome === "nothing") return;
    if (outcome === "failed") {
      known.failed(nowMs);
      this.#ways[kind][way].failed(nowMs);
      return;
    }
    const age = outcome === "answered" ? ageMs : Number.NaN;
    known.answered(tookMs, age, nowMs);
    this.#ways[kind][way].answered(tookMs, age, nowMs);
  }

  #costOf(kind: Kind, way: Way, nowMs: number, waitMs = 0): Cost | undefined {
    const samples = this.#ways[kind][way];
    const weight = weightOf(samples, nowMs);
    if (weight === 0) return undefined;
    const { p50Ms, p95Ms, leastMs, success } = samples.figures();
    const failing = (1 - (success ?? 1)) * failureCostMs;
    // Nothing but failures: there is no time to tell, and the worst to expect.
    if (p50Ms === null || p95Ms === null) return { ms: 2 * failureCostMs, spread: 0, weight };
    const typicalMs = Math.max(0.75 * p50Ms + 0.25 * p95Ms, waitMs + (leastMs ?? 0));
    return { ms: Math.max(memoryMs, typicalMs + failing), spread: Math.log((p95Ms + 1) / (p50Ms + 1)), weight };
  }

  /** How far a way that costs `own` moves a score when the other channel costs `other`: up when it is cheaper. */
  #against(own: Cost, other: Cost): number {
    return this.#bound * Math.min(own.weight, other.weight) * Math.tanh(steepness * Math.log(other.ms / own.ms));
  }

  /** The share of failures of a tier, as much of it as is still believed. */
  #faultOf(tier: TierName, nowMs: number): number {
    const samples = this.#tiers[tier];
    const { success } = samples.figures();
    return success === null || success === 1 ? 0 : (1 - success) * weightOf(samples, nowMs);
  }
}

const unseen = (): Readonly<Record<Way, Samples>> => ({ live: new Samples(), first_element: new Samples(), rest: new Samples() });

const restTiers = ["batch_snapshot", "warm_cache_rest", "cold_rest"] as const;

interface Cost {
  readonly ms: number;
  /** How far the slow ones are from the usual ones, in factors of e. */
  readonly spread: number;
  /** How much the evidence counts, 0 to 1. */
  readonly weight: number;
}

const add = (moves: Record<string, number>, tier: TierName, move: number): void => {
  if (move !== 0) moves[tier] = (moves[tier] ?? 0) + move;
};

const wayOf = (tier: TierName, wasLive: boolean): Way => (tier !== "live_subscription" ? "rest" : wasLive ? "live" : "first_element");

const weightOf = (samples: Samples, nowMs: number): number => {
  const ageMs = nowMs - samples.lastMs;
  return ageMs >= evidenceEndsMs ? 0 : Math.min(1, samples.size / enoughSamples) * 2 ** (-Math.max(0, ageMs) / evidenceHalfLifeMs);
};

/** `before` is an earlier part of the wait that `attempt` ends. */
const isPartOf = (before: Attempt | undefined, attempt: Attempt | undefined): boolean =>
  before !== undefined && attempt !== undefined && before.tier === attempt.tier && before.outcome === "missed";

/** Errors that say something about the question, or about our own limits, and nothing about the tier. */
const notOfTheTier = /(?:^|: )(?:MarketUnknown|InvalidRequest|Unauthorized|Closed|CircuitOpen|RateLimited|Overloaded): /;

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
