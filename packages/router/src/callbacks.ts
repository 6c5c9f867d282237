/**
 * Callback subscriptions, for code that is not made of streams: every element of some markets, handed to a function until unsubscribed. A
 * function that throws, or whose promise is rejected, is counted and called again with the next element; the first time is logged. It never
 * disturbs the feed or another subscriber.
 */
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Option from "effect/Option";
import * as Stream from "effect/Stream";
import { InvalidRequest, type MarketDataError } from "./errors/MarketDataError.ts";
import type { CallbackElement, CallbackKind, CallbackStatus, CallbackSubscription, Markets } from "./MarketData.ts";
import type { Streaming } from "./streaming.ts";

type Subscribe = (
  markets: Markets,
  kinds: ReadonlyArray<CallbackKind>,
  callback: (element: CallbackElement) => void,
) => Effect.Effect<CallbackSubscription, MarketDataError>;

/** Subscriptions live in the scope of this effect: the router's layer. */
export const make = Effect.fnUntraced(function* (streams: Streaming) {
  const scope = yield* Effect.scope;
  let made = 0;

  const subscribe: Subscribe = Effect.fn("MarketData.subscribe")(function* (markets, kinds, callback) {
    if (kinds.length === 0) return yield* new InvalidRequest({ field: "kinds", input: "", reason: "is missing: the list is empty" });
    const id = `subscription-${++made}`;
    let status: CallbackStatus = { state: "running", delivered: 0, callbackErrors: 0, error: null };
    const log = Effect.runForkWith(yield* Effect.context());
    const failed = (cause: unknown): void => {
      status = { ...status, callbackErrors: status.callbackErrors + 1 };
      if (status.callbackErrors === 1) log(Effect.logWarning("a subscription's callback failed", { id, cause }));
    };
    const deliver = (element: CallbackElement): void => {
      status = { ...status, delivered: status.delivered + 1 };
      try {
        // An async function is a good callback too; nobody else would see its promise rejected.
        const returned: unknown = callback(element);
        if (returned instanceof Promise) returned.catch(failed);
      } catch (cause) {
        failed(cause);
      }
    };
    const one = (kind: CallbackKind) =>
      Stream.runForEach(streams.events(kind, markets, {}), (element) =>
        // The element is of this kind's type: `kind` picked the stream.
        Effect.sync(() => deliver({ kind, element } as CallbackElement)),
      );
    const all = Effect.forEach([...new Set(kinds)], one, { concurrency: "unbounded", discard: true }).pipe(
      Effect.onExit((exit) =>
        Effect.sync(() => {
          const error = Option.getOrNull(Exit.findErrorOption(exit));
          const ended = Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause);
          status = { ...status, state: ended ? "ended" : "failed", error };
        }),
      ),
    );
    const fiber = yield* Effect.forkIn(Effect.exit(all), scope, { startImmediately: true });
    const confirmed = Effect.forEach([...new Set(kinds)], (kind) => streams.ready(kind, markets, {}), {
      concurrency: "unbounded",
      discard: true,
    });
    // What ends the subscription ends the waiting: a stream that fails is never ready.
    const over = Effect.andThen(
      Fiber.await(fiber),
      Effect.suspend(() => (status.error === null ? Effect.void : Effect.fail(status.error))),
    );
    return { id, status: () => status, ready: Effect.raceFirst(confirmed, over), unsubscribe: Effect.asVoid(Fiber.interrupt(fiber)) };
  });
  return subscribe;
});
