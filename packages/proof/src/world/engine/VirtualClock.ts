/**
 * A clock that moves only when it is told to, from one due sleep to the next. It ticks in whole milliseconds, as a timer does, so that things
 * due together are due in the same instant and the scheduler decides who is first. Readings begin at 0; the emulated exchange reads that as
 * its own date.
 */
import type * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type { SeededScheduler } from "./SeededScheduler.ts";

interface Sleeper {
  readonly atMs: number;
  /** Sleeps of one instant begin in the order they were asked for; the scheduler then picks among them. */
  readonly order: number;
  readonly wake: () => void;
  /** Woken, or interrupted. */
  isOver: boolean;
}

/** More sleepers than this are a leak. */
const maxSleepers = 100_000;

export class VirtualClock implements Clock.Clock {
  /** Sleeps under way. */
  sleeping = 0;
  private nowMs = 0;
  private order = 0;
  /** A binary heap by (time, order). Interrupted sleepers stay until they are due. */
  private readonly heap: Array<Sleeper> = [];
  private readonly scheduler: SeededScheduler;

  constructor(scheduler: SeededScheduler) {
    this.scheduler = scheduler;
  }

  currentTimeMillisUnsafe(): number {
    return this.nowMs;
  }
  currentTimeNanosUnsafe(): bigint {
    return BigInt(this.nowMs) * 1_000_000n;
  }
  monotonicTimeNanosUnsafe(): bigint {
    return this.currentTimeNanosUnsafe();
  }
  readonly currentTimeMillis = Effect.sync(() => this.nowMs);
  readonly currentTimeNanos = Effect.sync(() => this.currentTimeNanosUnsafe());
  readonly monotonicTimeNanos = Effect.sync(() => this.currentTimeNanosUnsafe());

  sleep(duration: Duration.Duration): Effect.Effect<void> {
    const ms = Math.ceil(Duration.toMillis(duration));
    if (ms <= 0) return Effect.yieldNow;
    if (ms === Infinity) return Effect.never;
    return Effect.callback<void>((resume) => {
      if (this.sleeping >= maxSleepers) throw new RangeError(`more than ${maxSleepers} sleeps at once`);
      const sleeper: Sleeper = { atMs: this.nowMs + ms, order: this.order++, wake: () => resume(Effect.void), isOver: false };
      this.sleeping++;
      push(this.heap, sleeper);
      return Effect.sync(() => this.end(sleeper));
    });
  }

  /** Moves to the next due sleep and makes all of that instant runnable. False when nobody sleeps. */
  advance(): boolean {
    let first = pop(this.heap);
    while (first?.isOver === true) first = pop(this.heap);
    if (first === undefined) return false;
    this.nowMs = first.atMs;
    for (let next: Sleeper | undefined = first; next !== undefined; next = this.heap[0]?.atMs === this.nowMs ? pop(this.heap) : undefined) {
      const sleeper = next;
      // Still interruptible until its turn comes.
      if (!sleeper.isOver) this.scheduler.add(() => this.end(sleeper) && sleeper.wake());
    }
    return true;
  }

  /** True the first time. */
  private end(sleeper: Sleeper): boolean {
    if (sleeper.isOver) return false;
    sleeper.isOver = true;
    this.sleeping--;
    return true;
  }
}

const isBefore = (a: Sleeper, b: Sleeper): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

const push = (heap: Array<Sleeper>, sleeper: Sleeper): void => {
  let at = heap.length;
  heap.push(sleeper);
  while (at > 0) {
    const above = (at - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || !isBefore(sleeper, parent)) break;
    heap[at] = parent;
    at = above;
  }
  heap[at] = sleeper;
};

const pop = (heap: Array<Sleeper>): Sleeper | undefined => {
  const first = heap[0];
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return first;
  let at = 0;
  for (;;) {
    let below = 2 * at + 1;
    const [left, right] = [heap[below], heap[below + 1]];
    if (left === undefined) break;
    if (right !== undefined && isBefore(right, left)) below++;
    const child = heap[below];
    if (child === undefined || !isBefore(child, last)) break;
    heap[at] = child;
    at = below;
  }
  heap[at] = last;
  return first;
};
