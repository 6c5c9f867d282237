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
import * as Allowance from "./Allowance.ts";
import { atRate, type Limit, rateOf } from "./LimitTable.ts";
import type { AcquireOptions, Grant, LimitSnapshot } from "./RateLimiter.ts";
import * as SlidingWindow from "./SlidingWindow.ts";
import { type Rank, WaitQueue } from "./WaitQueue.ts";

/** Callers that may stand in one queue. The next one is refused. */
export const maxWaiters = 10_000;

/** The longest pause after refusals that follow one another without an answer between. */
const longestPauseMs = 30_000;

const rank: Readonly<Record<Priority, Rank>> = { critical: 0, high: 1, normal: 2, low: 3 };

/** What the gates of one host have in common. */
export interface Host {
  /** No block is felt: the two below need not be asked. */
  readonly isOpen: boolean;
  /** When the next request of the host may go: `nowMs` when at once. */
  readonly opensAt: (nowMs: number) => number;
  /** The share of every limit that may be used at present, 0 to 1. */
  readonly shareAt: (nowMs: number) => number;
  /** Milliseconds for which the host is blocked. */
  readonly blockedForMs: (nowMs: number) => number;
  readonly granted: (nowMs: number) => void;
  /** A group is used that was not said to be. */
  readonly begun: () => void;
  readonly ended: (grantedMs: number, nowMs: number, isAnswered: boolean) => void;
}

class Waiter {
  readonly rank: Rank;
  /** The latest useful grant, monotonic milliseconds. */
  readonly deadline: number;
  outcome: { readonly grantedAt: number } | RateLimited | undefined;
  /** Something changed since the waiter last looked. */
  stirred = false;
  wake: (() => void) | undefined;

  constructor(rank: Rank, deadline: number) {
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
  /** What the exchange allows, and the part of it that this process may use. */
  limit: Limit;
  share: Limit;
  readonly #clock: Clock.Clock;
  readonly #host: Host;
  #window = SlidingWindow.empty;
  /** Times of the grants whose requests are not over, ascending: at most those of {@link SlidingWindow.isFlying}. */
  #flying: Array<number> = [];
  #allowance = Allowance.whole;
  readonly #queue = new WaitQueue<Waiter>();
  #leader: Waiter | undefined;
  /** When the last refusal came, how many came without an answer between, and how many in all. */
  #refusedMs = Number.NEGATIVE_INFINITY;
  #refusalsInRow = 0;
  #refusals = 0;
  #lastGrantMs = Number.NEGATIVE_INFINITY;
  /** When the queue was last seen not to be empty. */
  #waitedMs = Number.NEGATIVE_INFINITY;
  /** When it must be said again that the group is used. */
  #sayAgainMs = Number.NEGATIVE_INFINITY;

  constructor(group: string, limit: Limit, share: Limit, clock: Clock.Clock, host: Host) {
    this.group = group;
    this.limit = limit;
    this.share = share;
    this.#clock = clock;
    this.#host = host;
  }

  /** Goes on with another limit: grants, pauses and what is known of others stay. */
  change(limit: Limit, share: Limit): void {
    this.limit = limit;
    this.share = share;
  }

  acquire(options: AcquireOptions): Effect.Effect<Grant, RateLimited> {
    return Effect.suspend(() => {
      const now = this.now();
      const waiting = this.#queue.size;
      if (waiting === 0 && this.#grantAt(now, 0) <= now) {
        this.#grant(now);
        return Effect.succeed({ group: this.group, grantedMs: now });
      }
      const wait = this.#grantAt(now, this.#queue.ahead(rank[options.priority])) - now;
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

  /** See `SlidingWindow.ended`. An answer to a request that was sent after the last refusal shows that refusals are over. */
  ended(grantedMs: number, answered: boolean): void {
    const now = this.now();
    const before = this.#window;
    this.#window = SlidingWindow.ended(this.limit, before, grantedMs, now, answered);
    this.#landed(grantedMs);
    if (this.#refusalsInRow > 0 && answered && grantedMs > this.#refusedMs) this.#refusalsInRow = 0;
    if (this.#window !== before && this.#leader !== undefined) this.#settle(now, true);
    if (!this.#host.isOpen) this.#host.ended(grantedMs, now, answered);
  }

  /** An answer said how many requests are left. See `Allowance.observed`; what is older than a window says nothing about now. */
  observe(remaining: number, tookMs: number): void {
    if (!(tookMs < this.limit.windowMs)) return;
    const now = this.now();
    const own = SlidingWindow.countSince(this.#window, now - Math.max(0, tookMs) - SlidingWindow.spanMs(this.limit));
    const before = this.#allowance;
    this.#allowance = Allowance.observed(this.limit, this.share, before, now, remaining, own);
    if (this.#allowance !== before) this.#settle(now, true);
  }

  /**
   * The exchange refused a request. One that was sent before an earlier refusal came only says the same again. Those that follow one another without
   * an answer between pause the group for twice as long each.
   */
  refused(forMs: number, grantedMs: number | undefined): void {
    const now = this.now();
    this.#refusals++;
    let pauseMs = forMs;
    if (grantedMs === undefined || grantedMs > this.#refusedMs) {
      this.#refusedMs = now;
      this.#refusalsInRow++;
      this.#allowance = Allowance.refused(this.limit, this.share, this.#allowance, now);
      if (this.#refusalsInRow > 1)
        pauseMs = Math.max(forMs, Math.min(longestPauseMs, this.limit.windowMs * 2 ** (this.#refusalsInRow - 1)));
    }
    this.#window = SlidingWindow.paused(this.#window, now + pauseMs);
    this.#settle(now, true);
  }

  /** Others on this machine have just used this many places, until `forMs` from now: what a process that starts begins with. */
  occupy(count: number, forMs: number): void {
    const spanMs = SlidingWindow.spanMs(this.limit);
    const atMs = this.now() + Math.min(forMs, spanMs) - spanMs;
    for (let i = 0; i < Math.min(count, this.share.limit); i++) this.#window = SlidingWindow.granted(this.limit, this.#window, atMs);
  }

  /** The host is blocked from now on: nobody of the queue is served before the end, so each is told at once. */
  endWaits(): void {
    const now = this.now();
    const stirred: Array<Waiter> = [];
    const wait = this.#grantAt(now, 0) - now;
    for (const waiter of this.#queue.inOrder()) this.#end(waiter, this.#refusal(now, wait, "the address is blocked"), stirred);
    this.#wake(stirred);
  }

  /** What the host allows has changed. */
  refresh(): void {
    if (this.#queue.size === 0) return;
    this.#settle(this.now(), true);
    this.#leader?.stir();
  }

  usage(): number {
    const now = this.now();
    if (this.#window.pausedUntil > now || this.#host.blockedForMs(now) > 0) return 1;
    const allowed = this.#allowed(now);
    const free = Math.max(0, allowed.limit - SlidingWindow.used(allowed, this.#held(now), now));
    return Math.max(0, this.share.limit - free) / this.share.limit;
  }

  waitMs(priority: Priority): number {
    const now = this.now();
    return this.#grantAt(now, this.#queue.ahead(rank[priority])) - now;
  }

  isIdle(): boolean {
    const now = this.now();
    return (
      this.#queue.size === 0 &&
      SlidingWindow.isIdle(this.limit, this.#held(now), now) &&
      Allowance.forgotten(this.limit, this.share, this.#allowance, now) === Allowance.whole
    );
  }

  /** Whether a place was granted within the last so many milliseconds. If so it counts as said that it will be used for as long; half of it later it is said again. */
  sayUse(aheadMs: number): boolean {
    const now = this.now();
    const isUsed = now - this.#lastGrantMs <= aheadMs;
    if (isUsed) this.#sayAgainMs = now + aheadMs / 2;
    return isUsed;
  }

  /** Places that a process which started now would have to count. */
  footprint(): { readonly count: number; readonly forMs: number } | undefined {
    const now = this.now();
    const count = SlidingWindow.used(this.limit, this.#window, now);
    return count === 0 ? undefined : { count, forMs: Math.max(0, this.#lastGrantMs + SlidingWindow.spanMs(this.limit) - now) };
  }

  snapshot(): LimitSnapshot {
    const now = this.now();
    const others = Allowance.othersAt(this.limit, this.#allowance, now);
    return {
      group: this.group,
      limit: this.limit.limit,
      share: this.share.limit,
      allowed: this.#rate(now),
      others,
      used: Math.min(this.limit.limit, SlidingWindow.used(this.limit, this.#held(now), now) + others),
      waiting: this.#queue.size,
      waitedAgoMs: this.#queue.size > 0 ? 0 : now - this.#waitedMs,
      pausedMs: Math.max(0, this.#window.pausedUntil - now, this.#host.blockedForMs(now)),
      refusals: this.#refusals,
    };
  }

  now(): number {
    return Number(this.#clock.monotonicTimeNanosUnsafe()) / 1e6;
  }

  #grantAt(now: number, ahead: number): number {
    const at = SlidingWindow.grantAt(this.#allowed(now), this.#held(now), now, ahead);
    return this.#host.isOpen ? at : Math.max(at, this.#host.opensAt(now));
  }

  /** The limit that holds at present. */
  #allowed(now: number): Limit {
    if (this.#allowance === Allowance.whole && this.#host.isOpen) return this.share;
    const rate = this.#rate(now);
    return rate === rateOf(this.limit, this.share) ? this.share : atRate(this.limit, rate);
  }

  #rate(now: number): number {
    this.#allowance = Allowance.forgotten(this.limit, this.share, this.#allowance, now);
    const rate = Allowance.rateAt(this.limit, this.share, this.#allowance, now);
    return this.#host.isOpen ? rate : Math.min(rate, Math.max(Allowance.leastRate, rate * this.#host.shareAt(now)));
  }

  #held(now: number): SlidingWindow.SlidingWindow {
    return SlidingWindow.held(this.limit, this.#window, this.#flying, now);
  }

  #grant(now: number): void {
    this.#window = SlidingWindow.granted(this.limit, this.#window, now);
    while (this.#flying.length > 0 && !SlidingWindow.isFlying(this.limit, this.#flying[0] ?? now, now)) this.#flying.shift();
    this.#flying.push(now);
    this.#lastGrantMs = now;
    if (now >= this.#sayAgainMs) this.#host.begun();
    if (!this.#host.isOpen) this.#host.granted(now);
  }

  #landed(grantedMs: number): void {
    const index = this.#flying.lastIndexOf(grantedMs);
    if (index !== -1) this.#flying.splice(index, 1);
  }

  /** Until the waiter has its grant or its refusal. Only the first in the queue keeps time. */
  #turn(waiter: Waiter): Effect.Effect<Grant, RateLimited> {
    return Effect.suspend(() => {
      waiter.stirred = false;
      if (waiter.outcome instanceof RateLimited) return Effect.fail(waiter.outcome);
      if (waiter.outcome !== undefined) return Effect.succeed({ group: this.group, grantedMs: waiter.outcome.grantedAt });
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
    this.#queue.join(waiter);
    this.#settle(this.now(), this.#queue.ahead(waiter.rank) < this.#queue.size);
  }

  /** Gives back the place in the queue, or the grant that came too late to be used. */
  #leave(waiter: Waiter): void {
    this.#queue.leave(waiter);
    const outcome = waiter.outcome;
    const unused = outcome !== undefined && "grantedAt" in outcome ? outcome.grantedAt : undefined;
    const now = this.now();
    if (unused !== undefined) {
      this.#window = SlidingWindow.refunded(this.#window, unused);
      this.#landed(unused);
      if (!this.#host.isOpen) this.#host.ended(unused, now, false);
    }
    this.#settle(now, false);
    // The next grant may be due earlier than the one that keeps the time believes.
    if (unused !== undefined) this.#leader?.stir();
  }

  /**
   * Brings the queue up to date after every change: grants what is due, refuses what has become hopeless, appoints the first. `longer`: the change
   * can have made waits longer.
   */
  #settle(now: number, longer: boolean): void {
    const stirred: Array<Waiter> = [];
    if (this.#queue.size > 0) this.#waitedMs = now;
    for (let first = this.#queue.first(); first !== undefined && this.#grantAt(now, 0) <= now; first = this.#queue.first()) {
      if (first.deadline < now) this.#end(first, this.#refusal(now, 0, "the turn came after the deadline"), stirred);
      else {
        this.#queue.take();
        this.#grant(now);
        this.#end(first, { grantedAt: now }, stirred);
      }
    }
    // A grant after its due time, because a timer was late, makes the waits behind it longer too.
    if (longer || stirred.length > 0) this.#refuseHopeless(now, stirred);
    this.#wake(stirred);
  }

  #refuseHopeless(now: number, stirred: Array<Waiter>): void {
    let ahead = 0;
    for (const waiter of this.#queue.inOrder()) {
      const at = this.#grantAt(now, ahead);
      if (at > waiter.deadline) this.#end(waiter, this.#refusal(now, at - now, "the wait has grown beyond the deadline"), stirred);
      else ahead++;
    }
  }

  #end(waiter: Waiter, outcome: NonNullable<Waiter["outcome"]>, stirred: Array<Waiter>): void {
    this.#queue.leave(waiter);
    waiter.outcome = outcome;
    stirred.push(waiter);
  }

  /** Appoints the first. Nobody is woken before everything is done, because whoever is woken may come straight back here. */
  #wake(stirred: Array<Waiter>): void {
    const former = this.#leader;
    this.#leader = this.#queue.first();
    if (former !== this.#leader) stirred.push(...[former, this.#leader].filter((waiter) => waiter !== undefined));
    for (const waiter of stirred) waiter.stir();
  }

  #refusal(now: number, waitMs: number, detail: string): RateLimited {
    const scope = this.#host.blockedForMs(now) > 0 ? "ip" : "local";
    return new RateLimited({ group: this.group, scope, status: null, retryAfterMs: round(waitMs), detail });
  }
}

const round = (ms: number): number => (Number.isFinite(ms) ? Math.ceil(ms) : ms);
