/**
 * Wakes one waiting fiber from synchronous code. A signal given while nobody waits is remembered, several are one. The fiber goes on in a turn
 * of its own, never inside the caller of {@link Signal.notify}: socket callbacks stay short whatever the woken code does.
 */
import * as Effect from "effect/Effect";

export class Signal {
  #raised = false;
  #wake: ((effect: Effect.Effect<void>) => void) | undefined;

  notify(): void {
    const wake = this.#wake;
    if (wake === undefined) {
      this.#raised = true;
      return;
    }
    this.#wake = undefined;
    wake(Effect.yieldNow);
  }

  /** Waits for the next signal, or takes the remembered one. For one fiber at a time. */
  readonly wait: Effect.Effect<void> = Effect.callback((resume) => {
    if (this.#raised) {
      this.#raised = false;
      resume(Effect.void);
      return;
    }
    this.#wake = resume;
    return Effect.sync(() => {
      this.#wake = undefined;
    });
  });

  /** The same, but at most `ms`; infinity waits for a signal only. */
  waitAtMost(ms: number): Effect.Effect<void> {
    if (ms === Number.POSITIVE_INFINITY) return this.wait;
    return ms <= 0 ? Effect.yieldNow : Effect.raceFirst(this.wait, Effect.sleep(Math.ceil(ms)));
  }
}
