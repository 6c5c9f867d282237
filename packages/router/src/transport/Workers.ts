/**
 * The fibers that work behind everybody's back, kept at work: one that crashes is logged and begun again as `Restarts.ts` says, and one that goes on
 * crashing is told of in the health report and as an alert, so that nothing goes on without a part of itself unseen. A worker that the router cannot
 * be trusted without has the router given up: the direct clients answer, and another is built.
 */
import * as Cause from "effect/Cause";
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import type * as Fiber from "effect/Fiber";
import * as Layer from "effect/Layer";
import type * as Scope from "effect/Scope";
import { plainText } from "../domain/plainText.ts";
import { Restarts, type WorkerState } from "./Restarts.ts";

/** A worker that crashed lately. */
export interface WorkerTrouble {
  readonly name: string;
  readonly state: Exclude<WorkerState, "working">;
  /** Since it was begun for the first time. */
  readonly crashes: number;
  /** What it crashed on last. */
  readonly lastCrash: string;
}

interface Entry {
  readonly name: string;
  readonly restarts: Restarts;
  lastCrash: string;
}

/** The workers of one client. There are as many entries as workers, and each leaves with its scope. */
class Registry {
  readonly #entries = new Set<Entry>();
  readonly #watchers = new Set<() => void>();

  enter(entry: Entry): void {
    this.#entries.add(entry);
  }

  leave(entry: Entry): void {
    this.#entries.delete(entry);
  }

  /** Somebody crashed. */
  crashed(): void {
    for (const watcher of this.#watchers) watcher();
  }

  /** Calls back, synchronously, at every crash. What is returned ends it. */
  watch(listener: () => void): () => void {
    this.#watchers.add(listener);
    return () => void this.#watchers.delete(listener);
  }

  /** Those that are not well, the failed ones first. */
  troubles(nowMs: number): ReadonlyArray<WorkerTrouble> {
    return [...this.#entries]
      .flatMap(({ name, restarts, lastCrash }) => {
        const state = restarts.state(nowMs);
        return state === "working" ? [] : [{ name, state, crashes: restarts.crashes, lastCrash }];
      })
      .toSorted((a, b) => Number(b.state === "failed") - Number(a.state === "failed"));
  }
}

/** Without the layer, all that are begun in one process share one registry. */
export const Workers = Context.Reference<Registry>("@naru/router/transport/Workers", { defaultValue: () => new Registry() });

/** A registry for one client. */
export const layer: Layer.Layer<never> = Layer.effect(
  Workers,
  Effect.sync(() => new Registry()),
);

/** Gives up the router that this is a part of. Whoever builds a router says how; without that nothing is given up. */
export const GiveUp = Context.Reference<(reason: string) => Effect.Effect<void>>("@naru/router/transport/GiveUp", {
  defaultValue: () => () => Effect.void,
});

export interface WorkerOptions {
  /** The router is given up when it has failed. */
  readonly isVital?: boolean | undefined;
  /** It has begun when this returns; else it begins in a turn of its own. */
  readonly startImmediately?: boolean | undefined;
}

/** Runs `work` in a fiber of the present scope, and again whenever it crashes. One that ends by itself is left to. */
export const startWorker = <R>(
  name: string,
  work: Effect.Effect<unknown, never, R>,
  options: WorkerOptions = {},
): Effect.Effect<Fiber.Fiber<void>, never, R | Scope.Scope> =>
  Effect.gen(function* () {
    const workers = yield* Workers;
    const giveUp = yield* GiveUp;
    const clock = yield* Clock.Clock;
    const nowMs = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6;
    const entry: Entry = { name, restarts: new Restarts(), lastCrash: "" };
    yield* Effect.acquireRelease(
      Effect.sync(() => workers.enter(entry)),
      () => Effect.sync(() => workers.leave(entry)),
    );
    const life = Effect.suspend(() => {
      entry.restarts.began(nowMs());
      return work;
    });
    const kept = Effect.gen(function* () {
      while (true) {
        // Our own interruption passes this by; one that is caught here came from elsewhere, and is a crash like another.
        const cause = yield* Effect.matchCause(life, { onSuccess: () => undefined, onFailure: (crash) => crash });
        if (cause === undefined) return;
        entry.lastCrash = plainText(String(Cause.squash(cause)));
        const { delayMs, isFailure } = entry.restarts.crashed(nowMs());
        workers.crashed();
        yield* Effect.logError(`The worker "${name}" ${isFailure ? "has failed" : "crashed"} and is begun again in ${delayMs} ms`, cause);
        if (isFailure && options.isVital === true) yield* giveUp(`the worker "${name}" has failed: ${entry.lastCrash}`);
        yield* Effect.sleep(delayMs);
      }
    });
    return yield* Effect.forkScoped(kept, { startImmediately: options.startImmediately });
  });
