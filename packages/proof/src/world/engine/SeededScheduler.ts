/**
 * A scheduler that holds every runnable fiber step of one world in one pool and runs them one at a time in an order its seed decides. First in,
 * first out hides use-after-close and lost-wake-up bugs that another order shows; a fiber has at most one step in the pool, so any order is
 * one the runtime could have chosen. A step of a lower priority number still goes before one of a higher.
 */
import type * as Fiber from "effect/Fiber";
import type { Scheduler, SchedulerDispatcher } from "effect/Scheduler";
import type { Chance } from "./Chance.ts";

interface Pool {
  readonly priority: number;
  readonly tasks: Array<() => void>;
}

export class SeededScheduler implements Scheduler {
  readonly executionMode = "async";
  /** Steps run so far. */
  steps = 0;
  /** Called before each step, with its number from 1. */
  onStep: (step: number) => void = () => {};
  private readonly pools: Array<Pool> = [];
  private readonly dispatcher: SchedulerDispatcher;
  private readonly chance: Chance;
  private readonly inOrder: boolean;
  private readonly operations: number;

  /** `inOrder`: first in, first out. `operations`: how many a fiber may do before it must let others run. */
  constructor(chance: Chance, options: { readonly inOrder: boolean; readonly operations: number }) {
    this.chance = chance;
    this.inOrder = options.inOrder;
    this.operations = options.operations;
    this.dispatcher = { scheduleTask: (task, priority) => this.add(task, priority), flush: () => this.runAll() };
  }

  shouldYield(fiber: Fiber.Fiber<unknown, unknown>): boolean {
    return fiber.currentOpCount >= this.operations;
  }

  makeDispatcher(): SchedulerDispatcher {
    return this.dispatcher;
  }

  add(task: () => void, priority = 0): void {
    let index = 0;
    while (index < this.pools.length && (this.pools[index]?.priority ?? 0) < priority) index++;
    const pool = this.pools[index];
    if (pool?.priority === priority) pool.tasks.push(task);
    else this.pools.splice(index, 0, { priority, tasks: [task] });
  }

  /** Something can run. */
  get isRunnable(): boolean {
    return this.pools.some((pool) => pool.tasks.length > 0);
  }

  /** Runs until nothing is runnable. */
  runAll(): void {
    for (let task = this.take(); task !== undefined; task = this.take()) {
      this.onStep(++this.steps);
      task();
    }
  }

  private take(): (() => void) | undefined {
    for (const { tasks } of this.pools) {
      if (tasks.length === 0) continue;
      if (this.inOrder || tasks.length === 1) return tasks.shift();
      const index = this.chance.int(0, tasks.length - 1);
      const task = tasks[index];
      const last = tasks.pop();
      if (last !== undefined && index < tasks.length) tasks[index] = last;
      return task;
    }
    return undefined;
  }
}
