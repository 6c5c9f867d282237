/** One state per host and process, whoever builds the layer: in turn, at once, from many runtimes, and after they are all gone. */
import { assert, describe, it } from "@effect/vitest";
import { Clock, Effect, Exit, Layer, Logger, Scope } from "effect";
import { TestClock } from "effect/testing";
import { attachHost, maxHosts } from "../../src/limits/HostLimits.ts";
import type { LimitTable } from "../../src/limits/LimitTable.ts";
import { RateLimiter } from "../../src/limits/RateLimiter.ts";
import { stubVenue } from "../transport/stubVenue.ts";

const tableOf = (limit: number, windowMs: number): LimitTable => ({
  groups: { ticker: { limit, windowMs } },
  socketConnect: { limit: 5, windowMs: 1_000 },
  socketMessage: [],
});

const layerFor = (host: string, table = tableOf(10, 1_000)) =>
  Layer.fresh(RateLimiter.layer).pipe(Layer.provide(stubVenue({ host, limits: table })));

const forever = { priority: "normal", maxWaitMs: Number.POSITIVE_INFINITY } as const;

/** One request, answered at once. */
const acquire = Effect.flatMap(RateLimiter, (limiter) =>
  Effect.tap(limiter.acquire("ticker", forever), (grant) => limiter.ended(grant, true)),
);
const waitMs = Effect.map(RateLimiter, (limiter) => limiter.waitMs("ticker"));

describe("limits of a host", () => {
  it.effect("forty programs in turn, each with a layer of its own, stay within one window", () =>
    Effect.gen(function* () {
      for (let i = 0; i < 10; i++) yield* Effect.provide(acquire, layerFor("in-turn"));
      assert.strictEqual(yield* Effect.provide(waitMs, layerFor("in-turn")), 1_050);
      assert.strictEqual(yield* Effect.provide(waitMs, layerFor("elsewhere")), 0);
      yield* TestClock.adjust("1050 millis");
      assert.strictEqual(yield* Effect.provide(waitMs, layerFor("in-turn")), 0);
    }),
  );

  it.effect("a block outlives the layer that met it", () =>
    Effect.gen(function* () {
      yield* Effect.provide(
        Effect.flatMap(RateLimiter, (limiter) => limiter.block(60_000)),
        layerFor("banned"),
      );
      const error = yield* Effect.flip(
        Effect.provide(
          Effect.flatMap(RateLimiter, (limiter) => limiter.acquire("ticker", { priority: "high", maxWaitMs: 5_000 })),
          layerFor("banned"),
        ),
      );
      assert.deepInclude(error, { _tag: "RateLimited", scope: "ip", retryAfterMs: 61_000 });
    }),
  );

  it.effect("warns once about a second living instance, and not about instances in turn", () =>
    Effect.gen(function* () {
      const messages: Array<unknown> = [];
      const logger = Logger.layer([Logger.make(({ message }) => messages.push(message))]);
      const attach = attachHost("twice", tableOf(10, 1_000));
      yield* Effect.gen(function* () {
        for (let i = 0; i < 3; i++) yield* Effect.scoped(attach);
        assert.lengthOf(messages, 0);
        const scope = yield* Scope.make();
        const states = yield* Effect.replicateEffect(Effect.provideService(attach, Scope.Scope, scope), 3);
        assert.strictEqual(new Set(states).size, 1);
        yield* Scope.close(scope, Exit.void);
        yield* Effect.scoped(Effect.andThen(attach, attach));
      }).pipe(Effect.provide(logger));
      assert.lengthOf(messages, 1);
      assert.match(String(messages[0]), /twice/);
    }),
  );

  it.effect("adopts another table once nobody holds the state, with its grants", () =>
    Effect.gen(function* () {
      for (let i = 0; i < 4; i++) yield* Effect.provide(acquire, layerFor("other-table"));
      assert.strictEqual(yield* Effect.provide(waitMs, layerFor("other-table", tableOf(4, 1_000))), 1_050);
    }),
  );

  it.effect("forgets idle hosts when there are too many, and keeps a live window", () =>
    Effect.gen(function* () {
      const idle = yield* Effect.scoped(attachHost("idle", tableOf(10, 1_000)));
      for (let i = 0; i < 10; i++) yield* Effect.provide(acquire, layerFor("busy"));
      for (let i = 0; i < maxHosts; i++) yield* Effect.scoped(attachHost(`host-${i}`, tableOf(10, 1_000)));
      assert.strictEqual(yield* Effect.provide(waitMs, layerFor("busy")), 1_050);
      assert.notStrictEqual(yield* Effect.scoped(attachHost("idle", tableOf(10, 1_000))), idle);
    }),
  );

  it.live("forty runtimes at once share one queue, and go on when those in front are interrupted", () =>
    Effect.promise(async () => {
      const table = tableOf(5, 100);
      const grants: Array<number> = [];
      const one = Effect.gen(function* () {
        const limiter = yield* RateLimiter;
        const grant = yield* limiter.acquire("ticker", forever);
        // Written down before the end is told, which is what the next one's turn is counted from.
        grants.push(Number(yield* Clock.monotonicTimeNanos) / 1e6);
        yield* limiter.ended(grant, true);
      });
      const controllers = Array.from({ length: 40 }, () => new AbortController());
      const quiet = Logger.layer([]);
      const runs = controllers.map(({ signal }) =>
        Effect.runPromiseExit(Effect.provide(one, Layer.provideMerge(layerFor("forty", table), quiet)), { signal }),
      );
      // The sixth keeps the time for the queue.
      for (const controller of controllers.slice(5, 10)) controller.abort();
      const exits = await Promise.all(runs);
      const interrupted = exits.filter((exit) => Exit.isFailure(exit)).length;
      assert.strictEqual(grants.length, 40 - interrupted);
      assert.isAtMost(interrupted, 5);
      grants.sort((a, b) => a - b);
      for (let i = 5; i < grants.length; i++) assert.isAtLeast((grants[i] ?? 0) - (grants[i - 5] ?? 0), 100);
    }),
  );
});
