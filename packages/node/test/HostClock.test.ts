import { assert, it } from "@effect/vitest";
import { HostClock } from "@naru/router/transport/Awake";
import { Effect } from "effect";
import * as NodeHostClock from "../src/HostClock.ts";

it.effect("knows how long the machine is up and what this process has used, in milliseconds that only grow", () =>
  Effect.gen(function* () {
    const read = yield* HostClock;
    const before = read();
    assert.isAbove(before.bootMs ?? 0, 1_000);
    const started = performance.now();
    while (performance.now() - started < 30); // Work is what is measured.
    const after = read();
    assert.isAtLeast(after.bootMs ?? 0, before.bootMs ?? Number.NaN);
    const used = (after.cpuMs ?? Number.NaN) - (before.cpuMs ?? Number.NaN);
    assert.isAbove(used, 5);
    assert.isBelow(used, 5_000);
  }).pipe(Effect.provide(NodeHostClock.layer)),
);
