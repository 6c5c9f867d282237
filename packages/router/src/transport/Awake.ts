/**
 * Looks once a second (`sleepLookEveryMs`) whether this process slept (`Sleep.ts`), and tells whoever keeps something that a sleep spoils: in the same step, before
 * anything else runs. A process that was only held up by work of its own is told so in the log, at most once in a look: no socket is given up for it, and
 * everything it should have done came late. Without the layer nobody looks and nobody is told.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type * as Scope from "effect/Scope";
import { RouterConfig } from "../RouterConfig.ts";
import { type Look, type Sleep, sleepBetween, stallBetween } from "./Sleep.ts";
import { startWorker } from "./Workers.ts";

/** What the machine knows of time beside the clock: given by `@naru/node`. The router knows no machine. */
export const HostClock = Context.Reference<() => Pick<Look, "bootMs" | "cpuMs">>("@naru/router/transport/HostClock", {
  defaultValue: () => () => ({ bootMs: undefined, cpuMs: undefined }),
});

export const Awake = Context.Reference<{
  /** Calls `listener` after every sleep, until the scope closes. It must not throw. */
  readonly onWake: (listener: (sleep: Sleep) => void) => Effect.Effect<void, never, Scope.Scope>;
}>("@naru/router/transport/Awake", { defaultValue: () => ({ onWake: () => Effect.void }) });

export const layer: Layer.Layer<never> = Layer.effect(
  Awake,
  Effect.gen(function* () {
    const clock = yield* Clock.Clock;
    const host = yield* HostClock;
    const { sleepLookEveryMs } = yield* RouterConfig;
    const listeners = new Set<(sleep: Sleep) => void>();
    const look = (): Look => ({ monotonicMs: Number(clock.monotonicTimeNanosUnsafe()) / 1e6, ...host() });
    let before = look();
    const tick = Effect.suspend(() => {
      const now = look();
      const sleep = sleepBetween(before, now, sleepLookEveryMs);
      const stallMs = stallBetween(before, now, sleepLookEveryMs);
      before = now;
      if (stallMs !== undefined) return logStall(stallMs);
      if (sleep === undefined) return Effect.void;
      for (const listener of listeners) listener(sleep);
      return Effect.logWarning(
        `This process slept for ${Math.round(sleep.sleptMs / 1_000)} s: nothing from before is believed, and every socket is replaced`,
      );
    });
    if (sleepLookEveryMs > 0) yield* startWorker("watch for sleeps", Effect.forever(Effect.delay(tick, sleepLookEveryMs)));
    return {
      onWake: (listener) =>
        Effect.asVoid(
          Effect.acquireRelease(
            Effect.sync(() => listeners.add(listener)),
            () => Effect.sync(() => listeners.delete(listener)),
          ),
        ),
    };
  }),
);

const logStall = (stallMs: number): Effect.Effect<void> =>
  Effect.logWarning(
    `The event loop was held up for at least ${Math.round(stallMs)} ms by work of this process: no socket is given up for that, but all of it was late`,
  );
