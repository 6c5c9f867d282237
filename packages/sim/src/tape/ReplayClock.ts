/**
 * A clock that reads a tape's time and runs so many times as fast as the one in scope. A router built on it sees the recorded prices at the age
 * they had, and all its own waits keep their proportion to the recording, whatever the speed.
 */
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";

/** Reads `originMs` (epoch milliseconds) when it is built. */
export const layerReplayClock = (originMs: number, speed = 1): Layer.Layer<never> =>
  Layer.effect(
    Clock.Clock,
    Clock.clockWith((clock) => Effect.sync(() => replayClock(clock, originMs, speed))),
  );

export const replayClock = (clock: Clock.Clock, originMs: number, speed: number): Clock.Clock => {
  const startNanos = clock.monotonicTimeNanosUnsafe();
  const originNanos = BigInt(Math.round(originMs)) * 1_000_000n;
  const monotonic = (): bigint => startNanos + scaled(clock.monotonicTimeNanosUnsafe() - startNanos, speed);
  const wall = (): bigint => originNanos + scaled(clock.monotonicTimeNanosUnsafe() - startNanos, speed);
  // Nanoseconds since 1970 do not fit a double.
  const wallMs = (): number => Number(wall() / 1_000_000n);
  return {
    currentTimeMillisUnsafe: wallMs,
    currentTimeMillis: Effect.sync(wallMs),
    currentTimeNanosUnsafe: wall,
    currentTimeNanos: Effect.sync(wall),
    monotonicTimeNanosUnsafe: monotonic,
    monotonicTimeNanos: Effect.sync(monotonic),
    sleep: (duration) => clock.sleep(speed === 1 ? duration : Duration.millis(Duration.toMillis(duration) / speed)),
  };
};

const scaled = (nanos: bigint, speed: number): bigint => (speed === 1 ? nanos : BigInt(Math.round(Number(nanos) * speed)));
