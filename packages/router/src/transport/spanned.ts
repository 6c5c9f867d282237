/**
 * A span where somebody looks. Those of the tracer that is there by default end nowhere, and opening one, with the stack of whoever called, costs a
 * request more than its limits and its breaker do.
 */
import * as Effect from "effect/Effect";
import * as Tracer from "effect/Tracer";

/** `traced` where a program has given a tracer, else `plain`. */
export const whereTraced = <A, E, R>(plain: Effect.Effect<A, E, R>, traced: () => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) => (fiber.getRef(Tracer.Tracer) === Tracer.nativeTracer ? plain : traced()));

/** The effect, in a span of this name where a program has given a tracer. */
export const spanned = <A, E, R>(
  name: string,
  effect: Effect.Effect<A, E, R>,
  attributes: Readonly<Record<string, string>> = {},
): Effect.Effect<A, E, R> => whereTraced(effect, () => Effect.withSpan(effect, name, { attributes }));
