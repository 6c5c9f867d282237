/**
 * Time limits of many waits at once, kept by one sleep. A timeout of Effect's takes a fiber for the work, one for its timer, and a timer of the engine;
 * here a wait has a place in a heap, and one fiber sleeps until the first of them is due. It is there only while somebody waits.
 *
 * There are as many places as waits. The clock's sleeps are whole milliseconds on a real one: what is due within the next is over.
 */
import * as Clock from "effect/Clock";
import type * as Context from "effect/Context";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";

interface Timer {
  /** Monotonic milliseconds. */
  readonly atMs: number;
  /** Of two at one moment the earlier set is over first. */
  readonly number: number;
  readonly call: () => void;
  /** In the heap; -1 when it is not in it any more. */
  place: number;
}

export class TimerQueue {
  readonly #clock: Clock.Clock;
  readonly #fork: (sleep: Effect.Effect<void>) => Fiber.Fiber<void>;
  /** The first is the next to be over; each is before its two children. */
  readonly #heap: Array<Timer> = [];
  #count = 0;
  #sleeper: Fiber.Fiber<void> | undefined;
  /** When it wakes. */
  #wakesMs = Number.POSITIVE_INFINITY;
  /** Those that are over are told: the sleep begins anew after the last. */
  #isCalling = false;

  /** `fork`: where the one sleep runs. */
  constructor(clock: Clock.Clock, fork: (sleep: Effect.Effect<void>) => Fiber.Fiber<void>) {
    this.#clock = clock;
    this.#fork = fork;
  }

  /** Waits now. */
  get size(): number {
    return this.#heap.length;
  }

  /** How a fiber has ended; undefined where it runs on after so many milliseconds. Infinity: waits for its end. */
  ended<A, E>(fiber: Fiber.Fiber<A, E>, ms: number): Effect.Effect<Exit.Exit<A, E> | undefined> {
    return Effect.callback((resume) => this.#await(fiber, ms, (exit) => resume(Effect.succeed(exit))));
  }

  /** As `Effect.timeoutOrElse`, in milliseconds: the work is interrupted when its time is over, and then the other one runs. */
  within<A, E, R, A2, E2, R2>(
    work: Effect.Effect<A, E, R>,
    ms: number,
    orElse: () => Effect.Effect<A2, E2, R2>,
  ): Effect.Effect<A | A2, E | E2, R | R2> {
    return Effect.withFiber((parent) =>
      Effect.callback<A | A2, E | E2, R | R2>((resume) => {
        // The work needs what its caller has, and the caller's context has it.
        const fiber = Effect.runForkWith(parent.context as Context.Context<R>)(work);
        const late = () => Effect.flatMap(Effect.uninterruptible(Fiber.interrupt(fiber)), orElse);
        const left = this.#await(fiber, ms, (exit) => resume(exit ?? late()));
        return left === undefined ? undefined : Effect.andThen(left, Fiber.interrupt(fiber));
      }),
    );
  }

  /** Calls back once: with the exit, or with none. What is returned ends the waiting; undefined where it is over already. */
  #await<A, E>(fiber: Fiber.Fiber<A, E>, ms: number, over: (exit: Exit.Exit<A, E> | undefined) => void): Effect.Effect<void> | undefined {
    const exit = fiber.pollUnsafe();
    if (exit !== undefined) return void over(exit);
    const stop = fiber.addObserver((end) => {
      this.#clear(timer);
      over(end);
    });
    const timer = this.#set(ms, () => {
      stop();
      over(undefined);
    });
    return Effect.sync(() => {
      stop();
      this.#clear(timer);
    });
  }

  #set(ms: number, call: () => void): Timer {
    const timer: Timer = { atMs: this.#nowMs() + ms, number: this.#count++, call, place: -1 };
    // What never is over needs no place.
    if (ms === Number.POSITIVE_INFINITY) return timer;
    this.#put(this.#heap.length, timer);
    this.#rise(timer);
    if (timer.atMs < this.#wakesMs && !this.#isCalling) this.#sleep();
    return timer;
  }

  /** A sleep that is too short by now is left to end by itself; with nobody to wait for it there is none. */
  #clear(timer: Timer): void {
    if (timer.place === -1) return;
    this.#remove(timer);
    if (this.#heap.length === 0 && !this.#isCalling) this.#wake();
  }

  /** Begins the sleep anew, until the first is due. */
  #sleep(): void {
    this.#wake();
    const first = this.#heap[0];
    if (first === undefined) return;
    this.#wakesMs = first.atMs;
    const ms = Math.max(0, first.atMs - this.#nowMs());
    const sleeper = this.#fork(Effect.map(this.#clock.sleep(Duration.millis(ms)), () => this.#due()));
    // A virtual clock may not sleep at all.
    if (sleeper.pollUnsafe() === undefined) this.#sleeper = sleeper;
  }

  #wake(): void {
    const sleeper = this.#sleeper;
    this.#sleeper = undefined;
    this.#wakesMs = Number.POSITIVE_INFINITY;
    sleeper?.interruptUnsafe();
  }

  /** Runs in the sleeper, and lets another take its place. */
  #due(): void {
    this.#sleeper = undefined;
    this.#isCalling = true;
    const nowMs = this.#nowMs();
    try {
      for (let first = this.#heap[0]; first !== undefined && first.atMs - nowMs < 1; first = this.#heap[0]) {
        this.#remove(first);
        first.call();
      }
    } finally {
      // One that crashes takes nobody else's time limit with it.
      this.#isCalling = false;
      this.#sleep();
    }
  }

  #remove(timer: Timer): void {
    const { place } = timer;
    timer.place = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === timer) return;
    this.#put(place, last);
    this.#rise(last);
    this.#sink(last);
  }

  #rise(timer: Timer): void {
    for (let up = (timer.place - 1) >> 1; timer.place > 0; up = (timer.place - 1) >> 1) {
      const parent = this.#heap[up];
      if (parent === undefined || isBefore(parent, timer)) return;
      this.#put(timer.place, parent);
      this.#put(up, timer);
    }
  }

  #sink(timer: Timer): void {
    for (;;) {
      const [left, right] = [this.#heap[2 * timer.place + 1], this.#heap[2 * timer.place + 2]];
      const child = left === undefined || (right !== undefined && isBefore(right, left)) ? right : left;
      if (child === undefined || isBefore(timer, child)) return;
      const { place } = child;
      this.#put(timer.place, child);
      this.#put(place, timer);
    }
  }

  #put(place: number, timer: Timer): void {
    this.#heap[place] = timer;
    timer.place = place;
  }

  #nowMs(): number {
    return Number(this.#clock.monotonicTimeNanosUnsafe()) / 1e6;
  }
}

const isBefore = (one: Timer, other: Timer): boolean => one.atMs < other.atMs || (one.atMs === other.atMs && one.number < other.number);

/** One that sleeps where it is made, by the clock that is there. */
export const make: Effect.Effect<TimerQueue> = Effect.gen(function* () {
  const context = yield* Effect.context();
  return new TimerQueue(yield* Clock.Clock, Effect.runForkWith(context));
});
