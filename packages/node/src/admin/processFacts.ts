/** This process as Node sees it: memory and where the heap ends, processor time, and how late the event loop's timers come. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type { AppStatus } from "./AdminApi.ts";

/** How finely Node looks at the event loop, in milliseconds. What it says of a timer's delay includes this. */
const resolutionMs = 20;

/** Measures while the scope is open; shares and delays are those since the last reading. */
export const make = Effect.gen(function* () {
  const clock = yield* Clock.Clock;
  const delays = yield* Effect.acquireRelease(
    Effect.sync(() => {
      const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
      histogram.enable();
      return histogram;
    }),
    (histogram) => Effect.sync(() => histogram.disable()),
  );
  const nowMs = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6;
  let looked = { cpu: process.cpuUsage(), atMs: nowMs() };
  return (): AppStatus["process"] => {
    const { user, system } = process.cpuUsage(looked.cpu);
    const tookMs = nowMs() - looked.atMs;
    looked = { cpu: process.cpuUsage(), atMs: nowMs() };
    // An empty histogram has no percentiles.
    const eventLoopP99Ms = delays.count === 0 ? null : Math.max(0, delays.percentile(99) / 1e6 - resolutionMs);
    delays.reset();
    const { rss, heapUsed } = process.memoryUsage();
    return {
      residentBytes: rss,
      heapUsedBytes: heapUsed,
      heapLimitBytes: getHeapStatistics().heap_size_limit,
      cpuPercent: tookMs <= 0 ? null : ((user + system) / 1_000 / tookMs) * 100,
      eventLoopP99Ms,
    };
  };
});
