/**
 * Reading a stream in batches on one's own terms: at most so many elements, within so long. For programs that work in rounds. The stream runs
 * beside the reader, who loses nothing by giving up in the middle of a wait.
 */
import * as Cause from "effect/Cause";
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Queue from "effect/Queue";
import type * as Scope from "effect/Scope";
import * as Stream from "effect/Stream";

export interface Batch<A> {
  readonly elements: ReadonlyArray<A>;
  /** The stream has ended; there is nothing more to come. */
  readonly done: boolean;
}

export interface BatchReader<A, E> {
  /**
   * Up to `max` elements: all that come until there are as many or `within` is over, whichever is first. Empty when none came. A failed stream
   * fails the call after the last one that still had elements.
   */
  readonly takeBatch: (max: number, within: Duration.Input) => Effect.Effect<Batch<A>, E>;
}

/** Elements read ahead of the reader. What the stream does when its consumer is slower than that is the stream's own rule. */
const readAhead = 16;

/** A reader of a stream that runs until the scope closes. */
export const readBatches = <A, E, R>(stream: Stream.Stream<A, E, R>): Effect.Effect<BatchReader<A, E>, never, R | Scope.Scope> =>
  Effect.map(Stream.toQueue(stream, { capacity: readAhead }), (queue) => ({
    takeBatch: Effect.fnUntraced(function* (max: number, within: Duration.Input) {
      const clock = yield* Clock.Clock;
      const endNanos = clock.monotonicTimeNanosUnsafe() + BigInt(Math.round(Duration.toMillis(within) * 1e6));
      const elements: Array<A> = [];
      while (elements.length < max) {
        const leftMs = Number(endNanos - clock.monotonicTimeNanosUnsafe()) / 1e6;
        const next = yield* Queue.takeBetween(queue, 1, max - elements.length).pipe(
          Effect.timeoutOption(Math.max(0, leftMs)),
          Effect.catch((error) => ended<A, E>(error, elements.length > 0)),
        );
        if (next === "done") return { elements, done: true };
        if (Option.isNone(next)) break;
        elements.push(...next.value);
      }
      return { elements, done: false };
    }),
  }));

/** The end of the stream; its failure is told once there is nothing else to tell. */
const ended = <A, E>(error: E | Cause.Done, hasElements: boolean): Effect.Effect<Option.Option<Array<A>> | "done", E> => {
  if (Cause.isDone(error)) return Effect.succeed("done");
  return hasElements ? Effect.succeed(Option.none()) : Effect.fail(error as E);
};
