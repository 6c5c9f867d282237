/**
 * What a question costs that memory can answer: `getTicker` of a market that was just asked, with its ranking, provenance and metrics, beside
 * the least a program on Effect would do itself: read a `Map` and give the value back in an object of its own.
 */
import { getTicker } from "@naru/router/MarketData";
import { Sim } from "@naru/sim";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Layer from "effect/Layer";
import * as TestClock from "effect/testing/TestClock";
import type { Case, Reading, Side } from "../Case.ts";

const warm = 20_000;
const calls = 100_000;

/** Calls whose own length is looked at, by the clock. */
const watched = 20_000;

/** The clock on the wall: the calls themselves run under a test clock. */
const wall = Effect.runSync(Clock.clockWith(Effect.succeed));

/** CPU microseconds of one call, after it was called often enough to be compiled; and how long single ones took, in milliseconds. */
const timed = <E, R>(call: Effect.Effect<string, E, R>, expected: string): Effect.Effect<Reading, E, R> =>
  Effect.gen(function* () {
    for (let i = 0; i < warm; i++) yield* call;
    const before = process.cpuUsage();
    let right = 0;
    for (let i = 0; i < calls; i++) if ((yield* call) === expected) right++;
    const { user, system } = process.cpuUsage(before);
    if (right !== calls) return yield* Effect.die(new Error(`${calls - right} answers were not "${expected}"`));
    const tookMs = new Float64Array(watched);
    for (let i = 0; i < watched; i++) {
      const startedNs = wall.monotonicTimeNanosUnsafe();
      yield* call;
      tookMs[i] = Number(wall.monotonicTimeNanosUnsafe() - startedNs) / 1e6;
    }
    tookMs.sort();
    const at = (share: number) => tookMs[Math.floor(watched * share)] ?? Number.NaN;
    return { figures: { call: (user + system) / calls, median: at(0.5), p99: at(0.99) }, work: right };
  });

const candidate = Effect.gen(function* () {
  const first = yield* Effect.forkChild(getTicker("KRW-BTC"), { startImmediately: true });
  yield* TestClock.adjust("1 second");
  const { value } = yield* Fiber.join(first);
  const call = Effect.map(getTicker("KRW-BTC"), (answer) => `${answer.provenance.tier} ${answer.value.price.number}`);
  return yield* timed(call, `hot_cache ${value.price.number}`);
}).pipe(Effect.provide(Sim.layerTest({ seed: 1 }).pipe(Layer.provideMerge(TestClock.layer()))), Effect.scoped);

const base = Effect.suspend(() => {
  const kept = new Map([["KRW-BTC", { price: 114_000_000 }]]);
  const call = Effect.sync(() => {
    const answer = { value: kept.get("KRW-BTC"), provenance: { tier: "map" } };
    return `${answer.provenance.tier} ${answer.value?.price}`;
  });
  return timed(call, "map 114000000");
});

const run = (side: Side): Promise<Reading> => Effect.runPromise(side === "base" ? base : Effect.orDie(candidate));

export const subject: Case = {
  name: "hot-ticker",
  about: "CPU time of a question that memory answers",
  base: "Effect.sync: a Map read and an object literal",
  candidate: 'getTicker("KRW-BTC"), answered by the hot cache',
  figures: [
    { name: "call", unit: "us/call", better: "lower" },
    { name: "median", unit: "ms, one call", better: "lower" },
    { name: "p99", unit: "ms, one call", better: "lower" },
  ],
  isolation: "child",
  run,
};
