/**
 * `orElse`: the second effect answers where the first one failed, knowing why. Effect 4 calls this `Effect.catch`; the ranked chain of tiers
 * is easier to read as a fold of `orElse`, so the word lives on here, in one line.
 */
import * as Effect from "effect/Effect";
import { dual } from "effect/Function";

export const orElse: {
  <E, A2, E2, R2>(that: (error: E) => Effect.Effect<A2, E2, R2>): <A, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A | A2, E2, R | R2>;
  <A, E, R, A2, E2, R2>(self: Effect.Effect<A, E, R>, that: (error: E) => Effect.Effect<A2, E2, R2>): Effect.Effect<A | A2, E2, R | R2>;
} = dual(2, <A, E, R, A2, E2, R2>(self: Effect.Effect<A, E, R>, that: (error: E) => Effect.Effect<A2, E2, R2>) => Effect.catch(self, that));
