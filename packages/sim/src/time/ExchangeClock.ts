/**
 * The time of a served exchange as a service: everything the exchange does runs on it, and whoever holds it can make it faster, stop it or jump
 * ahead. The client keeps its own time; at another speed than 1 its clock and the exchange's drift apart, as they must.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { SpeedClock, type SpeedClockOptions } from "./SpeedClock.ts";

export class ExchangeClock extends Context.Service<ExchangeClock, SpeedClock>()("@naru/sim/time/ExchangeClock") {
  /** A clock over the one in scope, until the scope closes. Dies with a RangeError for a speed that cannot be. */
  static readonly layer = (options?: SpeedClockOptions): Layer.Layer<ExchangeClock> =>
    Layer.effect(
      ExchangeClock,
      Effect.gen(function* () {
        const start = Effect.runForkWith(yield* Effect.context());
        const make = Effect.map(Clock.Clock, (base) => new SpeedClock(base, start, options));
        return yield* Effect.acquireRelease(make, (clock) => Effect.sync(() => clock.stop()));
      }),
    );
}

/** From now on the exchange's time runs so many times as fast; dies with a RangeError outside 0.001 to 1,000. */
export const setSpeed = (speed: number): Effect.Effect<void, never, ExchangeClock> =>
  Effect.map(ExchangeClock, (clock) => clock.setSpeed(speed));

/** The exchange's time stands still: no trade, no frame, no limit window moves. Requests are answered. */
export const pause: Effect.Effect<void, never, ExchangeClock> = Effect.map(ExchangeClock, (clock) => clock.pause());

/** It runs again, at the speed it had. */
export const resume: Effect.Effect<void, never, ExchangeClock> = Effect.map(ExchangeClock, (clock) => clock.resume());

/** The exchange's time jumps ahead by so many milliseconds; what would have happened on the way is sent at once. */
export const advance = (ms: number): Effect.Effect<void, never, ExchangeClock> => Effect.map(ExchangeClock, (clock) => clock.advance(ms));
