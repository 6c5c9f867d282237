/** A REST service on a scripted transport, with a limiter, breaker and budget of its own, and a seeded random. */
import { Clock, Effect, Fiber, Layer, Random, Result } from "effect";
import { TestClock } from "effect/testing";
import { type MarketDataError, NetworkError } from "../../src/errors/MarketDataError.ts";
import type { LimitTable } from "../../src/limits/LimitTable.ts";
import { RateLimiter } from "../../src/limits/RateLimiter.ts";
import { Rest, type RestAttempt, RestObserver, type RestOptions } from "../../src/transport/RestCall.ts";
import { defaultRestPolicy, RestPolicy, type RestPolicyShape } from "../../src/transport/RestPolicy.ts";
import { limits, type Row, type Script, scriptedTransport, stubVenue, tickerCall } from "./stubVenue.ts";

export interface Bench {
  /** Requests that reached the transport. */
  readonly sends: () => number;
  readonly attempts: ReadonlyArray<RestAttempt>;
  /** Runs the call with a deadline from now. */
  readonly run: (deadlineMs?: number, options?: Partial<RestOptions<Row>>) => Effect.Effect<Result.Result<Row, MarketDataError>>;
  readonly breakerOpenMs: () => number;
}

/** A bench for one test: limiter, breaker and budget of its own. */
export const bench = <A, E>(
  script: Script,
  test: (bench: Bench) => Effect.Effect<A, E, RateLimiter | Rest>,
  options: { readonly policy?: Partial<RestPolicyShape>; readonly limits?: LimitTable } = {},
) => {
  const { requests, layer } = scriptedTransport(script);
  const attempts: Array<RestAttempt> = [];
  const knobs = Layer.mergeAll(
    Layer.succeed(RestObserver, (attempt) => void attempts.push(attempt)),
    Layer.succeed(RestPolicy, { ...defaultRestPolicy, ...options.policy }),
  );
  const services = Layer.fresh(Rest.layer).pipe(
    Layer.provide(Layer.mergeAll(layer, stubVenue(), knobs)),
    Layer.provideMerge(RateLimiter.layerTest(options.limits ?? limits)),
  );
  return Effect.gen(function* () {
    const rest = yield* Rest;
    const run: Bench["run"] = (deadlineMs = 5_000, more = {}) =>
      Effect.gen(function* () {
        const deadlineNanos = (yield* Clock.monotonicTimeNanos) + BigInt(deadlineMs) * 1_000_000n;
        const result = yield* rest.run(tickerCall, { priority: "normal", deadlineNanos, ...more });
        return result.rows[0] ?? { market: "none" };
      }).pipe(Effect.result);
    return yield* test({ sends: () => requests.length, attempts, run, breakerOpenMs: () => rest.breakerOpenMs("ticker") });
  }).pipe(Effect.provide(services), Random.withSeed("rest"));
};

export const reset = Effect.fail(new NetworkError({ phase: "headers", host: "stub.test", code: "ECONNRESET", detail: null }));

/** Runs an effect while virtual time passes. */
export const during = <A, E, R>(duration: "1 second" | "5 seconds" | "10 seconds" | "30 seconds", effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true });
    yield* TestClock.adjust(duration);
    return yield* Fiber.join(fiber);
  });

export const tagOf = (result: Result.Result<Row, MarketDataError>): string => (Result.isFailure(result) ? result.failure._tag : "answered");

/** The failure as plain fields; empty for an answer. */
export const failureOf = (result: Result.Result<Row, MarketDataError>): object => (Result.isFailure(result) ? result.failure : {});
