/** One consumer's elements, as a stream or as calls: its keys are wanted while it runs, what it takes is counted, and it ends with its scope. */
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import type { Kind, Priority } from "../domain/Question.ts";
import type { ElementOf, StreamElement, StreamOptions, Watcher } from "../domain/StreamElement.ts";
import { keyId, type StreamKey } from "../domain/StreamKey.ts";
import type { MarketDataError } from "../errors/MarketDataError.ts";
import type { LiveNumbers } from "../health/LiveNumbers.ts";
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

/** The keys are all of this kind, and streamable. */
export const consumerStream = <K extends Kind>(
  side: LiveSide,
  kind: K,
  keys: ReadonlyArray<StreamKey>,
  options: ConsumerStreamOptions,
): Stream.Stream<StreamElement<ElementOf[K]>, MarketDataError> => {
  const distinct = distinctOf(keys);
  return Stream.unwrap(
    Effect.map(
      Effect.acquireRelease(
        Effect.sync(() => {
          // A place for every market, or the only value of a quiet one would make room for a busy one.
          const capacity = Math.max(options.bufferSize ?? options.defaultBuffer, distinct.length);
          const buffer = new ConsumerBuffer<StreamValue>({ kind, capacity, overflow: options.overflow });
          const consumer = attach(side, distinct, buffer, options.priority);
          options.onWanted(distinct);
          side.pool.changed();
          return { buffer, consumer };
        }),
        ({ consumer }) =>
          Effect.sync(() => {
            detach(side, consumer);
            side.pool.changed();
          }),
      ),
      (attached) => {
        // Keys of one kind bring values of that kind only.
        const buffer = attached.buffer as unknown as ConsumerBuffer<ElementOf[K]>;
        return counted(side.numbers, kind, distinct.length, Stream.fromPull(Effect.succeed(buffer.pull)));
      },
    ),
  );
};

/**
 * The same elements without a buffer: handed over in the very step in which they come. Runs until it is interrupted, or fails with what would end
 * the stream.
 */
export const consumerWatch = <K extends Kind>(
  side: LiveSide,
  kind: K,
  keys: ReadonlyArray<StreamKey>,
  { onWanted, priority }: Pick<ConsumerStreamOptions, "onWanted" | "priority">,
  watcher: Watcher<ElementOf[K]>,
): Effect.Effect<never, MarketDataError> =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const distinct = distinctOf(keys);
      const numbers = side.numbers.consumerOpened(kind, distinct.length);
      // Keys of one kind bring values of that kind only.
      const outlet = new CallbackOutlet(watcher as Watcher<StreamValue>, numbers);
      const consumer = attach(side, distinct, outlet, priority);
      onWanted(distinct);
      side.pool.changed();
      return { outlet, consumer, numbers };
    }),
    ({ outlet }) => outlet.failed,
    ({ outlet, consumer, numbers }) =>
      Effect.sync(() => {
        outlet.end();
        detach(side, consumer);
        side.pool.changed();
        side.numbers.consumerClosed(numbers);
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

/** What a consumer takes is counted once per batch. */
const counted = <A>(numbers: LiveNumbers, kind: Kind, keys: number, elements: Stream.Stream<StreamElement<A>, MarketDataError>) =>
  Stream.unwrap(
    Effect.map(
      Effect.acquireRelease(
        Effect.sync(() => numbers.consumerOpened(kind, keys)),
        (consumer) => Effect.sync(() => numbers.consumerClosed(consumer)),
      ),
      (consumer) =>
        elements.pipe(
          Stream.mapArray((batch) => {
            consumer.took(batch);
            return batch;
          }),
          Stream.tapError((error) => Effect.sync(() => (error._tag === "SlowConsumer" ? (consumer.dropped += error.dropped) : 0))),
        ),
    ),
  );
