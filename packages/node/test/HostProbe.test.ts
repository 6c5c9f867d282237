import { assert, it } from "@effect/vitest";
import { HostProbe as Probe } from "@naru/router/health/HostProbe";
import { ConfigProvider, Effect } from "effect";
import { TestClock } from "effect/testing";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as HostProbe from "../src/HostProbe.ts";

/** A third of a second in which nothing else gets a turn: what a slow callback does. */
const stall = Effect.promise(
  () =>
    new Promise<void>((resolve) =>
      // Node measures from one look to the next: the first after a reading has nothing to measure from.
      setTimeout(() => {
        const until = process.hrtime.bigint() + 300_000_000n;
        while (process.hrtime.bigint() < until);
        setTimeout(resolve, 50);
      }, 100),
    ),
);

const inFolder = Effect.provideService(
  ConfigProvider.ConfigProvider,
  ConfigProvider.fromUnknown({ NARU_STATE: join(tmpdir(), "naru-not-there", "deeper") }),
);

it.live("the machine is seen: memory below its end, a stall of the event loop, the disk of a folder that is not there yet", () =>
  Effect.gen(function* () {
    const probe = yield* Probe;
    const first = yield* probe.read;
    yield* stall;
    const second = yield* probe.read;
    assert.isTrue(probe.knows);
    assert(first.memory !== null && second.disk !== null && second.eventLoopDelay !== null);
    assert.isAbove(first.memory.heapUsedBytes, 1e6);
    assert.isBelow(first.memory.heapUsedBytes, first.memory.heapLimitBytes);
    assert.isAtLeast(second.eventLoopDelay.maxMs, 250);
    assert.isAtLeast(second.cpuPercent ?? 0, 10);
    assert.strictEqual(second.disk.path, tmpdir());
    assert.isAbove(second.disk.freeBytes, 0);
    assert.isAtMost(second.disk.freeBytes, second.disk.totalBytes);
  }).pipe(Effect.provide(HostProbe.layer), inFolder),
);

it.effect("a stall is told to everybody who looks within half a minute, and to nobody after a minute", () =>
  Effect.gen(function* () {
    const probe = yield* Probe;
    const worst = Effect.map(probe.read, ({ eventLoopDelay }) => eventLoopDelay?.maxMs ?? 0);
    yield* TestClock.adjust("2 minutes");
    yield* worst;
    yield* stall;
    for (const wait of ["0 seconds", "1 second", "28 seconds"] as const) {
      yield* TestClock.adjust(wait);
      assert.isAtLeast(yield* worst, 250);
    }
    for (let looks = 0; looks < 2; looks++) {
      yield* TestClock.adjust("31 seconds");
      yield* worst;
    }
    assert.isBelow(yield* worst, 250);
  }).pipe(Effect.provide(HostProbe.layer), inFolder),
);
