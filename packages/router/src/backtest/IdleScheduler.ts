/**
 * A scheduler that says when nothing of its program can run any more. It hands everything to the scheduler of whoever runs the program and counts what
 * is under way. Promises are invisible to it, so it looks once more a turn of the event loop later, when all that were due have been heard.
 */
import type * as Fiber from "effect/Fiber";
import type { Scheduler, SchedulerDispatcher } from "effect/Scheduler";

export class IdleScheduler implements Scheduler {
  readonly executionMode: "sync" | "async";
  readonly #inner: Scheduler;
  readonly #looker: SchedulerDispatcher;
  readonly #onIdle: () => void;
  #pending = 0;
  #isLooking = false;

  constructor(inner: Scheduler, onIdle: () => void) {
    this.executionMode = inner.executionMode;
    this.#inner = inner;
    this.#looker = inner.makeDispatcher();
    this.#onIdle = onIdle;
  }

  shouldYield(fiber: Fiber.Fiber<unknown, unknown>): boolean {
    return this.#inner.shouldYield(fiber);
  }

  makeDispatcher(): SchedulerDispatcher {
    const inner = this.#inner.makeDispatcher();
    return {
      scheduleTask: (task, priority) => {
        this.#pending++;
        inner.scheduleTask(() => {
          try {
            task();
          } finally {
            if (--this.#pending === 0) this.look();
          }
        }, priority);
      },
      flush: () => inner.flush(),
    };
  }

  /** Looks, when all that can run now has run. */
  look(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#looker.scheduleTask(() => {
      this.#isLooking = false;
      // Whatever runs now looks again when it is done.
      if (this.#pending === 0) this.#onIdle();
    }, 0);
  }
}
