/** A word on stderr while something takes longer than a second, so that nobody wonders; stdout stays clean. */
import * as Clock from "effect/Clock";
import * as Console from "effect/Console";
import * as Effect from "effect/Effect";
import * as Schedule from "effect/Schedule";

/** Says what is being waited for after the first second, and again every five. It ends with the effect. */
export const withProgress = <A, E, R>(effect: Effect.Effect<A, E, R>, what: string): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const started = yield* Clock.monotonicTimeNanos;
    const tell = Effect.flatMap(Clock.monotonicTimeNanos, (now) =>
      Console.error(`${what}: ${Math.round(Number(now - started) / 1e9)} s so far`),
    );
    const telling = tell.pipe(Effect.repeat(Schedule.spaced("5 seconds")), Effect.delay("1 second"), Effect.andThen(Effect.never));
    return yield* Effect.raceFirst(effect, telling);
  });
