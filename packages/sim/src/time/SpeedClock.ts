/**
 * A clock that runs over another one at a chosen speed: 1,000 times as fast, slowly, or not at all, and that can jump ahead. Wall time and
 * monotonic time move together, by exact integer arithmetic, so that changing the speed a thousand times loses nothing. Whoever sleeps on it
 * sleeps in its time: a change of speed, a pause or a jump moves every end of sleep under way. One timer of the base clock serves all sleeps.
 */
import type * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type * as Fiber from "effect/Fiber";

export interface SpeedClockOptions {
  /** How much faster than the base clock, from {@link minSpeed} to {@link maxSpeed}. Default 1. */
  readonly speed?: number | undefined;
  /** Wall time at the start, epoch milliseconds. Default: the base clock's. */
  readonly startMs?: number | undefined;
}

export const minSpeed = 0.001;
export const maxSpeed = 1_000;
/** Sleeps under way; more is a leak. */
const maxSleeps = 100_000;
/** Longest single jump: ten years. */
const maxJumpMs = 3_653 * 86_400_000;
/** Longest single timer of the base clock; then it is looked again. */
const longestTimerNanos = 3_600_000_000_000n;

const nanosPerMs = 1_000_000n;
/** Speeds are whole millionths. */
const one = 1_000_000n;

interface Sleep {
  readonly dueNanos: bigint;
  readonly resume: (effect: Effect.Effect<void>) => void;
}

/** Runs a timer of the base clock. */
type Start = (effect: Effect.Effect<void>) => Fiber.Fiber<void>;

export class SpeedClock implements Clock.Clock {
  private readonly base: Clock.Clock;
  private readonly start: Start;
  private readonly wallOffsetNanos: bigint;
  /** This clock showed `anchorNanos` when the base clock showed `anchorBaseNanos`. */
  private anchorNanos: bigint;
  private anchorBaseNanos: bigint;
  private millionths: bigint;
  private isPaused = false;
  /** Latest first, so that the next to end is at the end; of equal ones the first to come is the last. */
  private readonly sleeps: Array<Sleep> = [];
  private timer: { readonly dueNanos: bigint; readonly fiber: Fiber.Fiber<void> } | undefined;

  /** `start` runs timers on any clock: they name the base clock themselves. Throws a RangeError for a speed that cannot be. */
  constructor(base: Clock.Clock, start: Start, options: SpeedClockOptions = {}) {
    this.base = base;
    this.start = start;
    this.millionths = toMillionths(options.speed ?? 1);
    this.anchorBaseNanos = this.anchorNanos = base.monotonicTimeNanosUnsafe();
    const startNanos = options.startMs === undefined ? base.currentTimeNanosUnsafe() : BigInt(Math.round(options.startMs)) * nanosPerMs;
    this.wallOffsetNanos = startNanos - this.anchorNanos;
  }

  /** How much faster than the base clock it runs when it is not paused. */
  get speed(): number {
    return Number(this.millionths) / Number(one);
  }

  get paused(): boolean {
    return this.isPaused;
  }

  /** Runs at another speed from now on, once it runs. Throws a RangeError outside {@link minSpeed} and {@link maxSpeed}. */
  setSpeed(speed: number): void {
    const millionths = toMillionths(speed);
    this.anchor();
    this.millionths = millionths;
    this.arm();
  }

  /** Time stands still. */
  pause(): void {
    this.anchor();
    this.isPaused = true;
    this.arm();
  }

  resume(): void {
    this.anchor();
    this.isPaused = false;
    this.arm();
  }

  /** Jumps ahead, paused or not. Sleeps that end on the way end now, in their order. Throws a RangeError for a jump back or too far. */
  advance(ms: number): void {
    if (!(ms >= 0 && ms <= maxJumpMs)) throw new RangeError(`a jump of ${ms} ms: give 0 to ${maxJumpMs}`);
    this.anchor();
    this.anchorNanos += BigInt(Math.round(ms * Number(nanosPerMs)));
    this.wake();
  }

  /** Stands still for good and forgets all sleeps: nobody wakes any more. */
  stop(): void {
    this.anchor();
    this.isPaused = true;
    this.sleeps.length = 0;
  }

  currentTimeMillisUnsafe(): number {
    return Number(this.currentTimeNanosUnsafe() / nanosPerMs);
  }
  currentTimeNanosUnsafe(): bigint {
    return this.monotonicTimeNanosUnsafe() + this.wallOffsetNanos;
  }
  monotonicTimeNanosUnsafe(): bigint {
    if (this.isPaused) return this.anchorNanos;
    return this.anchorNanos + ((this.base.monotonicTimeNanosUnsafe() - this.anchorBaseNanos) * this.millionths) / one;
  }
  readonly currentTimeMillis = Effect.sync(() => this.currentTimeMillisUnsafe());
  readonly currentTimeNanos = Effect.sync(() => this.currentTimeNanosUnsafe());
  readonly monotonicTimeNanos = Effect.sync(() => this.monotonicTimeNanosUnsafe());

  sleep(duration: Duration.Duration): Effect.Effect<void> {
    if (!Duration.isFinite(duration)) return Effect.never;
    const nanos = Duration.toNanosUnsafe(duration);
    if (nanos <= 0n) return Effect.yieldNow;
    return Effect.callback<void>((resume) => {
      if (this.sleeps.length >= maxSleeps) return resume(Effect.die(new RangeError(`more than ${maxSleeps} sleeps on one clock`)));
      const sleep = { dueNanos: this.monotonicTimeNanosUnsafe() + nanos, resume };
      this.sleeps.splice(this.placeOf(sleep.dueNanos), 0, sleep);
      this.arm();
      return Effect.sync(() => {
        const index = this.sleeps.indexOf(sleep);
        if (index >= 0) this.sleeps.splice(index, 1);
      });
    });
  }

  /** Where a sleep belongs: before all that end at the same time or sooner. */
  private placeOf(dueNanos: bigint): number {
    let [low, high] = [0, this.sleeps.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.sleeps[middle]?.dueNanos ?? 0n) > dueNanos) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private anchor(): void {
    this.anchorNanos = this.monotonicTimeNanosUnsafe();
    this.anchorBaseNanos = this.base.monotonicTimeNanosUnsafe();
    this.timer?.fiber.interruptUnsafe();
    this.timer = undefined;
  }

  /** Sees to it that the timer rings no later than the next sleep ends. */
  private arm(): void {
    const next = this.sleeps.at(-1);
    if (next === undefined || this.isPaused || (this.timer !== undefined && this.timer.dueNanos <= next.dueNanos)) return;
    this.timer?.fiber.interruptUnsafe();
    const wait = next.dueNanos - this.monotonicTimeNanosUnsafe();
    // Rounded up: a timer that rings too early would have to be set again.
    const baseWait = wait <= 0n ? 0n : (wait * one + this.millionths - 1n) / this.millionths;
    const ring = Effect.sync(() => {
      this.timer = undefined;
      this.wake();
    });
    const timer = this.base.sleep(Duration.nanos(baseWait < longestTimerNanos ? baseWait : longestTimerNanos));
    this.timer = { dueNanos: next.dueNanos, fiber: this.start(Effect.andThen(timer, ring)) };
  }

  /** Ends every sleep that is due. */
  private wake(): void {
    const nowNanos = this.monotonicTimeNanosUnsafe();
    for (let next = this.sleeps.at(-1); next !== undefined && next.dueNanos <= nowNanos; next = this.sleeps.at(-1)) {
      this.sleeps.pop();
      next.resume(Effect.void);
    }
    this.arm();
  }
}

const toMillionths = (speed: number): bigint => {
  if (!(speed >= minSpeed && speed <= maxSpeed)) throw new RangeError(`a speed of ${speed}: give ${minSpeed} to ${maxSpeed}`);
  return BigInt(Math.round(speed * Number(one)));
};
