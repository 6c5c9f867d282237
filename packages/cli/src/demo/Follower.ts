/** A stream followed in the background, and a way to wait for facts about it: at most so long, never for a fixed time. */
import type { StreamElement } from "@naru/router/domain/StreamElement";
import type { MarketDataError } from "@naru/router/errors/MarketDataError";
import * as Effect from "effect/Effect";
import * as Latch from "effect/Latch";
import type * as Option from "effect/Option";
import type * as Scope from "effect/Scope";
import * as Stream from "effect/Stream";

export interface Follower<A> {
  /** What came so far, oldest first; the latest {@link capacity}. */
  readonly elements: () => ReadonlyArray<StreamElement<A>>;
  /** Waits for the first element that fits and came after `since`, an element seen before. None when it does not come in time. */
  readonly await: <B extends StreamElement<A>>(
    fits: (element: StreamElement<A>) => element is B,
    since?: StreamElement<A>,
  ) => Effect.Effect<Option.Option<B>>;
}

const capacity = 10_000;

/** Follows until the scope closes. A stream that fails brings nothing more, which is what the waiting then shows. */
export const follow = <A>(
  stream: Stream.Stream<StreamElement<A>, MarketDataError>,
  patienceMs: number,
): Effect.Effect<Follower<A>, never, Scope.Scope> =>
  Effect.gen(function* () {
    let elements: ReadonlyArray<StreamElement<A>> = [];
    const arrived = Latch.makeUnsafe(false);
    yield* stream.pipe(
      Stream.runForEachArray((some) =>
        Effect.sync(() => {
          elements = [...elements, ...some].slice(-capacity);
          arrived.openUnsafe();
        }),
      ),
      Effect.ignore,
      Effect.forkScoped,
    );
    const after = (since: StreamElement<A> | undefined) => elements.slice(since === undefined ? 0 : elements.lastIndexOf(since) + 1);
    const find = <B extends StreamElement<A>>(
      fits: (element: StreamElement<A>) => element is B,
      since?: StreamElement<A>,
    ): Effect.Effect<B> =>
      Effect.suspend(() => {
        const found = after(since).find(fits);
        if (found !== undefined) return Effect.succeed(found);
        arrived.closeUnsafe();
        return Effect.andThen(arrived.await, find(fits, since));
      });
    return { elements: () => elements, await: (fits, since) => Effect.timeoutOption(find(fits, since), patienceMs) };
  });
