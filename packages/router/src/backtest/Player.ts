/**
 * Decides what happens next in a back-test, over all streams that are open: the earliest element of any of them, or the earliest sleeper, whichever
 * comes first. One thing at a time, and only when nothing that the last one led to can still run: so a program sees everything in the order in which
 * it happened, however many streams it reads, and the same every time.
 *
 * A consumer that has taken an element and not come back for the next one is waited for: it may write to a file, and the past has time. One that sleeps
 * by the clock of the back-test is not: what comes meanwhile comes late to it, as it would have.
 */
import type * as Fiber from "effect/Fiber";
import type { BacktestClock } from "./BacktestClock.ts";

/** A consumer that waits for its next element. */
export interface Waiting {
  /** When that element is due. */
  readonly atMs: number;
  /** Who goes first at the same moment: lower. */
  readonly rank: number;
  readonly give: () => void;
}

/** One open stream. */
export interface Feed {
  /** Fulfilled when the player comes to it; asked again for every element. */
  readonly wait: (waiting: Waiting, fiber: Fiber.Fiber<unknown, unknown>) => void;
  /** It waits no longer. */
  readonly leave: () => void;
  readonly close: () => void;
}

interface Opened {
  waiting: Waiting | undefined;
  /** Who took the last element. */
  fiber: Fiber.Fiber<unknown, unknown> | undefined;
}

export class Player {
  readonly #feeds = new Set<Opened>();
  readonly #clock: BacktestClock;
  readonly #look: () => void;
  #reading = 0;
  /** Things that have happened so far. */
  steps = 0;

  /** `look` is asked for a {@link step} when nothing can run any more. */
  constructor(clock: BacktestClock, look: () => void) {
    this.#clock = clock;
    this.#look = look;
  }

  open(): Feed {
    const feed: Opened = { waiting: undefined, fiber: undefined };
    this.#feeds.add(feed);
    return {
      wait: (waiting, fiber) => {
        feed.waiting = waiting;
        feed.fiber = fiber;
        this.#look();
      },
      leave: () => {
        feed.waiting = undefined;
        this.#look();
      },
      close: () => {
        this.#feeds.delete(feed);
        this.#look();
      },
    };
  }

  /** Something is being read from the store: time stands still until {@link endReading}. */
  beginReading(): void {
    this.#reading++;
  }

  endReading(): void {
    this.#reading--;
    this.#look();
  }

  /** Consumers that have not come back for their next element, and do not sleep. */
  get busy(): number {
    let count = 0;
    for (const { waiting, fiber } of this.#feeds) {
      if (waiting === undefined && !(fiber !== undefined && this.#clock.isAsleep(fiber))) count++;
    }
    return count;
  }

  /** The next thing happens, unless somebody is waited for or nothing is left to happen. */
  step(): void {
    if (this.#reading > 0 || this.busy > 0) return;
    const next = this.#earliest();
    const sleepMs = this.#clock.nextMs;
    if (next?.waiting === undefined && sleepMs === undefined) return;
    this.steps++;
    // Whatever this leads to may end without a word.
    this.#look();
    if (next?.waiting === undefined || (sleepMs !== undefined && sleepMs <= next.waiting.atMs)) return this.#clock.wakeNext();
    const { waiting } = next;
    next.waiting = undefined;
    this.#clock.moveTo(waiting.atMs);
    waiting.give();
  }

  #earliest(): Opened | undefined {
    let found: Opened | undefined;
    for (const feed of this.#feeds) {
      if (feed.waiting !== undefined && (found?.waiting === undefined || isBefore(feed.waiting, found.waiting))) found = feed;
    }
    return found;
  }
}

/** Feeds of one moment and rank come in the order in which they were opened: the set keeps it. */
const isBefore = (a: Waiting, b: Waiting): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.rank < b.rank);
