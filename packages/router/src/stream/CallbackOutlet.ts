/**
 * A consumer without a buffer: each element is handed over in the very step in which it comes, and nothing is ever dropped, because nothing
 * waits. As long as that takes, the socket waits, and with it everybody else.
 */
import * as Effect from "effect/Effect";
import type { StreamElement, Watcher } from "../domain/StreamElement.ts";
import type { MarketDataError } from "../errors/MarketDataError.ts";
import type { ConsumerNumbers } from "../health/ConsumerNumbers.ts";
import type { Outlet, StreamValue } from "./Consumer.ts";

export class CallbackOutlet implements Outlet {
  readonly #watcher: Watcher<StreamValue>;
  readonly #numbers: ConsumerNumbers;
  #isOver = false;
  #failure: MarketDataError | undefined;
  #resume: ((effect: Effect.Effect<never, MarketDataError>) => void) | undefined;

  constructor(watcher: Watcher<StreamValue>, numbers: ConsumerNumbers) {
    this.#watcher = watcher;
    this.#numbers = numbers;
  }

  offer(element: StreamElement<StreamValue>): void {
    if (this.#isOver) return;
    this.#numbers.tookOne(element);
    this.#watcher.take(element);
  }

  get isWoken(): boolean {
    return false;
  }

  flush(): void {}

  fail(error: MarketDataError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failure = error;
    // Whoever waits goes on in a turn of its own: never inside the socket's callback.
    this.#resume?.(Effect.andThen(Effect.yieldNow, Effect.fail(error)));
  }

  /** Nothing is handed over any more, also of what is being told just now. */
  end(): void {
    this.#isOver = true;
  }

  /** Waits for the failure. For one fiber. */
  readonly failed: Effect.Effect<never, MarketDataError> = Effect.callback((resume) => {
    if (this.#failure === undefined) this.#resume = resume;
    else resume(Effect.fail(this.#failure));
  });
}
