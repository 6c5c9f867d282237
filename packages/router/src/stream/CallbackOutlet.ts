/**
 * A consumer without a buffer: each element is handed to a function in the very step in which it comes, and nothing is ever dropped, because
 * nothing waits. What the function takes, the socket waits for, and with it everybody else; what it throws is not for here: it may not.
 */
import * as Effect from "effect/Effect";
import type { StreamElement } from "../domain/StreamElement.ts";
import type { MarketDataError } from "../errors/MarketDataError.ts";
import type { ConsumerNumbers } from "../health/ConsumerNumbers.ts";
import type { Outlet, StreamValue } from "./Consumer.ts";

export class CallbackOutlet implements Outlet {
  readonly #onElement: (element: StreamElement<StreamValue>) => void;
  readonly #numbers: ConsumerNumbers;
  #isOver = false;
  #failure: MarketDataError | undefined;
  #resume: ((effect: Effect.Effect<never, MarketDataError>) => void) | undefined;

  constructor(onElement: (element: StreamElement<StreamValue>) => void, numbers: ConsumerNumbers) {
    this.#onElement = onElement;
    this.#numbers = numbers;
  }

  offer(element: StreamElement<StreamValue>): void {
    if (this.#isOver) return;
    this.#numbers.tookOne(element);
    this.#onElement(element);
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
