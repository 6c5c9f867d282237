/**
 * The queue in front of one sliding window. Whoever stands first sleeps until the next grant is due, hands out every place that is free by
 * then, and wakes the next; if it is interrupted, the next takes over. So nobody needs a fiber of their own, and callers from different
 * Effect runtimes can stand in one queue. Everything between two sleeps is synchronous.
 *
 * Each waiter's place is known exactly, so a wait that has become too long for its caller is refused when that becomes known, not when it
 * is over.
 */
import type * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import type { Priority } from "../domain/Question.ts";
import { RateLimited } from "../errors/MarketDataError.ts";
import type { Limit } from "./LimitTable.ts";
import type { AcquireOptions, LimitSnapshot } from "./RateLimiter.ts";
import * as SlidingWindow from "./SlidingWindow.ts";

/** Callers that may stand in one queue. The next one is refused. */
export const maxWaiters = 10_000;

const rank: Readonly<Record<Priority, number>> = { critical: 0, high: 1, normal: 2, low: 3 };

class Waiter {
  readonly rank: number;
  /** The latest useful grant, monotonic milliseconds. */
  readonly deadline: number;
  outcome: { readonly grantedAt: number } | RateLimited | undefined;
  /** Something changed since the waiter last looked. */
  stirred = false;
  wake: (() => void) | undefined;

  constructor(rank: number, deadline: number) {
    this.rank = rank;
    this.deadline = deadline;
  }

  stir(): void {
    this.stirred = true;
    this.wake?.();
  }

  /**
   * Ends at the next {@link Waiter.stir}, or at once when there was one since the last look. Effect resumes a callback synchronously,
   * inside the fiber that stirs; the yield lets that one go on first, so that callers leave the queue in its order.
   */
  readonly stirring = Effect.andThen(
    Effect.callback<void>((resume) => {
      if (this.stirred) return resume(Effect.void);
      this.wake = () => resume(Effect.void);
      return Effect.sync(() => {
        this.wake = undefined;
      });
    }),
    Effect.yieldNow,
  );
}

export class LimitGate {
  readonly group: string;
  limit: Limit;
  readonly #clock: Clock.Clock;
  #window = SlidingWindow.empty;
  /** Times of the grants whose requests are not over, ascending: at most those of {@link SlidingWindow.isFlying}. */
  #flying: Array<number> = [];
  #blockedUntil = Number.NEGATIVE_INFINITY;
  /** One queue per priority; a set keeps the order of arrival and gives a place back in constant time. */
  readonly #queues: ReadonlyArray<Set<Waiter>> = [new Set(), new Set(), new Set(), new Set()];
  #leader: Waiter | undefined;

  constructor(group: string, limit: Limit, clock: Clock.Clock) {
    this.group = group;
    this.limit = limit;
    this.#clock = clock;
  }

  /** Succeeds with the time of the grant. */
  acquire(options: AcquireOptions): Effect.Effect<number, RateLimited> {
    return Effect.suspend(() => {
      const now = this.now();
      const waiting = this.waiting();
      if (waiting === 0 && this.#grantAt(now, 0) <= now) {
        this.#grant(now);
        return Effect.succeed(now);
      }
      const wait = this.#grantAt(now, this.#ahead(rank[options.priority])) - now;
      if (wait > options.maxWaitMs) return Effect.fail(this.#refusal(now, wait, `the wait exceeds ${round(options.maxWaitMs)} ms`));
      if (waiting >= maxWaiters) return Effect.fail(this.#refusal(now, wait, `${maxWaiters} callers are waiting`));
      const waiter = new Waiter(rank[options.priority], now + options.maxWaitMs);
      return Effect.acquireUseRelease(
        Effect.sync(() => this.#join(waiter)),
        () => this.#turn(waiter),
        (_, exit) => (Exit.isSuccess(exit) ? Effect.void : Effect.sync(() => this.#leave(waiter))),
      );
    });
  }

  /** See `SlidingWindow.ended`. */
  ended(grantedMs: number, answered: boolean): void {
    const now = this.now();
    const before = this.#window;
    this.#window = SlidingWindow.ended(this.limit, before, grantedMs, now, answered);
    this.#landed(grantedMs);
    if (this.#window !== before && this.#leader !== undefined) this.#settle(now, true);
  }

  /** See `SlidingWindow.observed`. */
  observe(remaining: number, tookMs: number): void {
    const now = this.now();
    this.#window = SlidingWindow.observed(this.limit, this.#window, now, remaining, tookMs);
    this.#settle(now, true);
  }

  pause(untilMs: number): void {
    this.#window = SlidingWindow.paused(this.#window, untilMs);
    this.#settle(this.now(), true);
  }

  block(untilMs: number): void {
    this.#blockedUntil = Math.max(this.#blockedUntil, untilMs);
    this.pause(untilMs);
  }

  usage(): number {
    const now = this.now();
    if (this.#window.pausedUntil > now) return 1;
    return Math.min(1, SlidingWindow.used(this.limit, this.#held(now), now) / this.limit.limit);
  }

  waitMs(priority: Priority): number {
    const now = this.now();
    return this.#grantAt(now, this.#ahead(rank[priority])) - now;
  }

  waiting(): number {
    let count = 0;
    for (const queue of this.#queues) count += queue.size;
    return count;
  }

  isIdle(): boolean {
    const now = this.now();
    return this.waiting() === 0 && SlidingWindow.isIdle(this.limit, this.#held(now), now);
  }

  snapshot(): LimitSnapshot {
    const now = this.now();
    return {
      group: this.group,
      limit: this.limit.limit,
      used: SlidingWindow.used(this.limit, this.#held(now), now),
      waiting: this.waiting(),
      pausedMs: Math.max(0, this.#window.pausedUntil - now),
    };
  }

  now(): number {
    return Number(this.#clock.monotonicTimeNanosUnsafe()) / 1e6;
  }

  #grantAt(now: number, ahead: number): number {
    return SlidingWindow.grantAt(this.limit, this.#held(now), now, ahead);
  }

  #held(now: number): SlidingWindow.SlidingWindow {
    return SlidingWindow.held(this.limit, this.#window, this.#flying, now);
  }

  #grant(now: number): void {
    this.#window = SlidingWindow.granted(this.limit, this.#window, now);
    const gone = this.#flying.findIndex((grantedMs) => SlidingWindow.isFlying(this.limit, grantedMs, now));
    this.#flying.splice(0, gone === -1 ? this.#flying.length : gone);
    this.#flying.push(now);
  }

  #landed(grantedMs: number): void {
    const index = this.#flying.lastIndexOf(grantedMs);
    if (index !== -1) this.#flying.splice(index, 1);
  }

  /** Waiters that stand before a newcomer of this rank. */
  #ahead(newcomer: number): number {
    let count = 0;
    for (let i = 0; i <= newcomer; i++) count += this.#queues[i]?.size ?? 0;
    return count;
  }

  /** Until the waiter has its grant or its refusal. Only the first in the queue keeps time. */
  #turn(waiter: Waiter): Effect.Effect<number, RateLimited> {
    return Effect.suspend(() => {
      waiter.stirred = false;
      if (waiter.outcome instanceof RateLimited) return Effect.fail(waiter.outcome);
      if (waiter.outcome !== undefined) return Effect.succeed(waiter.outcome.grantedAt);
      if (waiter !== this.#leader) return Effect.flatMap(waiter.stirring, () => this.#turn(waiter));
      const now = this.now();
      // Whole milliseconds, rounded up: a timer that fires a fraction early would only have to be set again.
      const sleep = this.#clock.sleep(Duration.millis(Math.ceil(this.#grantAt(now, 0) - now)));
      return Effect.flatMap(Effect.raceFirst(sleep, waiter.stirring), () => {
        this.#settle(this.now(), false);
        return this.#turn(waiter);
      });
    });
  }

  #join(waiter: Waiter): void {
    this.#queues[waiter.rank]?.add(waiter);
    this.#settle(this.now(), this.#ahead(waiter.rank) < this.waiting());
  }

  /** Gives back the place in the queue, or the grant that came too late to be used. */
  #leave(waiter: Waiter): void {
    this.#queues[waiter.rank]?.delete(waiter);
    const outcome = waiter.outcome;
    const unused = outcome !== undefined && "grantedAt" in outcome ? outcome.grantedAt : undefined;
    if (unused !== undefined) {
      this.#window = SlidingWindow.refunded(this.#window, unused);
      this.#landed(unused);
    }
    this.#settle(this.now(), false);
    // The next grant may be due earlier than the one that keeps the time believes.
    if (unused !== undefined) this.#leader?.stir();
  }

  /**
   * Brings the queue up to date after every change: grants what is due, refuses what has become hopeless, appoints the first. Nobody is
   * woken before all of that is done, because whoever is woken may come straight back here. `longer`: the change can have made waits
   * longer.
   */
  #settle(now: number, longer: boolean): void {
    const stirred: Array<Waiter> = [];
    for (let first = this.#first(); first !== undefined && this.#grantAt(now, 0) <= now; first = this.#first()) {
      if (first.deadline < now) this.#end(first, this.#refusal(now, 0, "the turn came after the deadline"), stirred);
      else {
        this.#grant(now);
        this.#end(first, { grantedAt: now }, stirred);
      }
    }
    // A grant after its due time, because a timer was late, makes the waits behind it longer too.
    if (longer || stirred.length > 0) this.#refuseHopeless(now, stirred);
    const former = this.#leader;
    this.#leader = this.#first();
    if (former !== this.#leader) stirred.push(...[former, this.#leader].filter((waiter) => waiter !== undefined));
    for (const waiter of stirred) waiter.stir();
  }

  #refuseHopeless(now: number, stirred: Array<Waiter>): void {
    let ahead = 0;
    for (const queue of this.#queues) {
      for (const waiter of queue) {
        const at = this.#grantAt(now, ahead);
        if (at > waiter.deadline) this.#end(waiter, this.#refusal(now, at - now, "the wait has grown beyond the deadline"), stirred);
        else ahead++;
      }
    }
  }

  #end(waiter: Waiter, outcome: NonNullable<Waiter["outcome"]>, stirred: Array<Waiter>): void {
    this.#queues[waiter.rank]?.delete(waiter);
    waiter.outcome = outcome;
    stirred.push(waiter);
  }

  #first(): Waiter | undefined {
    for (const queue of this.#queues) for (const waiter of queue) return waiter;
    return undefined;
  }

  #refusal(now: number, waitMs: number, detail: string): RateLimited {
    const blocked = this.#blockedUntil > now;
    return new RateLimited({ group: this.group, scope: blocked ? "ip" : "local", status: null, retryAfterMs: round(waitMs), detail });
  }
}

const round = (ms: number): number => (Number.isFinite(ms) ? Math.ceil(ms) : ms);
