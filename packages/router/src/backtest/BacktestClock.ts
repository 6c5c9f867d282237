/**
 * The time of a back-test: it stands still until the player moves it, to the next element or the next sleeper. Every program under it reads it as the
 * present, sleeps by it and times out by it, and so behaves as it would have behaved then.
 */
import type * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type * as Fiber from "effect/Fiber";

interface Sleeper {
  readonly atMs: number;
  readonly fiber: Fiber.Fiber<unknown, unknown>;
  readonly wake: () => void;
}

export class BacktestClock implements Clock.Clock {
  #nowMs: number;
  readonly #startMs: number;
  /** The latest first, so that the next one is popped. Each is a fiber of the program, so it has no bound of its own. */
  readonly #sleepers: Array<Sleeper> = [];
  readonly #changed: () => void;

  /** `changed` is told of every new sleeper. */
  constructor(startMs: number, changed: () => void) {
    this.#startMs = startMs;
    this.#nowMs = startMs;
    this.#changed = changed;
  }

  currentTimeMillisUnsafe(): number {
    return this.#nowMs;
  }
  currentTimeNanosUnsafe(): bigint {
    return nanos(this.#nowMs);
  }
  monotonicTimeNanosUnsafe(): bigint {
    return nanos(this.#nowMs - this.#startMs);
  }
  readonly currentTimeMillis = Effect.sync(() => this.currentTimeMillisUnsafe());
  readonly currentTimeNanos = Effect.sync(() => this.currentTimeNanosUnsafe());
  readonly monotonicTimeNanos = Effect.sync(() => this.monotonicTimeNanosUnsafe());

  sleep(duration: Duration.Duration): Effect.Effect<void> {
    const ms = Duration.toMillis(duration);
    if (ms <= 0) return Effect.yieldNow;
    if (ms === Infinity) return Effect.never;
    return Effect.withFiber((fiber) =>
      Effect.callback<void>((resume) => {
        const sleeper: Sleeper = { atMs: this.#nowMs + ms, fiber, wake: () => resume(Effect.void) };
        this.#sleepers.splice(this.#placeOf(sleeper.atMs), 0, sleeper);
        this.#changed();
        return Effect.sync(() => this.#leave(sleeper));
      }),
    );
  }

  /** When the next sleeper is due, if anybody sleeps. */
  get nextMs(): number | undefined {
    return this.#sleepers.at(-1)?.atMs;
  }

  isAsleep(fiber: Fiber.Fiber<unknown, unknown>): boolean {
    return this.#sleepers.some((sleeper) => sleeper.fiber === fiber);
  }

  /** Moves to the next sleeper and wakes it. Those of one moment are woken in the order in which they fell asleep. */
  wakeNext(): void {
    const sleeper = this.#sleepers.pop();
    if (sleeper === undefined) return;
    this.moveTo(sleeper.atMs);
    sleeper.wake();
  }

  /** Never back. */
  moveTo(timeMs: number): void {
    if (timeMs > this.#nowMs) this.#nowMs = timeMs;
  }

  /** Before those of the same moment: they are popped from the end. */
  #placeOf(atMs: number): number {
    let [low, high] = [0, this.#sleepers.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sleepers[middle]?.atMs ?? 0) > atMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #leave(sleeper: Sleeper): void {
    const at = this.#sleepers.indexOf(sleeper);
    if (at >= 0) this.#sleepers.splice(at, 1);
    this.#changed();
  }
}

const nanos = (ms: number): bigint => BigInt(Math.round(ms * 1_000)) * 1_000n;
