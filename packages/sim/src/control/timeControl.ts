/** `POST /_sim/time`: the exchange's clock made faster, stopped, or moved on. */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { maxSpeed, minSpeed } from "../time/SpeedClock.ts";
import { badField, bodyDecoder, type ControlError } from "./ControlError.ts";
import type { Controlled } from "./Controlled.ts";

/** A year: a market is made a minute at a time, and one step of more would be somebody's slip. */
const maxAdvanceMs = 366 * 86_400_000;

const Body = Schema.Struct({
  speed: Schema.optionalKey(Schema.Finite.check(Schema.isBetween({ minimum: minSpeed, maximum: maxSpeed }))),
  pause: Schema.optionalKey(Schema.Literal(true)),
  resume: Schema.optionalKey(Schema.Literal(true)),
  advanceMs: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: maxAdvanceMs }))),
});

const decode = bodyDecoder(Body);

export const controlTime = ({ exchange, clock }: Controlled, body: unknown): Effect.Effect<unknown, ControlError> =>
  Effect.gen(function* () {
    const { speed, pause, resume, advanceMs } = yield* decode(body);
    if (speed === undefined && pause === undefined && resume === undefined && advanceMs === undefined)
      return yield* badField("body", "says nothing: speed, pause, resume or advanceMs is needed");
    if (pause !== undefined && resume !== undefined) return yield* badField("resume", "contradicts pause");
    if (speed !== undefined) clock.setSpeed(speed);
    if (pause !== undefined) clock.pause();
    if (resume !== undefined) clock.resume();
    if (advanceMs !== undefined) clock.advance(advanceMs);
    return { nowMs: yield* exchange.now, speed: clock.speed, paused: clock.paused };
  });
