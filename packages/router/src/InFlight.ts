/**
 * The calls that wait for somebody, so that the end of the client is the end of them: each is told `Closed` in the same step, wherever it waited,
 * and gives back its place there. There are as many as callers have started.
 *
 * They are kept in places that are used again, not in a `Set`: a set through which thousands pass leaves tables behind that name those who have gone,
 * and the collector of young garbage then takes them for needed.
 */
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import { Closed } from "./errors/MarketDataError.ts";

const closed: Exit.Exit<never, Closed> = Exit.fail(new Closed({ what: "The client" }));

export class InFlight {
  readonly #fibers: Array<Fiber.Fiber<unknown, unknown> | undefined> = [];
  readonly #free: Array<number> = [];
  #isClosed = false;

  /** What a call ends with from now on; undefined while the client is there. */
  closed(): Exit.Exit<never, Closed> | undefined {
    return this.#isClosed ? closed : undefined;
  }

  /** Runs what one call waits for. */
  run<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | Closed, R> {
    return Effect.suspend(() =>
      this.#isClosed ? closed : Effect.flatMap(Effect.forkChild(effect, { startImmediately: true }), (fiber) => this.#ended(fiber)),
    );
  }

  /** The same of a fiber that runs already: it is interrupted at the client's end, and when nobody waits for `waiting` any more. */
  holding<A, E, R>(fiber: Fiber.Fiber<unknown, unknown>, waiting: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    const place = this.#free.pop() ?? this.#fibers.length;
    this.#fibers[place] = fiber;
    const left = Effect.suspend(() => {
      this.#fibers[place] = undefined;
      this.#free.push(place);
      return Fiber.interrupt(fiber);
    });
    return Effect.ensuring(waiting, left);
  }

  close(): void {
    this.#isClosed = true;
    for (const fiber of this.#fibers) fiber?.interruptUnsafe();
  }

  #ended<A, E>(fiber: Fiber.Fiber<A, E>): Effect.Effect<A, E | Closed> {
    return this.holding(
      fiber,
      Effect.flatMap(Fiber.await(fiber), (exit): Exit.Exit<A, E | Closed> => this.closed() ?? exit),
    );
  }
}

/** Ends with the present scope. */
export const make = Effect.gen(function* () {
  const inFlight = new InFlight();
  yield* Effect.addFinalizer(() => Effect.sync(() => inFlight.close()));
  return inFlight;
});
