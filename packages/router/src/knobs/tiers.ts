/**
 * How tiers are put in order, and how long one is waited for before the next is asked beside it.
 * A class only so that a knob is one entry: what it means, its type, its default.
 */
import type { PredictionOptions } from "../domain/PredictionOptions.ts";

/** How much of the request budget may be in use before the network's share of a score stops growing. */
export type NetworkPolicy = "aggressive" | "balanced" | "conservative" | "minimal";

/** Shares of the four parts of a tier's score: what the context prefers, how many markets fit, what the network has left, special cases. */
export interface RankWeights {
  /** What the context of a question prefers. @unit weight */
  readonly preference: number;
  /** How well a tier suits so many markets. @unit weight */
  readonly fit: number;
  /** What the network has left. @unit weight */
  readonly network: number;
  /** Special cases, such as `realtime`. @unit weight */
  readonly special: number;
}

/** How tiers are put in order. */
export interface RankOptions {
  /** How much of the limit may be in use before the network's share of a score stops growing. */
  readonly policy: NetworkPolicy;
  /** Weights of the score's parts. */
  readonly weights: RankWeights;
  /**
   * The furthest that measurements, or a limit that is nearly used up, may move a score, in either direction. 0 ranks by the formula alone.
   * @unit score
   */
  readonly measuredBound: number;
}

export class TierKnobs {
  /**
   * How tiers are put in order: the pressure policy, the weights of the score's parts, and how far measurements move it.
   * @costs `aggressive` and a small bound keep to REST while the limit is nearly used; measurements cost nothing either way.
   */
  readonly ranking: RankOptions = {
    policy: "balanced",
    weights: { preference: 0.4, fit: 0.3, network: 0.2, special: 0.1 },
    measuredBound: 0.25,
  };
  /**
   * How long callers of single markets are gathered for one batch while another is on its way, in milliseconds. While none is, for a millisecond at
   * most: a lone caller waits for nobody.
   * @costs Longer puts more callers into one request and spares the limit, and makes those wait as much longer who come while one is on its way; 0
   * gathers those of one turn only.
   */
  readonly batchWindowMs: number = 5;
  /**
   * Lengths of the attempts of `live_subscription` to get the first element of a key, one after another, in milliseconds. An attempt that
   * ends without one is told; the next goes on waiting on the same subscription.
   * @costs Longer waits for the socket before REST is asked; shorter spends requests on answers that were on their way.
   */
  readonly attemptDeadlinesMs: ReadonlyArray<number> = [200, 500, 1_000];
  /**
   * Head start of the socket before REST is asked beside it, for questions with `realtime`, in milliseconds. None for `critical`, half
   * for `high`; for `low` REST waits.
   * @costs Smaller cuts the slowest answers and doubles the requests of questions with `realtime`; larger spares the limit.
   */
  readonly hedgeAfterMs: number = 150;
  /**
   * Pages of one candle history asked side by side at most. Ten a second over a way of 200 ms need three, over one of half a second six;
   * all but one have the lowest priority.
   * @unit requests
   * @costs More fills the limit over a long way; more than the way needs only queues, and holds each page's memory meanwhile.
   */
  readonly candlePagesAtOnce: number = 6;
  /**
   * Questions that are guessed from habit before they are asked.
   * @costs Answers from memory for what habit expects, paid with requests and subscriptions nobody asked for; every question is
   * counted as well.
   */
  readonly prediction: PredictionOptions = { enabled: false, prefetchAt: 0.5, presubscribeAt: 0.7, maxUsage: 0.5 };
}
