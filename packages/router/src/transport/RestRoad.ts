/**
 * What was measured of the way that requests go, and what follows: how long an attempt is worth waiting for, how long callers are gathered for one
 * request, how many markets one request may carry. Pure state on plain milliseconds; a host has one, for all its limit groups share the way.
 *
 * A lost request never answers, so waiting longer than nearly all answers took is waiting for nothing; but a way that has become slow answers
 * later than it ever did, and a limit that only knows the past would cut off every attempt on it. So each limit that cuts an attempt off doubles
 * the next one, until an answer comes, as TCP does with its own.
 */
import { RttEstimator } from "./RttEstimator.ts";
import { RecentValues } from "../health/RecentValues.ts";

/** What the road asks of requests. */
export interface RoadDecision {
  /** The longest time one attempt is given, in milliseconds. */
  readonly attemptTimeoutMs: number;
  /** How long callers of single markets are gathered for one request, at least, in milliseconds. */
  readonly batchWindowMs: number;
  /** How many markets one request carries, at most. */
  readonly batchMarkets: number;
}

/** Answers remembered. */
const kept = 50;
/** Fewer say nothing of how late the late ones are. */
const enough = 5;
/** How much later than nearly all of them an answer may be. */
const patience = 3;
/** No attempt is cut off sooner, in milliseconds: a server may think, and a connection has to be opened now and then. */
const leastMs = 1_000;
/** The share of a trip for which callers are gathered: they would not notice, and each request more costs a place in the limit. */
const gathered = 1 / 50;
const longestWindowMs = 25;
const wholeBatch = 300;
/** On a road that loses much, a long answer is the likelier to be held up. */
const smallBatch = 100;
const lossy = 0.05;

export class RestRoad {
  readonly #answers = new RecentValues(kept);
  readonly #trip = new RttEstimator();
  /** 1 for an attempt that was lost, 0 for one that came back. */
  readonly #losses = new RecentValues(kept);
  #p95Ms: number | null = null;
  /** Attempts in a row that were cut off. */
  #cutOff = 0;

  /** An answer came, whatever it said, after so long. */
  answered(tookMs: number): void {
    if (!Number.isFinite(tookMs) || tookMs < 0) return;
    this.#answers.add(tookMs);
    this.#trip.sample(tookMs);
    this.#losses.add(0);
    this.#p95Ms = this.#answers.percentiles([0.95])[0] ?? null;
    this.#cutOff = 0;
  }

  /** No answer came: the time was over, or the connection broke. */
  lost(wasCutOff: boolean): void {
    this.#losses.add(1);
    if (wasCutOff) this.#cutOff++;
  }

  /** `mostMs` is the limit where nothing was measured, and the one that is never passed. */
  decide(mostMs: number): RoadDecision {
    const tripMs = this.#trip.smoothedMs ?? 0;
    return {
      attemptTimeoutMs: this.#timeoutMs(mostMs),
      batchWindowMs: Math.min(longestWindowMs, tripMs * gathered),
      batchMarkets: (this.#losses.mean ?? 0) > lossy ? smallBatch : wholeBatch,
    };
  }

  #timeoutMs(mostMs: number): number {
    if (this.#p95Ms === null || this.#answers.count < enough) return mostMs;
    const usual = Math.max(leastMs, patience * this.#p95Ms, this.#trip.timeoutMs ?? 0);
    return Math.min(mostMs, Math.round(usual * 2 ** this.#cutOff));
  }
}
