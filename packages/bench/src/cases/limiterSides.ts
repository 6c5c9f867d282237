/**
 * Limiters at "ten a second", ours and others', behind one face: how strictly they keep it, and what a place costs that is granted at once.
 *
 * Strictness is measured on the real clock, because not all of them take another: after 950 quiet milliseconds forty callers come at once, which is when
 * a limit that counts by the second or saves up tokens lets the most through. The exchange counts arrivals in any second.
 */
import Bottleneck from "bottleneck";
import { RateLimiter } from "@naru/router/limits/RateLimiter";
import { limits } from "@naru/upbit/limits";
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as EffectRateLimiter from "effect/persistence/RateLimiter";

export interface LimiterSide {
  readonly label: string;
  /** Asks so many times at once, after a pause; monotonic milliseconds of every grant. */
  readonly burst: (callers: number, quietMs: number) => Promise<ReadonlyArray<number>>;
  /** CPU microseconds of one place that is granted at once, without the loop around it. */
  readonly cost: () => Promise<number>;
}

const warm = 20_000;
const calls = 100_000;

/** Time passes only by {@link advance}. */
class HandClock {
  private nowMs = Date.UTC(2026, 0, 5, 3);
  private nanos = BigInt(this.nowMs) * 1_000_000n;

  readonly clock: Clock.Clock = {
    currentTimeMillisUnsafe: () => this.nowMs,
    currentTimeMillis: Effect.sync(() => this.nowMs),
    currentTimeNanosUnsafe: () => this.nanos,
    currentTimeNanos: Effect.sync(() => this.nanos),
    monotonicTimeNanosUnsafe: () => this.nanos,
    monotonicTimeNanos: Effect.sync(() => this.nanos),
    sleep: () => Effect.die(new Error("nobody has to wait here")),
  };

  /** A tenth of a second and a little: our window is a little longer than a second, to allow for the way to the exchange. */
  advance(): void {
    this.nowMs += 120;
    this.nanos += 120_000_000n;
  }
}

/** Microseconds of CPU for one of many calls, each of which must be let in at once, beyond what the loop and its clock take without it. */
const cpuOf = <E, R>(call: Effect.Effect<boolean, E, R>, hand: HandClock): Effect.Effect<number, E, R> =>
  Effect.gen(function* () {
    const empty = yield* looped(
      Effect.sync(() => true),
      hand,
    );
    return (yield* looped(call, hand)) - empty;
  });

const looped = <E, R>(call: Effect.Effect<boolean, E, R>, hand: HandClock): Effect.Effect<number, E, R> =>
  Effect.gen(function* () {
    for (let i = 0; i < warm; i++) {
      hand.advance();
      yield* call;
    }
    let granted = 0;
    const before = process.cpuUsage();
    for (let i = 0; i < calls; i++) {
      hand.advance();
      if (yield* call) granted++;
    }
    const { user, system } = process.cpuUsage(before);
    if (granted !== calls) return yield* Effect.die(new Error(`only ${granted} of ${calls} were let in at once`));
    return (user + system) / calls;
  });

const byHand = <E>(measure: (hand: HandClock) => Effect.Effect<number, E>): Promise<number> => {
  const hand = new HandClock();
  return Effect.runPromise(Effect.orDie(measure(hand)).pipe(Effect.provide(Layer.succeed(Clock.Clock, hand.clock))));
};

const nowMs = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos) / 1e6);

const burstOf = <E, R>(one: Effect.Effect<number, E, R>, callers: number, quietMs: number) =>
  Effect.gen(function* () {
    yield* Effect.sleep(quietMs);
    return yield* Effect.all(
      Array.from({ length: callers }, () => one),
      { concurrency: "unbounded" },
    );
  });

const atOnce = { priority: "normal", maxWaitMs: 0 } as const;

/** A request that is answered the moment it is sent. */
const ourRequest = Effect.gen(function* () {
  const limiter = yield* RateLimiter;
  const grant = yield* limiter.acquire("ticker", { priority: "normal", maxWaitMs: Number.POSITIVE_INFINITY });
  const sentMs = yield* nowMs;
  yield* limiter.ended(grant, true);
  return sentMs;
});

/** Ours, with the end of every request told at once. */
export const ours: LimiterSide = {
  label: "our RateLimiter, acquire and ended",
  burst: (callers, quietMs) => Effect.runPromise(Effect.provide(burstOf(ourRequest, callers, quietMs), RateLimiter.layerTest(limits))),
  cost: () =>
    byHand((hand) =>
      Effect.gen(function* () {
        const limiter = yield* RateLimiter;
        const call = Effect.flatMap(limiter.acquire("ticker", atOnce), (grant) => Effect.as(limiter.ended(grant, true), true));
        return yield* cpuOf(call, hand);
      }).pipe(Effect.provide(RateLimiter.layerTest(limits))),
    ),
};

const effectLayer = EffectRateLimiter.layer.pipe(Layer.provide(EffectRateLimiter.layerStoreMemory));
const effectConsume = (onExceeded: "delay" | "fail") =>
  Effect.flatMap(EffectRateLimiter.RateLimiter, (limiter) =>
    limiter.consume({ algorithm: "token-bucket", window: "1 second", limit: 10, key: "ticker", onExceeded }),
  );

export const effects: LimiterSide = {
  label: "Effect's RateLimiter, token bucket, memory store",
  burst: (callers, quietMs) => {
    const one = Effect.flatMap(effectConsume("delay"), ({ delay }) => Effect.andThen(Effect.sleep(delay), nowMs));
    return Effect.runPromise(Effect.orDie(burstOf(one, callers, quietMs)).pipe(Effect.provide(effectLayer)));
  },
  cost: () =>
    byHand((hand) =>
      cpuOf(
        Effect.map(effectConsume("fail"), ({ delay }) => Duration.toMillis(delay) === 0),
        hand,
      ).pipe(Effect.provide(effectLayer)),
    ),
};

/** Grants of a limiter of promises. */
const promised = async (acquire: () => Promise<unknown>, callers: number, quietMs: number): Promise<ReadonlyArray<number>> => {
  await Effect.runPromise(Effect.sleep(quietMs));
  return Promise.all(
    Array.from({ length: callers }, async () => {
      await acquire();
      return performance.now(); // the moment of a grant, on the clock of the others
    }),
  );
};

/** Microseconds of CPU of a promise that is resolved without a wait, beyond those of one that does nothing. */
const cpuOfPromise = async (acquire: () => Promise<unknown>): Promise<number> => {
  const empty = await loopedPromise(nothing);
  return (await loopedPromise(acquire)) - empty;
};

const loopedPromise = async (acquire: () => Promise<unknown>): Promise<number> => {
  // Fewer than of ours: bottleneck sets a timer for every call.
  const [warm, calls] = [200, 1_000];
  for (let i = 0; i < warm; i++) await acquire();
  const before = process.cpuUsage();
  for (let i = 0; i < calls; i++) await acquire();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
};

const nothing = async (): Promise<void> => {};

export const bottleneck: LimiterSide = {
  label: "bottleneck, reservoir of 10 refreshed every second",
  burst: async (callers, quietMs) => {
    const limiter = new Bottleneck({ reservoir: 10, reservoirRefreshAmount: 10, reservoirRefreshInterval: 1_000 });
    try {
      return await promised(() => limiter.schedule(nothing), callers, quietMs);
    } finally {
      await limiter.disconnect();
    }
  },
  cost: () => {
    // A reservoir that is never empty: what is measured is a grant, not a wait.
    const limiter = new Bottleneck({ reservoir: 1e9 });
    return cpuOfPromise(() => limiter.schedule(nothing));
  },
};

/** It is loaded by whoever measures it: that takes longer than everything else here. */
const throttled = async () => {
  const { Exchange } = await import("ccxt");
  return new Exchange({ rateLimit: 100, enableRateLimit: true });
};

export const ccxts: LimiterSide = {
  label: "ccxt's throttler, as an exchange with rateLimit 100 has it",
  burst: async (callers, quietMs) => {
    const exchange = await throttled();
    return promised(() => exchange.throttle(1), callers, quietMs);
  },
  cost: async () => {
    // Costs nothing of its tokens: what is measured is a grant, not a wait.
    const exchange = await throttled();
    return cpuOfPromise(() => exchange.throttle(1e-12));
  },
};
