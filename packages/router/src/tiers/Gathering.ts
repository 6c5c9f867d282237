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

/** One caller. `end` is there for as long as it waits. */
interface Caller<R, A, E> {
  readonly request: R;
  end: ((exit: Exit.Exit<A, E>) => void) | undefined;
}

/** Those who are served together. */
interface Party<R, A, E> {
  readonly callers: Array<Caller<R, A, E>>;
  /** With so many of them nobody else is waited for. */
  readonly whole: number;
  /** Runs an effect where the first of them asked. */
  readonly fork: (work: Effect.Effect<void>) => Fiber.Fiber<void>;
  waiting: number;
  /** Nobody else is waited for any more. */
  isWhole: boolean;
  fiber: Fiber.Fiber<void> | undefined;
}

export interface GatheringOptions<R, A, E> {
  /** How long to wait for others from the first caller on. */
  readonly wait: Effect.Effect<void>;
  /** Asked by the first caller: with how many of them the wait is over at once. Infinity, where it is not given: the wait is always waited. */
  readonly whole?: (() => number) | undefined;
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
      const join = (end: (exit: Exit.Exit<A, E>) => void) => {
        const caller: Caller<R, A, E> = { request, end };
        const open = this.#open;
        const party = open ?? this.#begun(Effect.runForkWith(fiber.context));
        party.callers.push(caller);
        party.waiting++;
        if (open === undefined) party.fiber = party.fork(Effect.flatMap(this.#waited(party), () => this.#serve(party)));
        if (party.waiting >= party.whole) this.#hurry(party);
        return Effect.sync(() => this.#left(party, caller));
      };
      return Effect.callback<A, E>(join);
    });

  #begun(fork: Party<R, A, E>["fork"]): Party<R, A, E> {
    const whole = this.#options.whole?.() ?? Number.POSITIVE_INFINITY;
    const party: Party<R, A, E> = { callers: [], whole, fork, waiting: 0, isWhole: false, fiber: undefined };
    this.#open = party;
    return party;
  }

  /** Everybody who is expected has come: what waits for others ends, and nobody hears of that. */
  #hurry(party: Party<R, A, E>): void {
    const waiting = party.fiber;
    party.isWhole = true;
    // Before the work begins, whenever that is: who comes from here on begins another party.
    this.#close(party);
    party.fiber = party.fork(this.#serve(party));
    waiting?.interruptUnsafe();
  }

  #waited(party: Party<R, A, E>): Effect.Effect<void> {
    return Effect.onExit(this.#options.wait, (exit) => Effect.sync(() => void (party.isWhole || this.#ended(party, exit))));
  }

  #serve(party: Party<R, A, E>): Effect.Effect<void> {
    const work = Effect.suspend(() => {
      this.#close(party);
      return Effect.map(
        this.#options.answers(party.callers.flatMap(({ end, request }) => (end === undefined ? [] : [request]))),
        (answerOf) => {
          for (const caller of party.callers) ended(caller, () => answerOf(caller.request));
        },
      );
    });
    return Effect.onExit(work, (exit) => Effect.sync(() => this.#ended(party, exit)));
  }

  /** A crash is everybody's; of an interruption nobody is left to hear. */
  #ended(party: Party<R, A, E>, exit: Exit.Exit<void>): void {
    if (Exit.isSuccess(exit)) return;
    this.#close(party);
    for (const caller of party.callers) ended(caller, () => Exit.failCause(exit.cause));
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
