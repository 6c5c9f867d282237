/**
 * The machine under the router, as Node sees it: memory and where the heap ends, the event loop's delay, the disk of the state folder. A look costs
 * one system call for the disk; the delay is measured by Node itself in between.
 *
 * Shares and delays are those of the last half minute to a minute, or since the last looks where those are longer ago: however many look, none
 * takes anything from another.
 */
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import { type HostFacts, HostProbe } from "@naru/router/health/HostProbe";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type * as Scope from "effect/Scope";
import * as StateFolder from "./StateFolder.ts";

/** How finely Node looks at the event loop, in milliseconds. What it says of a timer's delay includes this. */
const resolutionMs = 20;

/** Of two stretches that are measured the older is told; when the younger is so old, it takes its place. Milliseconds. */
const stretchMs = 30_000;

/** What is measured since a moment. */
interface Stretch {
  readonly delays: ReturnType<typeof monitorEventLoopDelay>;
  sinceMs: number;
  cpu: NodeJS.CpuUsage;
}

/** Looks at this process, and at the disk of the state folder, which need not exist. */
export const layer: Layer.Layer<never> = Layer.effect(
  HostProbe,
  Effect.gen(function* () {
    const clock = yield* Clock.Clock;
    const folder = yield* Effect.option(StateFolder.locate);
    let older = yield* measuring(clock);
    let younger = yield* measuring(clock);

    const lately = (): Pick<HostFacts, "cpuPercent" | "eventLoopDelay"> => {
      const nowMs = monotonicMs(clock);
      const { cpu, delays, sinceMs } = older;
      const { user, system } = process.cpuUsage(cpu);
      const facts = {
        cpuPercent: nowMs <= sinceMs ? null : ((user + system) / 1_000 / (nowMs - sinceMs)) * 100,
        // An empty histogram has no percentiles worth the name.
        eventLoopDelay:
          delays.count === 0 ? null : { p50Ms: late(delays.percentile(50)), p99Ms: late(delays.percentile(99)), maxMs: late(delays.max) },
      };
      if (nowMs - younger.sinceMs >= stretchMs) {
        [older, younger] = [younger, older];
        younger.delays.reset();
        Object.assign(younger, { sinceMs: nowMs, cpu: process.cpuUsage() });
      }
      return facts;
    };

    const read = Effect.map(folder._tag === "Some" ? diskOf(folder.value) : Effect.succeed(null), (disk): HostFacts => {
      const { rss, heapUsed } = process.memoryUsage();
      const memory = { residentBytes: rss, heapUsedBytes: heapUsed, heapLimitBytes: getHeapStatistics().heap_size_limit };
      return { memory, ...lately(), disk };
    });
    return { knows: true, read };
  }),
);

/** Measures from now on, while the scope is open. */
const measuring = (clock: Clock.Clock): Effect.Effect<Stretch, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const delays = monitorEventLoopDelay({ resolution: resolutionMs });
      delays.enable();
      return { delays, sinceMs: monotonicMs(clock), cpu: process.cpuUsage() };
    }),
    ({ delays }) => Effect.sync(() => delays.disable()),
  );

/** Beyond what Node waits anyway between two looks. */
const late = (nanos: number): number => Math.max(0, nanos / 1e6 - resolutionMs);

/** The disk that holds `path`, or would: a folder that is not there yet has its parent's. Null where the system does not tell. */
const diskOf = (path: string): Effect.Effect<HostFacts["disk"]> =>
  Effect.promise(async () => {
    for (let at = path; ; at = dirname(at)) {
      const stats = await statfs(at).catch(() => undefined);
      if (stats !== undefined) return { path: at, freeBytes: stats.bavail * stats.bsize, totalBytes: stats.blocks * stats.bsize };
      if (dirname(at) === at) return null;
    }
  });

const monotonicMs = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe()) / 1e6;
