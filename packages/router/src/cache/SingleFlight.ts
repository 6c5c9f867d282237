/**
 * Many callers of one key, one run of the work. The work belongs to no caller: one who leaves does not disturb the rest, and it is
 * interrupted only when the last one has left. Every caller gets the same exit, failures included; nothing is remembered afterwards.
 */
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import type * as Scope from "effect/Scope";

interface Flight<A, E> {
  readonly result: Deferred.Deferred<A, E>;
  waiting: number;
  fiber: Fiber.Fiber<unknown, unknown> | undefined;
}

export class SingleFlight<A, E> {
  readonly #flights = new Map<string, Flight<A, E>>();
  readonly #scope: Scope.Scope;

  /** Work runs in `scope`: when that closes, work under way is interrupted. */
  constructor(scope: Scope.Scope) {
    this.#scope = scope;
  }

  /** Runs under way now. Bounded by the number of callers. */
  get size(): number {
    return this.#flights.size;
  }

  /** Joins the run of `key`, or starts it with `work`. */
  run<R>(key: string, work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.gen({ self: this }, function* () {
        const flight = this.#flights.get(key) ?? (yield* this.#start(key, restore(work)));
        flight.waiting++;
        return yield* restore(Deferred.await(flight.result)).pipe(Effect.ensuring(this.#leave(key, flight)));
      }),
    );
  }

  #start<R>(key: string, work: Effect.Effect<A, E, R>): Effect.Effect<Flight<A, E>, never, R> {
    return Effect.suspend(() => {
      const flight: Flight<A, E> = { result: Deferred.makeUnsafe<A, E>(), waiting: 0, fiber: undefined };
      this.#flights.set(key, flight);
      return Effect.map(Effect.forkIn(work, this.#scope), (fiber) => {
        flight.fiber = fiber;
        // An observer is told even of a fiber that was interrupted before it began; a finalizer inside the work would not be.
        fiber.addObserver((exit) => {
          if (this.#flights.get(key) === flight) this.#flights.delete(key);
          Deferred.doneUnsafe(flight.result, exit);
        });
        return flight;
      });
    });
  }

  #leave(key: string, flight: Flight<A, E>): Effect.Effect<void> {
    return Effect.suspend(() => {
      flight.waiting--;
      if (flight.waiting > 0 || this.#flights.get(key) !== flight || flight.fiber === undefined) return Effect.void;
      this.#flights.delete(key);
      return Fiber.interrupt(flight.fiber);
    });
  }
}
