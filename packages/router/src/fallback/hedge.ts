/**
 * A hedge: the second effect starts when the first one has not answered in time, and from then on both run; the first valid answer wins, and
 * the other one is interrupted. A first one that fails sooner gives the turn at once, so a hedge is never slower than one after the other.
 *
 * A failure that nobody could better (`isFinal`) ends both. When both fail, the error is the first effect's.
 */
import * as Effect from "effect/Effect";
import type * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import type { Priority } from "../domain/Question.ts";

export interface HedgeOptions<E> {
  /** Head start of the first effect, in milliseconds. */
  readonly afterMs: number;
  /** The other effect could not know better. */
  readonly isFinal: (error: E) => boolean;
  /** Called when the second effect starts beside the first one, not in its place. */
  readonly onHedge: () => void;
}

/** Not a generator for each question: see `SupervisedAsker.ts`. */
export const hedge = <A, E, R>(
  first: Effect.Effect<A, E, R>,
  second: Effect.Effect<A, E, R>,
  options: HedgeOptions<E>,
): Effect.Effect<A, E, R> =>
  Effect.flatMap(Effect.forkChild(first, { startImmediately: true }), (running) =>
    Effect.ensuring(raced(running, second, options), Fiber.interrupt(running)),
  );

const raced = <A, E, R>(
  running: Fiber.Fiber<A, E>,
  second: Effect.Effect<A, E, R>,
  { afterMs, isFinal, onHedge }: HedgeOptions<E>,
): Effect.Effect<A, E, R> => {
  const afterFirst = (exit: Exit.Exit<A, E>) => Effect.catch(exit, (error) => (isFinal(error) ? Effect.fail(error) : second));
  // An answer that needs no waiting is there already: nothing is started beside it, however short the head start.
  const early = running.pollUnsafe();
  if (early !== undefined) return afterFirst(early);
  return Effect.flatMap(Effect.raceFirst(Fiber.await(running), Effect.as(Effect.sleep(afterMs), undefined)), (exit) => {
    if (exit !== undefined) return afterFirst(exit);
    onHedge();
    const stays = Effect.catch(Fiber.join(running), (error) => (isFinal(error) ? Effect.fail(error) : Effect.never));
    const joins = Effect.catch(second, (error) => (isFinal(error) ? Effect.fail(error) : Fiber.join(running)));
    return Effect.raceFirst(stays, joins);
  });
};

/** Head start of the socket before REST is asked beside it, in milliseconds; infinity when it never is. */
export const headStartMs = (priority: Priority, hedgeAfterMs: number): number => {
  switch (priority) {
    case "critical":
      return 0;
    case "high":
      return hedgeAfterMs / 2;
    case "normal":
      return hedgeAfterMs;
    case "low":
      return Number.POSITIVE_INFINITY;
  }
};
