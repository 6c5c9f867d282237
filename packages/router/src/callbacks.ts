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
import type { ElementOf, StreamElement, Watcher } from "./domain/StreamElement.ts";
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
  const labels = new Labels();
  let made = 0;

  const subscribe: Subscribe = Effect.fn("MarketData.subscribe")(function* (markets, kinds, callback) {
    if (kinds.length === 0) return yield* new InvalidRequest({ field: "kinds", input: "", reason: "is missing: the list is empty" });
    const id = `subscription-${++made}`;
    const log = Effect.runForkWith(yield* Effect.context());
    const calls = new Calls(callback, (cause) => log(Effect.logWarning("a subscription's callback failed", { id, cause })));
    const one = (kind: CallbackKind) => streams.watch(kind, markets, {}, calls.of(kind, labels));
    const each = [...new Set(kinds)].map(one);
    // One by itself runs in the subscription's own fiber: another would be a quarter of what a subscription holds.
    const all = Effect.all(each, { concurrency: each.length === 1 ? 1 : "unbounded", discard: true }).pipe(
      Effect.onExit((exit) =>
        Effect.sync(() => {
          const error = Option.getOrNull(Exit.findErrorOption(exit));
          const ended = Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause);
          calls.state = ended ? "ended" : "failed";
          calls.error = error;
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
      Effect.suspend(() => (calls.error === null ? Effect.void : Effect.fail(calls.error))),
    );
    return {
      id,
      status: () => calls.status(),
      ready: Effect.raceFirst(confirmed, over),
      unsubscribe: Effect.asVoid(Fiber.interrupt(fiber)),
    };
  });
  return subscribe;
});

/** The calls of one subscription, whatever their kinds. */
class Calls {
  readonly #callback: (element: CallbackElement) => unknown;
  readonly #onFirstError: (cause: unknown) => void;
  readonly #kinds: Array<KindCalls> = [];
  #errors = 0;
  state: CallbackStatus["state"] = "running";
  error: MarketDataError | null = null;

  constructor(callback: (element: CallbackElement) => unknown, onFirstError: (cause: unknown) => void) {
    this.#callback = callback;
    this.#onFirstError = onFirstError;
  }

  of(kind: CallbackKind, labels: Labels): KindCalls {
    const made = new KindCalls(kind, labels, this.#callback, (cause) => this.#failed(cause));
    this.#kinds.push(made);
    return made;
  }

  status(): CallbackStatus {
    const delivered = this.#kinds.reduce((sum, each) => sum + each.delivered, 0);
    return { state: this.state, delivered, callbackErrors: this.#errors, error: this.error };
  }

  #failed(cause: unknown): void {
    this.#errors++;
    if (this.#errors === 1) this.#onFirstError(cause);
  }
}

/** Those for one kind. All that a call needs is here, because what lies elsewhere in memory is what a call costs. */
class KindCalls implements Watcher<ElementOf[CallbackKind]> {
  delivered = 0;
  readonly #kind: CallbackKind;
  readonly #labels: Labels;
  readonly #callback: (element: CallbackElement) => unknown;
  readonly #onError: (cause: unknown) => void;

  constructor(kind: CallbackKind, labels: Labels, callback: (element: CallbackElement) => unknown, onError: (cause: unknown) => void) {
    this.#kind = kind;
    this.#labels = labels;
    this.#callback = callback;
    this.#onError = onError;
  }

  take(element: StreamElement<ElementOf[CallbackKind]>): void {
    const labelled = this.#labels.of(this.#kind, element);
    this.delivered++;
    try {
      // An async function is a good callback too; nobody else would see its promise rejected.
      const returned = this.#callback(labelled);
      if (returned !== undefined && returned instanceof Promise) returned.catch(this.#onError);
    } catch (cause) {
      this.#onError(cause);
    }
  }
}

/** Puts the kind beside an element. All subscribers are given the same element one after another, so the last one labelled is kept. */
class Labels {
  #last: CallbackElement | undefined;

  of(kind: CallbackKind, element: StreamElement<ElementOf[CallbackKind]>): CallbackElement {
    if (this.#last?.element === element && this.#last.kind === kind) return this.#last;
    // The element is of this kind's type: `kind` picked the feed.
    return (this.#last = { kind, element } as CallbackElement);
  }
}
