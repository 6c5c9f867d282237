import { assert, it } from "@effect/vitest";
import { HostProbe as Probe } from "@naru/router/health/HostProbe";
import { ConfigProvider, Effect } from "effect";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as HostProbe from "../src/HostProbe.ts";

const lookAt = (state: string) =>
  Effect.gen(function* () {
    const probe = yield* Probe;
    const first = yield* probe.read;
    // A third of a second in which nothing else gets a turn: what a slow callback does.
    yield* Effect.promise(
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
    return { knows: probe.knows, first, second: yield* probe.read };
  }).pipe(
    Effect.provide(HostProbe.layer),
    Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown({ NARU_STATE: state })),
  );

it.live("the machine is seen: memory below its end, a stall of the event loop, the disk of a folder that is not there yet", () =>
  Effect.gen(function* () {
    const { knows, first, second } = yield* lookAt(join(tmpdir(), "naru-not-there", "deeper"));
    assert.isTrue(knows);
    assert(first.memory !== null && second.disk !== null && second.eventLoopDelay !== null);
    assert.isAbove(first.memory.heapUsedBytes, 1e6);
    assert.isBelow(first.memory.heapUsedBytes, first.memory.heapLimitBytes);
    assert.isAtLeast(second.eventLoopDelay.maxMs, 250);
    assert.isAtLeast(second.cpuPercent ?? 0, 10);
    assert.strictEqual(second.disk.path, tmpdir());
    assert.isAbove(second.disk.freeBytes, 0);
    assert.isAtMost(second.disk.freeBytes, second.disk.totalBytes);
  }),
);
