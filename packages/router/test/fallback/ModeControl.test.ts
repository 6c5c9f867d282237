/** The owner of the mode: what a change is told to, once, and what a person's word does. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer, Stream } from "effect";
import { TestClock } from "effect/testing";
import { ModeControl } from "../../src/fallback/ModeControl.ts";
import type { Monitoring } from "../../src/fallback/Monitoring.ts";
import { Health } from "../../src/health/HealthLedger.ts";

const test = (title: string, effect: Effect.Effect<unknown, unknown, ModeControl | Health>) =>
  it.effect(title, () => Effect.provide(effect, Layer.fresh(Layer.provideMerge(ModeControl.layerWithDirect, Health.layer))));

const collected = <A>(stream: Stream.Stream<A>) =>
  Effect.gen(function* () {
    const seen: Array<A> = [];
    yield* Effect.forkChild(
      Stream.runForEach(stream, (value) => Effect.sync(() => void seen.push(value))),
      { startImmediately: true },
    );
    yield* TestClock.adjust(0);
    return seen;
  });

describe("monitoring", () => {
  test(
    "is raised while the router is out, and as before afterwards: how often, how much is logged, since when (R002-24)",
    Effect.gen(function* () {
      const control = yield* ModeControl;
      const seen = yield* collected<Monitoring>(control.monitoringChanges);
      const usual = { raised: false, sinceMs: null, everyMs: 30_000, logLevel: null };
      assert.deepStrictEqual(control.monitoring(), usual);
      yield* TestClock.adjust("1 second");
      yield* control.tell("gone", "a test");
      assert.deepStrictEqual(control.monitoring(), { raised: true, sinceMs: 1_000, everyMs: 5_000, logLevel: "Debug" });
      yield* control.tell("probeGood", "a test");
      yield* control.tell("probeGood", "a test");
      assert.isTrue(control.monitoring().raised);
      yield* control.tell("due", "a test");
      yield* control.tell("due", "a test");
      yield* TestClock.adjust(0);
      assert.deepStrictEqual(control.monitoring(), usual);
      assert.deepStrictEqual(
        seen.map(({ raised }) => raised),
        [true, false],
      );
    }),
  );
});

describe("the status", () => {
  test(
    "says the mode, its level, since when and why, and what comes next, and every change stands in the ledger (R002-05)",
    Effect.gen(function* () {
      const control = yield* ModeControl;
      const before = control.status();
      assert.deepStrictEqual([before.mode, before.level, before.sinceMs, before.nextStepInMs], ["normal", 0, null, null]);
      yield* control.tell("gone", "no router");
      const { mode, level, reason, nextStepInMs } = control.status();
      assert.deepStrictEqual([mode, level, reason, nextStepInMs], ["fallback", 2, "no router", 30_000]);
      assert.deepStrictEqual(
        (yield* Health).modes().map(({ to, level: of }) => [to, of]),
        [["fallback", 2]],
      );
    }),
  );

  test(
    "wakes whoever waits for what is due, also when only that changed",
    Effect.gen(function* () {
      const control = yield* ModeControl;
      let woken = 0;
      control.onChange(() => void woken++);
      yield* control.tell("gone", "no router");
      yield* control.override("on", { by: "kim", why: "a test" });
      assert.strictEqual(woken, 2);
      assert.strictEqual(control.due().atMs, Number.POSITIVE_INFINITY);
    }),
  );
});
