/** `POST /_sim/time`: the exchange's clock made faster, stopped, or moved on. */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { badField, bodyDecoder, type ControlError } from "./ControlError.ts";
import type { Controlled } from "./Controlled.ts";

/** A year: a market is made a minute at a time, and one step of more would be somebody's slip. */
const maxAdvanceMs = 366 * 86_400_000;

const Body = Schema.Struct({
  speed: Schema.optionalKey(Schema.Finite.check(Schema.isBetween({ minimum: 0.001, maximum: 1_000 }))),
  pause: Schema.optionalKey(Schema.Literal(true)),
  resume: Schema.optionalKey(Schema.Literal(true)),
  advanceMs: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: maxAdvanceMs }))),
});

const decode = bodyDecoder(Body);

export const controlTime = ({ exchange }: Controlled, body: unknown): Effect.Effect<unknown, ControlError> =>
  Effect.gen(function* () {
    const { speed, pause, resume, advanceMs } = yield* decode(body);
    if (speed === undefined && pause === undefined && resume === undefined && advanceMs === undefined)
      return yield* badField("body", "says nothing: speed, pause, resume or advanceMs is needed");
    if (pause !== undefined && resume !== undefined) return yield* badField("resume", "contradicts pause");
    // The clock stands where it is read.
    yield* exchange.now;
    if (speed !== undefined) exchange.clock.setSpeed(speed);
    if (pause !== undefined) exchange.clock.pause();
    if (resume !== undefined) exchange.clock.resume();
    if (advanceMs !== undefined) exchange.clock.advance(advanceMs);
    return { nowMs: yield* exchange.now, speed: exchange.clock.speed, paused: exchange.clock.paused };
  });
