/** What the numbers of calls say after a run of which everything is known. */
import { assert, describe, it } from "@effect/vitest";
import { getTicker } from "@naru/router/MarketData";
import { Sim } from "@naru/sim";
import { Effect, Fiber, Metric } from "effect";
import { TestClock } from "effect/testing";
import { BrokenRouter } from "./BrokenRouter.ts";

const answered = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Effect.exit(effect), { startImmediately: true });
    for (let waited = 0; fiber.pollUnsafe() === undefined && waited < 10_000; waited += 10) yield* TestClock.adjust("10 millis");
    return yield* Fiber.join(fiber);
  });

/** The counters of a name by their labels, and of a histogram how often it was told. */
const counted = (name: string) =>
  Effect.map(Metric.snapshot, (all) =>
    Object.fromEntries(
      all.flatMap(({ id, attributes, state }) =>
        id === name ? [[Object.values(attributes ?? {}).join(" "), "count" in state ? Number(state.count) : Number.NaN]] : [],
      ),
    ),
  );

describe("metrics of calls", () => {
  it.effect("count calls by outcome, attempts by tier and outcome, hits of memory, and times (R001-24)", () => {
    const router = new BrokenRouter();
    return Effect.gen(function* () {
      yield* Sim.halt;
      for (let call = 0; call < 3; call++) yield* answered(getTicker("KRW-BTC", { maxAge: 5_000 }));
      yield* answered(getTicker("KRW-NOPE"));
      assert.deepStrictEqual(yield* counted("naru_calls_total"), {
        "ticker batch_snapshot answered": 1,
        "ticker hot_cache answered": 2,
        "ticker none MarketUnknown": 1,
      });
      const attempts = yield* counted("naru_tier_attempts_total");
      assert.deepStrictEqual([attempts["batch_snapshot answered"], attempts["hot_cache answered"]], [1, 2]);
      const times = yield* counted("naru_tier_answer_seconds");
      assert.deepStrictEqual([times["batch_snapshot"], times["hot_cache"]], [1, 2]);
      // What the router failed at is told too, and the way that the mode took.
      router.current.ill = "fails";
      for (let call = 0; call < 3; call++) yield* answered(getTicker("KRW-BTC"));
      assert.strictEqual((yield* counted("naru_calls_total"))["ticker direct_rest_fallback answered"], 3);
      assert.deepStrictEqual(yield* counted("naru_mode_changes_total"), { degraded: 1, fallback: 1 });
    }).pipe(
      Effect.provide(Sim.layerTest({ seed: 71, decorate: { router: router.decorate } })),
      Effect.provideService(Metric.MetricRegistry, new Map()),
    );
  });
});
