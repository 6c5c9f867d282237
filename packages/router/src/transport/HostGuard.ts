/**
 * What stands between a call and its host besides the limits: one breaker per limit group and one retry budget, as plain synchronous
 * state on monotonic milliseconds. The machines themselves are pure (`Breaker.ts`, `RetryBudget.ts`); here is where their state is kept.
 */
import type { MarketDataError } from "../errors/MarketDataError.ts";
import { delayMs } from "./Backoff.ts";
import * as Breaker from "./Breaker.ts";
import { afterFailure, type RestPolicyShape, type Verdict } from "./RestPolicy.ts";
import * as RetryBudget from "./RetryBudget.ts";

export type BreakerListener = (group: string, state: Breaker.Breaker["_tag"], refusesForMs: number) => void;

export class HostGuard {
  readonly policy: RestPolicyShape;
  readonly #onBreaker: BreakerListener;
  readonly #breakers = new Map<string, Breaker.Breaker>();
  #budget = RetryBudget.empty;

  constructor(policy: RestPolicyShape, onBreaker: BreakerListener = () => {}) {
    this.policy = policy;
    this.#onBreaker = onBreaker;
  }

  /** Books the first attempt of a call: what retries are measured against. */
  first(nowMs: number): void {
    this.#budget = RetryBudget.first(this.policy.budget, this.#budget, nowMs);
  }

  admit(group: string, nowMs: number): Breaker.Permit {
    const { state, permit } = Breaker.admit(this.policy.breaker, this.#breaker(group), nowMs);
    this.#become(group, state, nowMs);
    return permit;
  }

  /** A permit got before the queue, asked again after it: the breaker may have opened meanwhile. */
  confirm(group: string, permit: Breaker.Permit, nowMs: number): Breaker.Permit {
    const { _tag: state } = this.#breaker(group);
    const stands = permit._tag === "probe" || state === "Closed" || (permit._tag === "trial" && state === "Returning");
    return stands ? permit : this.admit(group, nowMs);
  }

  settle(group: string, permit: Breaker.Permit, verdict: Verdict, nowMs: number, random01: number): void {
    const state = this.#breaker(group);
    const options = this.policy.breaker;
    if (verdict === "answered") this.#become(group, Breaker.succeeded(options, state, permit, nowMs), nowMs);
    else if (verdict === "failed") this.#become(group, Breaker.failed(options, state, permit, nowMs, random01), nowMs);
    else this.#become(group, Breaker.released(state, permit, nowMs), nowMs);
  }

  hold(group: string, untilMs: number, nowMs: number): void {
    this.#become(group, Breaker.heldUntil(this.#breaker(group), untilMs), nowMs);
  }

  refusesForMs(group: string, nowMs: number): number {
    return Breaker.refusesForMs(this.policy.breaker, this.#breaker(group), nowMs);
  }

  /** How long to wait before the next attempt, in milliseconds, with its place in the budget taken; undefined when there is to be none. */
  retryWaitMs(
    group: string,
    error: MarketDataError,
    attempts: number,
    leftMs: number,
    nowMs: number,
    random01: number,
  ): number | undefined {
    if (attempts >= this.policy.attempts || !error.retryable) return undefined;
    const after = afterFailure(this.policy, error);
    if (after?._tag === "block") return undefined;
    // A pause is waited for in the limiter's queue, together with everybody else; more than once is not patience but pressure.
    if (after?._tag === "pause" && (attempts > 1 || after.forMs > leftMs)) return undefined;
    const jitter = after?._tag === "pause" ? 0 : delayMs(this.policy.backoff, attempts - 1, random01);
    const wait = Math.ceil(jitter + (after?._tag === "hold" ? after.forMs : 0));
    if (wait >= leftMs || this.refusesForMs(group, nowMs) > wait) return undefined;
    const spent = RetryBudget.retry(this.policy.budget, this.#budget, nowMs);
    if (spent === undefined) return undefined;
    this.#budget = spent;
    return wait;
  }

  #become(group: string, state: Breaker.Breaker, nowMs: number): void {
    const before = this.#breaker(group)._tag;
    this.#breakers.set(group, state);
    if (state._tag !== before) this.#onBreaker(group, state._tag, Breaker.refusesForMs(this.policy.breaker, state, nowMs));
  }

  #breaker(group: string): Breaker.Breaker {
    return this.#breakers.get(group) ?? Breaker.closed;
  }
}
