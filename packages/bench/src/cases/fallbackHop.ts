/**
 * What one hop of the fallback costs by itself: a question whose first tier fails at once and whose second answers at once, through the whole
 * chain with its trail, ledger and mode, beside the least a program on Effect would do: `Effect.catch` around a failure.
 */
import type { Market } from "@naru/router/domain/Market";
import type { Question } from "@naru/router/domain/Question";
import { NetworkError } from "@naru/router/errors/MarketDataError";
import { FallbackManager } from "@naru/router/fallback/FallbackManager";
import type { Tier, TierAnswer } from "@naru/router/tiers/Tier";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Logger from "effect/Logger";
import type { Case, Reading, Side } from "../Case.ts";

const warm = 5_000;
const calls = 50_000;

const question: Question = {
  kind: "ticker",
  // Well-formed, and never asked of anybody.
  market: "KRW-BTC" as Market,
  intent: {
    maxAgeMs: 2_000,
    deadlineMs: 5_000,
    priority: "normal",
    realtime: false,
    strategy: "auto",
    context: "realtime_trading",
    onStale: "fail",
  },
};
const error = new NetworkError({ phase: "connect", host: "", code: "ECONNRESET", detail: null });
const value: TierAnswer = { value: "value", channel: "rest", exchangeTimeMs: 1, receivedNanos: 0n, receivedMs: 0, confirmedNanos: 0n };

/** CPU microseconds of one call, after it was called often enough to be compiled. */
const timed = <E, R>(call: Effect.Effect<unknown, E, R>): Effect.Effect<Reading, E, R> =>
  Effect.gen(function* () {
    for (let i = 0; i < warm; i++) yield* call;
    const before = process.cpuUsage();
    let right = 0;
    for (let i = 0; i < calls; i++) if ((yield* call) === "value") right++;
    const { user, system } = process.cpuUsage(before);
    if (right !== calls) return yield* Effect.die(new Error(`${calls - right} answers were wrong`));
    return { figures: { hop: (user + system) / calls }, work: right };
  });

const candidate = Effect.gen(function* () {
  const manager = yield* FallbackManager;
  const tiers: ReadonlyArray<Tier> = [
    { name: "batch_snapshot", ask: () => Effect.fail(error) },
    { name: "cold_rest", ask: () => Effect.succeed(value) },
  ];
  return yield* timed(Effect.map(manager.run(question, tiers, 5_000), ({ answer }) => answer.value));
}).pipe(Effect.provide(Layer.merge(FallbackManager.layerTest, Logger.layer([]))));

const base = Effect.suspend(() => timed(Effect.catch(Effect.fail(error), () => Effect.succeed("value"))));

const run = (side: Side): Promise<Reading> =>
  side === "base" ? Effect.runPromise(base) : Effect.runPromise(Effect.catch(candidate, (failure) => Effect.die(failure.error)));

export const subject: Case = {
  name: "fallback-hop",
  about: "CPU time of a question whose first tier fails at once and whose second answers",
  base: "Effect.catch around a failure",
  candidate: "FallbackManager.run over two tiers",
  figures: [{ name: "hop", unit: "us/call", better: "lower" }],
  isolation: "child",
  run,
};
