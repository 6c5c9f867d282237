/**
 * The machine under the router, as Node sees it: memory and where the heap ends, the event loop's delay, the disk of the state folder. A look costs
 * one system call for the disk; the delay is measured by Node itself in between.
 */
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import { type HostFacts, HostProbe } from "@naru/router/health/HostProbe";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as StateFolder from "./StateFolder.ts";

/** How finely Node looks at the event loop, in milliseconds. What it says of a timer's delay includes this. */
const resolutionMs = 20;

/** Looks at this process, and at the disk of the state folder, which need not exist. */
export const layer: Layer.Layer<never> = Layer.effect(
  HostProbe,
  Effect.gen(function* () {
    const clock = yield* Clock.Clock;
    const folder = yield* Effect.option(StateFolder.locate);
    const delays = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
        histogram.enable();
        return histogram;
      }),
      (histogram) => Effect.sync(() => histogram.disable()),
    );
    let looked = { cpu: process.cpuUsage(), atMs: monotonicMs(clock) };

    const read = Effect.map(folder._tag === "Some" ? diskOf(folder.value) : Effect.succeed(null), (disk): HostFacts => {
      const atMs = monotonicMs(clock);
      const { user, system } = process.cpuUsage(looked.cpu);
      const tookMs = atMs - looked.atMs;
      looked = { cpu: process.cpuUsage(), atMs };
      // An empty histogram has no percentiles worth the name.
      const eventLoopDelay =
        delays.count === 0 ? null : { p50Ms: late(delays.percentile(50)), p99Ms: late(delays.percentile(99)), maxMs: late(delays.max) };
      delays.reset();
      const { rss, heapUsed } = process.memoryUsage();
      return {
        memory: { residentBytes: rss, heapUsedBytes: heapUsed, heapLimitBytes: getHeapStatistics().heap_size_limit },
        cpuPercent: tookMs <= 0 ? null : ((user + system) / 1_000 / tookMs) * 100,
        eventLoopDelay,
        disk,
      };
    });
    return { knows: true, read };
  }),
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
