/**
 * The fibers that wait for a key's first element. They end when the key is live, when the link that was to bring it breaks, or when the key lost
 * its slot; a fiber that is interrupted takes nothing away but its own waiting.
 */
import * as Effect from "effect/Effect";
import { type KeyId, keyId, type StreamKey } from "../domain/StreamKey.ts";
import { type MarketDataError, Overloaded } from "../errors/MarketDataError.ts";
import type { FrameHub } from "./FrameHub.ts";
import type { Interest } from "./Interest.ts";

export class Waiters {
  readonly #interest: Interest;
  readonly #waiting = new Set<{ readonly id: KeyId; readonly fail: (error: MarketDataError) => void }>();

  constructor(interest: Interest) {
    this.#interest = interest;
  }

  /** Waits until `key` is live. Interruption takes only the waiting away. */
  wait(key: StreamKey, hub: FrameHub): Effect.Effect<void, MarketDataError> {
    return Effect.callback((resume) => {
      let cancel = () => {};
      const settle = (effect: Effect.Effect<void, MarketDataError>) => {
        this.#waiting.delete(waiter);
        cancel();
        resume(Effect.andThen(Effect.yieldNow, effect));
      };
      const waiter = { id: keyId(key), fail: (error: MarketDataError) => settle(Effect.fail(error)) };
      this.#waiting.add(waiter);
      cancel = hub.onLive(key, () => settle(Effect.void));
      return Effect.sync(() => {
        this.#waiting.delete(waiter);
        cancel();
      });
    });
  }

  failAll(error: MarketDataError): void {
    for (const waiter of [...this.#waiting]) waiter.fail(error);
  }

  /** A read that lost its slot to later ones will not become live. */
  refuseUnwanted(limit: number): void {
    for (const waiter of [...this.#waiting]) {
      if (this.#interest.has(waiter.id)) continue;
      waiter.fail(noSlot(limit));
    }
  }
}

/** Reads hold as many subscriptions as they may. */
export const noSlot = (limit: number): Overloaded => new Overloaded({ what: "subscriptions started by reads", limit, retryAfterMs: 0 });
