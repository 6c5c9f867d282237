/**
 * Runs one program in virtual time: everything runnable first, in the scheduler's order; then one turn of the event loop, because promises and
 * microtasks are invisible to the scheduler; and only when still nothing is runnable does the clock move to the next due sleep. The engine
 * counts fibers too, so that a world can tell whether any was left behind.
 */
import * as Effect from "effect/Effect";
import type * as Exit from "effect/Exit";
import * as Clock from "effect/Clock";
import * as Metric from "effect/Metric";
import type { Chance } from "./Chance.ts";
import { SeededScheduler } from "./SeededScheduler.ts";
import { VirtualClock } from "./VirtualClock.ts";

/** What a world that cannot go on ends with: its main fiber waits for something that will never come. */
export class Stuck extends Error {
  override readonly name = "Stuck";
}

/** Fibers started and not ended. */
class FiberCount implements Metric.FiberRuntimeMetricsService {
  alive = 0;
  readonly recordFiberStart = (): void => void this.alive++;
  readonly recordFiberEnd = (): void => void this.alive--;
}

export class Engine {
  readonly scheduler: SeededScheduler;
  readonly clock: VirtualClock;
  private readonly fibers = new FiberCount();

  /** `operations`: how many a fiber may do before others run; else the seed decides. */
  constructor(chance: Chance, operations?: number) {
    // A quarter of worlds run first in, first out: some bugs need that.
    const inOrder = chance.flip(0.25);
    const scheduling = chance.branch("scheduler");
    const drawn = chance.pick([64, 512, 2_048]);
    this.scheduler = new SeededScheduler(scheduling, { inOrder, operations: operations ?? drawn });
    this.clock = new VirtualClock(this.scheduler);
  }

  /** Fibers alive, sleeps under way and steps waiting: all 0 when nothing was left behind. */
  get left(): { readonly fibers: number; readonly sleeps: number; readonly isRunnable: boolean } {
    return { fibers: this.fibers.alive, sleeps: this.clock.sleeping, isRunnable: this.scheduler.isRunnable };
  }

  /** Runs `program` to its end. `onInstant` is called before each move of the clock. Rejects with {@link Stuck} when nothing can happen any more. */
  async run<A, E>(program: Effect.Effect<A, E>, onInstant: () => void): Promise<Exit.Exit<A, E>> {
    let exit: Exit.Exit<A, E> | undefined;
    const measured = program.pipe(
      Effect.provideService(Clock.Clock, this.clock),
      Effect.provideService(Metric.FiberRuntimeMetrics, this.fibers),
    );
    Effect.runFork(measured, { scheduler: this.scheduler }).addObserver((done) => {
      exit = done;
    });
    for (;;) {
      this.scheduler.runAll();
      await turn();
      if (this.scheduler.isRunnable) continue;
      if (exit !== undefined) return exit;
      onInstant();
      if (!this.clock.advance()) throw new Stuck("nothing is runnable and nobody sleeps");
    }
  }
}

const turn = (): Promise<void> => new Promise((resume) => setImmediate(resume));
