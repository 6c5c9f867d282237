/**
 * How the machine under us is doing: memory, the event loop, the disk of the state folder. The router knows no machine: here is only the question,
 * answered by `@naru/node`. Without it nothing is known, and nothing is judged by it.
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Schema from "effect/Schema";

export const HostFacts = Schema.Struct({
  /** Null where there is no telling. */
  memory: Schema.NullOr(
    Schema.Struct({
      /** Of the whole process. */
      residentBytes: Schema.Finite,
      heapUsedBytes: Schema.Finite,
      /** Where the process ends. */
      heapLimitBytes: Schema.Finite,
    }),
  ),
  /** Share of one core used over the last minute or so, as a percentage. */
  cpuPercent: Schema.NullOr(Schema.Finite),
  /** How late timers came over the last minute or so. */
  eventLoopDelay: Schema.NullOr(Schema.Struct({ p50Ms: Schema.Finite, p99Ms: Schema.Finite, maxMs: Schema.Finite })),
  /** Of the state folder. */
  disk: Schema.NullOr(Schema.Struct({ path: Schema.String, freeBytes: Schema.Finite, totalBytes: Schema.Finite })),
});
export type HostFacts = typeof HostFacts.Type;

export const nothingKnown: HostFacts = { memory: null, cpuPercent: null, eventLoopDelay: null, disk: null };

export interface HostProbeShape {
  /** Whether there is anything to be asked: looking again and again at nothing is left out. */
  readonly knows: boolean;
  readonly read: Effect.Effect<HostFacts>;
}

export const HostProbe = Context.Reference<HostProbeShape>("@naru/router/health/HostProbe", {
  defaultValue: () => ({ knows: false, read: Effect.succeed(nothingKnown) }),
});

/** Facts that a test sets. Read anew at every look. */
export const layerMemory = (facts: () => Partial<HostFacts>): Layer.Layer<never> =>
  Layer.succeed(HostProbe, { knows: true, read: Effect.sync(() => ({ ...nothingKnown, ...facts() })) });
