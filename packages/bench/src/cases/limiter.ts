/**
 * What asking the limiter costs when it says yes at once: ten a second are allowed and a tenth of a second passes between two callers, on a
 * clock moved by hand. Ours is strict in every window of a second; Effect's is not, which is why ours exists.
 */
import { RateLimiter } from "@naru/router/limits/RateLimiter";
import { limits } from "@naru/upbit/limits";
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as EffectRateLimiter from "effect/persistence/RateLimiter";
import type { Case, Reading, Side } from "../Case.ts";

const warm = 20_000;
const calls = 100_000;
/** Our window is a little longer than a second: it allows for the way to the exchange. */
const betweenMs = 120;

/** Time passes only by {@link advance}. */
class HandClock {
  private nowMs = Date.UTC(2026, 0, 5, 3);

  readonly clock: Clock.Clock = {
    currentTimeMillisUnsafe: () => this.nowMs,
    currentTimeMillis: Effect.sync(() => this.nowMs),
    currentTimeNanosUnsafe: () => BigInt(this.nowMs) * 1_000_000n,
    currentTimeNanos: Effect.sync(() => BigInt(this.nowMs) * 1_000_000n),
    monotonicTimeNanosUnsafe: () => BigInt(this.nowMs) * 1_000_000n,
    monotonicTimeNanos: Effect.sync(() => BigInt(this.nowMs) * 1_000_000n),
    sleep: () => Effect.die(new Error("nobody has to wait here")),
  };

  advance(): void {
    this.nowMs += betweenMs;
  }
}

const timed = <E, R>(hand: HandClock, call: Effect.Effect<boolean, E, R>): Effect.Effect<Reading, E, R> =>
  Effect.gen(function* () {
    let granted = 0;
    for (let i = 0; i < warm; i++) {
      hand.advance();
      yield* call;
    }
    const before = process.cpuUsage();
    for (let i = 0; i < calls; i++) {
      hand.advance();
      if (yield* call) granted++;
    }
    const { user, system } = process.cpuUsage(before);
    if (granted !== calls) return yield* Effect.die(new Error(`only ${granted} of ${calls} were let in at once`));
    return { figures: { acquire: (user + system) / calls }, work: granted };
  });

const candidate = (hand: HandClock) =>
  Effect.gen(function* () {
    const limiter = yield* RateLimiter;
    const call = Effect.flatMap(limiter.acquire("ticker", { priority: "normal", maxWaitMs: 0 }), (grant) =>
      Effect.as(limiter.ended(grant, true), true),
    );
    return yield* timed(hand, call);
  }).pipe(Effect.provide(RateLimiter.layerTest(limits)));

const base = (hand: HandClock) =>
  Effect.gen(function* () {
    const limiter = yield* EffectRateLimiter.RateLimiter;
    const call = Effect.map(
      limiter.consume({ algorithm: "token-bucket", window: "1 second", limit: 10, key: "ticker", onExceeded: "fail" }),
      ({ delay }) => Duration.toMillis(delay) === 0,
    );
    return yield* timed(hand, call);
  }).pipe(Effect.provide(EffectRateLimiter.layer.pipe(Layer.provide(EffectRateLimiter.layerStoreMemory))));

const run = (side: Side): Promise<Reading> => {
  const hand = new HandClock();
  const measured = side === "base" ? Effect.orDie(base(hand)) : Effect.orDie(candidate(hand));
  return Effect.runPromise(measured.pipe(Effect.provide(Layer.succeed(Clock.Clock, hand.clock))));
};

export const subject: Case = {
  name: "limiter",
  about: "CPU time of a granted acquire",
  base: "Effect's RateLimiter, token bucket, memory store",
  candidate: "our RateLimiter, acquire and ended",
  figures: [{ name: "acquire", unit: "us/call", better: "lower" }],
  isolation: "child",
  run,
};
