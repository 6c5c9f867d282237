/**
 * The limiter against a model that looks at everything in every millisecond, over random callers, priorities, interruptions and waits; and the bound
 * that needs no model.
 */
import { assert, describe, it } from "@effect/vitest";
import { Clock, Effect, Fiber, Layer } from "effect";
import { TestClock } from "effect/testing";
import type { Priority } from "../../src/domain/Question.ts";
import type { RateLimited } from "../../src/errors/MarketDataError.ts";
import type { LimitTable } from "../../src/limits/LimitTable.ts";
import { RateLimiter } from "../../src/limits/RateLimiter.ts";
import { generator, mostInAny } from "./generator.ts";

const priorities: ReadonlyArray<Priority> = ["critical", "high", "normal", "low"];

interface Caller {
  readonly name: number;
  readonly rank: number;
}

type Served = readonly [name: number, atMs: number];

/** What a limiter is, in the plainest words. */
class Model {
  readonly served: Array<Served> = [];
  private waiting: Array<Caller> = [];
  private passed = 0;
  private nowMs = 0;
  private readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  acquire(caller: Caller): void {
    this.waiting.push(caller);
    this.serve();
  }

  interrupt(name: number): void {
    this.waiting = this.waiting.filter((caller) => caller.name !== name);
  }

  advance(ms: number): void {
    for (let i = 0; i < ms; i++) {
      this.nowMs++;
      this.serve();
    }
  }

  private serve(): void {
    while (this.waiting.length > 0 && this.served.filter(([, at]) => at > this.nowMs - 1_050).length < this.limit) {
      const oldest = this.waiting[0];
      const urgent = this.waiting.toSorted((a, b) => a.rank - b.rank)[0];
      const next = this.passed === 9 ? oldest : urgent;
      this.passed = next === oldest ? 0 : this.passed + 1;
      this.waiting = this.waiting.filter((caller) => caller !== next);
      if (next !== undefined) this.served.push([next.name, this.nowMs]);
    }
  }
}

const tableOf = (limit: number): LimitTable => ({
  groups: { ticker: { limit, windowMs: 1_000 } },
  socketConnect: { limit, windowMs: 1_000 },
  socketMessage: [],
});

const nowMs = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos) / 1e6);

/** One series of commands through both. */
const series = (seed: number) =>
  Effect.gen(function* () {
    const random = generator(seed);
    const limit = 1 + Math.floor(random() * 10);
    const model = new Model(limit);
    const served: Array<Served> = [];
    const fibers: Array<readonly [number, Fiber.Fiber<unknown, unknown>]> = [];
    yield* Effect.gen(function* () {
      const limiter = yield* RateLimiter;
      const call = Effect.fnUntraced(function* (name: number, priority: Priority) {
        const grant = yield* limiter.acquire("ticker", { priority, maxWaitMs: Number.POSITIVE_INFINITY });
        served.push([name, yield* nowMs]);
        yield* limiter.ended(grant, true);
      });
      for (let step = 0; step < 100; step++) {
        const kind = random();
        if (kind < 0.6) {
          const rank = Math.floor(random() * 4);
          fibers.push([step, yield* Effect.forkChild(call(step, priorities[rank] ?? "normal"), { startImmediately: true })]);
          model.acquire({ name: step, rank });
        } else if (kind < 0.8) {
          const [name, fiber] = fibers[Math.floor(random() * fibers.length)] ?? [];
          if (name === undefined || fiber === undefined) continue;
          yield* Fiber.interrupt(fiber);
          model.interrupt(name);
        } else {
          const ms = Math.floor(random() * 600);
          yield* TestClock.adjust(ms);
          model.advance(ms);
        }
      }
    }).pipe(Effect.provide(RateLimiter.layerTest(tableOf(limit))));
    assert.deepStrictEqual(served, model.served, `seed ${seed}`);
    return served.length;
  }).pipe(Effect.provide(TestClock.layer()));

describe("the limiter and its model", () => {
  it.effect(
    "serve the same callers at the same times",
    () =>
      Effect.gen(function* () {
        let served = 0;
        for (let seed = 1; seed <= 400; seed++) served += yield* series(seed);
        assert.isAbove(served, 400 * 20);
      }),
    60_000,
  );

  it.effect("no window of a second at the exchange holds more than the limit, and nobody is served after the time he could wait", () =>
    Effect.gen(function* () {
      for (let seed = 1; seed <= 60; seed++) {
        const random = generator(seed);
        const arrivals: Array<number> = [];
        yield* Effect.gen(function* () {
          const limiter = yield* RateLimiter;
          const call = Effect.fnUntraced(function* (priority: Priority, maxWaitMs: number, wayMs: number, workMs: number) {
            const askedMs = yield* nowMs;
            const grant = yield* limiter.acquire("ticker", { priority, maxWaitMs });
            assert.isAtMost(grant.grantedMs - askedMs, maxWaitMs);
            yield* Effect.sleep(wayMs);
            arrivals.push(yield* nowMs);
            yield* Effect.sleep(workMs);
            yield* limiter.ended(grant, random() < 0.95);
          });
          const refusedInTime = (maxWaitMs: number, askedMs: number) => (error: RateLimited) =>
            Effect.map(nowMs, (now) => assert.isAtMost(now - askedMs, maxWaitMs, error.message));
          for (let i = 0; i < 150; i++) {
            const askedMs = yield* nowMs;
            const maxWaitMs = Math.floor(random() * 8_000);
            const way = random() < 0.1 ? random() * 900 : random() * 40;
            const one = call(priorities[Math.floor(random() * 4)] ?? "normal", maxWaitMs, Math.floor(way), Math.floor(random() * 100));
            const fiber = yield* Effect.forkChild(Effect.catch(one, refusedInTime(maxWaitMs, askedMs)), { startImmediately: true });
            if (random() < 0.1) yield* Effect.forkChild(Effect.andThen(Effect.sleep(Math.floor(random() * 500)), Fiber.interrupt(fiber)));
            if (random() < 0.01) yield* limiter.pauseGroup("ticker", 1_000);
            yield* TestClock.adjust(Math.floor(random() * 150));
          }
          yield* TestClock.adjust("20 seconds");
        }).pipe(Effect.provide(Layer.provideMerge(RateLimiter.layerTest(tableOf(10)), TestClock.layer())));
        assert.isAbove(arrivals.length, 25);
        assert.isAtMost(mostInAny(arrivals, 1_000), 10, `seed ${seed}`);
      }
    }),
  );
});
