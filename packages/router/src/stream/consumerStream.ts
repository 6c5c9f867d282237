/** One consumer's elements, as a stream or as calls: its keys are wanted while it runs, what it takes is counted, and it ends with its scope. */
import * as Channel from "effect/Channel";
import * as Effect from "effect/Effect";
import * as Scope from "effect/Scope";
import * as Stream from "effect/Stream";
import type { Kind, Priority } from "../domain/Question.ts";
import type { ElementOf, Noter, StreamElement, StreamOptions, Watcher } from "../domain/StreamElement.ts";
import { keyId, type StreamKey } from "../domain/StreamKey.ts";
import type { MarketDataError } from "../errors/MarketDataError.ts";
import type { ConsumerNumbers } from "../health/ConsumerNumbers.ts";
import { CallbackOutlet } from "./CallbackOutlet.ts";
import { ConsumerBuffer } from "./ConsumerBuffer.ts";
import type { LiveSide } from "./liveSide.ts";
import type { Consumer, Outlet, StreamValue } from "./Consumer.ts";

/** What all consumers of one live side share. */
export interface ConsumerParts {
  readonly side: LiveSide;
  /** Elements held for a consumer that does not say how many. */
  readonly defaultBuffer: number;
  /** Fails where these keys are not of the kind, or cannot be streamed now. */
  readonly streamable: (kind: Kind, keys: ReadonlyArray<StreamKey>) => Effect.Effect<void, MarketDataError>;
  /** Keys that are wanted from now on. */
  readonly onWanted: (keys: ReadonlyArray<StreamKey>) => void;
}

/**
 * The stream is the buffer's pull and nothing around it, because every layer would cost each of very many consumers. Its keys are wanted until its
 * scope ends or it has failed, whichever comes first: who goes on with another stream where this one fails need not give it a scope of its own.
 */
export const consumerStream = <K extends Kind>(
  parts: ConsumerParts,
  kind: K,
  keys: Effect.Effect<ReadonlyArray<StreamKey>, MarketDataError>,
  options: StreamOptions,
  noter?: Noter<ElementOf[K]>,
): Stream.Stream<StreamElement<ElementOf[K]>, MarketDataError> =>
  Stream.fromChannel(
    Channel.fromTransform((_, scope) =>
      Effect.suspend(() =>
        Effect.flatMap(keys, (found) =>
          Effect.andThen(
            parts.streamable(kind, found),
            Effect.uninterruptible(Effect.suspend(() => opened(parts, kind, found, options, scope, noter))),
          ),
        ),
      ),
    ),
  );

/** The pull of a consumer that is there from now on. */
const opened = <K extends Kind>(
  parts: ConsumerParts,
  kind: K,
  keys: ReadonlyArray<StreamKey>,
  options: StreamOptions,
  scope: Scope.Scope,
  noter: Noter<ElementOf[K]> | undefined,
): Effect.Effect<ConsumerBuffer<ElementOf[K]>["pull"]> => {
  const distinct = distinctOf(keys);
  // A place for every market, or the only value of a quiet one would make room for a busy one.
  const capacity = Math.max(options.bufferSize ?? parts.defaultBuffer, distinct.length);
  const numbers = parts.side.numbers.consumerOpened(kind, distinct.length);
  const buffer = new ConsumerBuffer<ElementOf[K]>({ kind, capacity, overflow: options.overflow, numbers }, noter);
  // Keys of one kind bring values of that kind only.
  const end = begin(parts, distinct, buffer as unknown as Outlet, numbers, options.priority);
  buffer.onOver = end;
  return Effect.as(Scope.addFinalizerExit(scope, end), buffer.pull);
};

/** The keys are wanted from now on and go to this outlet, until what is returned is called the first time. */
const begin = (
  { side, onWanted }: ConsumerParts,
  keys: ReadonlyArray<StreamKey>,
  outlet: Outlet,
  numbers: ConsumerNumbers,
  priority: Priority | undefined,
): (() => Effect.Effect<void>) => {
  let consumer: Consumer | undefined = attach(side, keys, outlet, priority);
  onWanted(keys);
  side.pool.changed();
  return () => {
    if (consumer !== undefined) {
      detach(side, consumer);
      side.pool.changed();
      side.numbers.consumerClosed(numbers);
      consumer = undefined;
    }
    return Effect.void;
  };
};

/**
 * The same elements without a buffer: handed over in the very step in which they come. Runs until it is interrupted, or fails with what would end
 * the stream.
 */
export const consumerWatch = <K extends Kind>(
  parts: ConsumerParts,
  kind: K,
  keys: ReadonlyArray<StreamKey>,
  { priority }: Pick<StreamOptions, "priority">,
  watcher: Watcher<ElementOf[K]>,
): Effect.Effect<never, MarketDataError> =>
  Effect.acquireUseRelease(
    Effect.map(parts.streamable(kind, keys), () => {
      const distinct = distinctOf(keys);
      const numbers = parts.side.numbers.consumerOpened(kind, distinct.length);
      // Keys of one kind bring values of that kind only.
      const outlet = new CallbackOutlet(watcher as Watcher<StreamValue>, numbers);
      return { outlet, end: begin(parts, distinct, outlet, numbers, priority) };
    }),
    ({ outlet }) => outlet.failed,
    ({ outlet, end }) =>
      Effect.suspend(() => {
        outlet.end();
        return end();
      }),
  );

const distinctOf = (keys: ReadonlyArray<StreamKey>): ReadonlyArray<StreamKey> =>
  keys.length < 2 ? keys : [...new Map(keys.map((key) => [keyId(key), key])).values()];

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
