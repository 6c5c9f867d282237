/** What an attempt's end means for the next ones: the knobs of retrying, and what each error does to breaker and limiter. Pure. */
import * as Context from "effect/Context";
import type { MarketDataError } from "../errors/MarketDataError.ts";
import { type Backoff, retryBackoff } from "./Backoff.ts";
import { type BreakerOptions, defaultBreakerOptions } from "./Breaker.ts";
import { defaultRetryBudgetOptions, type RetryBudgetOptions } from "./RetryBudget.ts";

export interface RestPolicyShape {
  /** Attempts per call, the first included. */
  readonly attempts: number;
  /** Longest time of one attempt, in milliseconds. */
  readonly attemptTimeoutMs: number;
  /** An attempt cut by its caller's deadline counts against the host only if it had this long, in milliseconds. */
  readonly slowAttemptMs: number;
  /** Bounds of a `Retry-After`, in milliseconds: nonsense in the header must not stop us for a day. */
  readonly minHoldMs: number;
  readonly maxHoldMs: number;
  readonly backoff: Backoff;
  readonly breaker: BreakerOptions;
  readonly budget: RetryBudgetOptions;
}

export const defaultRestPolicy: RestPolicyShape = {
  attempts: 3,
  attemptTimeoutMs: 10_000,
  slowAttemptMs: 2_000,
  minHoldMs: 1_000,
  maxHoldMs: 600_000,
  backoff: retryBackoff,
  breaker: defaultBreakerOptions,
  budget: defaultRetryBudgetOptions,
};

/** Read once, when the `Rest` layer is built. */
export const RestPolicy = Context.Reference<RestPolicyShape>("@naru/router/transport/RestPolicy", {
  defaultValue: () => defaultRestPolicy,
});

/** What an attempt says about the host's health; `none` where it says nothing. */
export type Verdict = "answered" | "failed" | "none";

/** The verdict on an attempt that went out and was not interrupted. No error is an answer. */
export const breakerVerdict = (policy: RestPolicyShape, error: MarketDataError | undefined, durationMs: number): Verdict => {
  switch (error?._tag) {
    case "NetworkError":
      return "failed";
    case "TimeoutError":
      return error.phase !== "deadline" || durationMs >= policy.slowAttemptMs ? "failed" : "none";
    case "UpstreamError":
      return error.retryable ? "failed" : "answered";
    case "DecodeError":
      return error.stage === "schema" || error.stage === "answer" ? "answered" : "failed";
    default:
      return "answered";
  }
};

export type AfterFailure = { readonly _tag: "pause" | "block" | "hold"; readonly forMs: number };

/** What everybody must refrain from after this error: `pause` the group, `block` the host, `hold` the breaker open. */
export const afterFailure = (policy: RestPolicyShape, error: MarketDataError): AfterFailure | undefined => {
  // Whoever asks next, another tier of the same call included, would meet the same certificate.
  if (error._tag === "NetworkError" && !error.retryable) return { _tag: "hold", forMs: policy.breaker.openMs };
  if (error._tag === "RateLimited") return { _tag: error.scope === "ip" ? "block" : "pause", forMs: error.retryAfterMs };
  if (error._tag !== "UpstreamError" || error.retryAfterMs === null) return undefined;
  return { _tag: "hold", forMs: Math.min(policy.maxHoldMs, Math.max(policy.minHoldMs, error.retryAfterMs)) };
};
