/** One consumer's elements, as a stream or as calls: its keys are wanted while it runs, what it takes is counted, and it ends with its scope. */
import * as Channel from "effect/Channel";
import * as Effect from "effect/Effect";
import * as Scope from "effect/Scope";
import * as Stream from "effect/Stream";
import type { Kind, Priority } from "../domain/Question.ts";
import type { ElementOf, StreamElement, StreamOptions, Watcher } from "../domain/StreamElement.ts";
import { keyId, type StreamKey } from "../domain/StreamKey.ts";
import type { MarketDataError } from "../errors/MarketDataError.ts";
import type { ConsumerNumbers } from "../health/ConsumerNumbers.ts";
import { CallbackOutlet } from "./CallbackOutlet.ts";
import { ConsumerBuffer } from "./ConsumerBuffer.ts";
import type { LiveSide } from "./liveSide.ts";
import type { Consumer, Outlet, StreamValue } from "./Consumer.ts";

export interface ConsumerStreamOptions extends StreamOptions {
  /** Elements held for it where it does not say. */
  readonly defaultBuffer: number;
  /** Keys that are wanted from now on. */
  readonly onWanted: (keys: ReadonlyArray<StreamKey>) => void;
}

/**
 * The keys are all of this kind; `streamable` fails where they cannot be streamed. The stream is the buffer's pull and nothing around it, because
 * every layer would cost each of very many consumers.
 */
export const consumerStream = <K extends Kind>(
  side: LiveSide,
  kind: K,
  keys: ReadonlyArray<StreamKey>,
  streamable: Effect.Effect<void, MarketDataError>,
  options: ConsumerStreamOptions,
): Stream.Stream<StreamElement<ElementOf[K]>, MarketDataError> =>
  Stream.fromChannel(
    Channel.fromTransform((_, scope) =>
      Effect.andThen(
        streamable,
        Effect.uninterruptible(
          Effect.suspend(() => {
            const distinct = distinctOf(keys);
            // A place for every market, or the only value of a quiet one would make room for a busy one.
            const capacity = Math.max(options.bufferSize ?? options.defaultBuffer, distinct.length);
            const numbers = side.numbers.consumerOpened(kind, distinct.length);
            const buffer = new ConsumerBuffer<StreamValue>({ kind, capacity, overflow: options.overflow, numbers });
            const end = begin(side, distinct, buffer, numbers, options);
            // Keys of one kind bring values of that kind only.
            return Effect.as(Scope.addFinalizer(scope, end), (buffer as unknown as ConsumerBuffer<ElementOf[K]>).pull);
          }),
        ),
      ),
    ),
  );

/** The keys are wanted from now on and go to this outlet, until what is returned is run. */
const begin = (
  side: LiveSide,
  keys: ReadonlyArray<StreamKey>,
  outlet: Outlet,
  numbers: ConsumerNumbers,
  { onWanted, priority }: Pick<ConsumerStreamOptions, "onWanted" | "priority">,
): Effect.Effect<void> => {
  const consumer = attach(side, keys, outlet, priority);
  onWanted(keys);
  side.pool.changed();
  return Effect.sync(() => {
    detach(side, consumer);
    side.pool.changed();
    side.numbers.consumerClosed(numbers);
  });
};

/**
 * The same elements without a buffer: handed over in the very step in which they come. Runs until it is interrupted, or fails with what would end
 * the stream.
 */
export const consumerWatch = <K extends Kind>(
  side: LiveSide,
  kind: K,
  keys: ReadonlyArray<StreamKey>,
  options: Pick<ConsumerStreamOptions, "onWanted" | "priority">,
  watcher: Watcher<ElementOf[K]>,
): Effect.Effect<never, MarketDataError> =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const distinct = distinctOf(keys);
      const numbers = side.numbers.consumerOpened(kind, distinct.length);
      // Keys of one kind bring values of that kind only.
      const outlet = new CallbackOutlet(watcher as Watcher<StreamValue>, numbers);
      return { outlet, end: begin(side, distinct, outlet, numbers, options) };
    }),
    ({ outlet }) => outlet.failed,
    ({ outlet, end }) =>
      Effect.suspend(() => {
        outlet.end();
        return end;
      }),
  );

const distinctOf = (keys: ReadonlyArray<StreamKey>): ReadonlyArray<StreamKey> => [
  ...new Map(keys.map((key) => [keyId(key), key])).values(),
];

/** The keys go to this outlet and are wanted from now on, which the pool is still to be told. */
export const attach = (
  { hub, interest, pool }: LiveSide,
  keys: ReadonlyArray<StreamKey>,
  outlet: Outlet,
  priority?: Priority,
): Consumer => {
  const consumer = hub.attach(keys, outlet, pool.down(), priority);
  for (const key of keys) interest.add(key);
  return consumer;
};

/** They are not wanted any more, which the pool is still to be told. */
export const detach = ({ hub, interest, gaveUp }: LiveSide, consumer: Consumer): void => {
  hub.detach(consumer);
  for (const key of consumer.keys) {
    interest.release(key);
    gaveUp(key);
  }
};
