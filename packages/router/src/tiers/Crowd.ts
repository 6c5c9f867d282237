/**
 * How many callers are to be expected together: who asks again and again for the same markets, all at once, need not be waited for once all are there.
 * Counted in callers, never in turns or time, so that a replay which brings the same questions in the same order makes the same lists of them.
 *
 * Wrong, it costs one request: those who are not waited for share the next one. It is forgotten then, so of three lists at most one is sent too soon.
 */
import * as Effect from "effect/Effect";

/** Lists of one size, one after the other, after which the next is expected to be as large. */
const timesToExpect = 2;

export class Crowd {
  #size = 0;
  #times = 0;
  #onTheWay = 0;

  /** Some list is on its way, or waits for its turn. */
  get isOnTheWay(): boolean {
    return this.#onTheWay > 0;
  }

  /**
   * The first caller of a list has come: with how many it is whole. Infinity where that is not known, where callers come while another list is on its
   * way, and for a lone one, beside whom others may come at any time.
   */
  begun(): number {
    if (this.isOnTheWay) this.#size = this.#times = 0;
    return this.#times >= timesToExpect && this.#size > 1 ? this.#size : Number.POSITIVE_INFINITY;
  }

  /** A list of so many callers goes out. */
  sent(size: number): void {
    this.#onTheWay++;
    this.#times = size === this.#size ? this.#times + 1 : 1;
    this.#size = size;
  }

  /** It is answered, or given up. */
  back(): void {
    this.#onTheWay--;
  }

  /** Asks for a list of so many callers. */
  carrying<A, E, R>(size: number, asked: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.acquireUseRelease(
      Effect.sync(() => this.sent(size)),
      () => asked,
      () => Effect.sync(() => this.back()),
    );
  }
}
