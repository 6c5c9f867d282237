/**
 * Callers who come within a while of each other, as one piece of work: each has a request, and the answer to its own. Effect's `RequestResolver` does
 * the same, but does not tell work under way that a caller has left, and the sets in which it keeps callers name those who have gone until the old
 * garbage is collected, with everything they hold: a third of what an answer cost was collecting that.
 *
 * There are as many callers as ask; the work says how many of them one request to the outside serves.
 */
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import type * as Fiber from "effect/Fiber";
import type * as Scheduler from "effect/Scheduler";

/** One caller. `end` is there for as long as it waits. */
interface Caller<R, A, E> {
  readonly request: R;
  end: ((exit: Exit.Exit<A, E>) => void) | undefined;
}

/** Those who are served together. */
interface Party<R, A, E> {
  readonly callers: Array<Caller<R, A, E>>;
  waiting: number;
  fiber: Fiber.Fiber<void> | undefined;
}

export interface GatheringOptions<R, A, E> {
  /** How long to wait for others from the first caller on. */
  readonly wait: Effect.Effect<void>;
  /** Answers all of them, in one step at its end. It is interrupted when the last of its callers has left. */
  readonly answers: (requests: ReadonlyArray<R>) => Effect.Effect<(request: R) => Exit.Exit<A, E>>;
}

export class Gathering<R, A, E> {
  readonly #options: GatheringOptions<R, A, E>;
  #open: Party<R, A, E> | undefined;

  constructor(options: GatheringOptions<R, A, E>) {
    this.#options = options;
  }

  /** Answers one request together with others. The work runs in the context of the first of them. */
  readonly ask = (request: R): Effect.Effect<A, E> =>
    Effect.withFiber((fiber) => {
      const join = (scheduler: Scheduler.Scheduler, end: (exit: Exit.Exit<A, E>) => void) => {
        const caller: Caller<R, A, E> = { request, end };
        const open = this.#open;
        const party = open ?? { callers: [], waiting: 0, fiber: undefined };
        party.callers.push(caller);
        party.waiting++;
        if (open === undefined) {
          this.#open = party;
          party.fiber = Effect.runForkWith(fiber.context)(this.#serve(party), { scheduler });
        }
        return Effect.sync(() => this.#left(party, caller));
      };
      return Effect.callback<A, E>(function (end) {
        return join(this, end);
      });
    });

  #serve(party: Party<R, A, E>): Effect.Effect<void> {
    const work = Effect.flatMap(this.#options.wait, () => {
      this.#close(party);
      return Effect.map(
        this.#options.answers(party.callers.flatMap(({ end, request }) => (end === undefined ? [] : [request]))),
        (answerOf) => {
          for (const caller of party.callers) ended(caller, () => answerOf(caller.request));
        },
      );
    });
    // A crash is everybody's; of an interruption nobody is left to hear.
    return Effect.onExit(work, (exit) =>
      Effect.sync(() => {
        this.#close(party);
        if (Exit.isFailure(exit)) for (const caller of party.callers) ended(caller, () => Exit.failCause(exit.cause));
      }),
    );
  }

  #close(party: Party<R, A, E>): void {
    if (this.#open === party) this.#open = undefined;
  }

  #left(party: Party<R, A, E>, caller: Caller<R, A, E>): void {
    caller.end = undefined;
    if (--party.waiting > 0) return;
    this.#close(party);
    party.fiber?.interruptUnsafe();
  }
}

const ended = <R, A, E>(caller: Caller<R, A, E>, exitOf: () => Exit.Exit<A, E>): void => {
  if (caller.end === undefined) return;
  // First: one that throws is a crash, of which this caller is to hear as well.
  const exit = exitOf();
  const { end } = caller;
  caller.end = undefined;
  end(exit);
};
