/**
 * Callback subscriptions, for code that is not made of streams: every element of some markets, handed to a function until unsubscribed, in the very
 * step in which the frame comes. So it is the quickest road there is, and nothing is dropped on it; but while the function runs the socket waits,
 * and so does everybody else. A function that throws, or whose promise is rejected, is counted and called again with the next element; the first
 * time is logged. That never disturbs the feed or another subscriber.
 */
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Option from "effect/Option";
import type { ElementOf, StreamElement } from "./domain/StreamElement.ts";
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
  const labelled = labeller();
  let made = 0;

  const subscribe: Subscribe = Effect.fn("MarketData.subscribe")(function* (markets, kinds, callback) {
    if (kinds.length === 0) return yield* new InvalidRequest({ field: "kinds", input: "", reason: "is missing: the list is empty" });
    const id = `subscription-${++made}`;
    let end: Pick<CallbackStatus, "state" | "error"> = { state: "running", error: null };
    let delivered = 0;
    let callbackErrors = 0;
    const status = (): CallbackStatus => ({ state: end.state, delivered, callbackErrors, error: end.error });
    const log = Effect.runForkWith(yield* Effect.context());
    const failed = (cause: unknown): void => {
      callbackErrors++;
      if (callbackErrors === 1) log(Effect.logWarning("a subscription's callback failed", { id, cause }));
    };
    const deliver = (element: CallbackElement): void => {
      delivered++;
      try {
        // An async function is a good callback too; nobody else would see its promise rejected.
        const returned: unknown = callback(element);
        if (returned instanceof Promise) returned.catch(failed);
      } catch (cause) {
        failed(cause);
      }
    };
    const one = (kind: CallbackKind) => streams.watch(kind, markets, {}, (element) => deliver(labelled(kind, element)));
    const all = Effect.forEach([...new Set(kinds)], one, { concurrency: "unbounded", discard: true }).pipe(
      Effect.onExit((exit) =>
        Effect.sync(() => {
          const error = Option.getOrNull(Exit.findErrorOption(exit));
          const ended = Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause);
          end = { state: ended ? "ended" : "failed", error };
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
      Effect.suspend(() => (end.error === null ? Effect.void : Effect.fail(end.error))),
    );
    return { id, status, ready: Effect.raceFirst(confirmed, over), unsubscribe: Effect.asVoid(Fiber.interrupt(fiber)) };
  });
  return subscribe;
});

/** Puts the kind beside an element. All subscribers are given the same element one after another, so the last one labelled is kept. */
const labeller = () => {
  let last: CallbackElement | undefined;
  return (kind: CallbackKind, element: StreamElement<ElementOf[CallbackKind]>): CallbackElement => {
    if (last?.element === element && last.kind === kind) return last;
    // The element is of this kind's type: `kind` picked the feed.
    return (last = { kind, element } as CallbackElement);
  };
};
