/**
 * The fibers that wait for a key: for its first element, or for the exchange's word that it is subscribed. They end when that has come, when
 * the link that was to bring it breaks, or when the key lost its slot; a fiber that is interrupted takes nothing away but its own waiting.
 */
import * as Effect from "effect/Effect";
import { type KeyId, keyId, type StreamKey } from "../domain/StreamKey.ts";
import { type MarketDataError, Overloaded } from "../errors/MarketDataError.ts";
import type { FrameHub } from "./FrameHub.ts";
import type { Interest } from "./Interest.ts";

interface Waiter {
  readonly id: KeyId;
  readonly fail: (error: MarketDataError) => void;
  /** Looks whether a confirmation is all that it waited for. */
  readonly look: () => void;
}

export class Waiters {
  readonly #interest: Interest;
  readonly #hub: FrameHub;
  readonly #waiting = new Set<Waiter>();

  constructor(interest: Interest, hub: FrameHub) {
    this.#interest = interest;
    this.#hub = hub;
  }

  /** Waits until `key` is live. Interruption takes only the waiting away. */
  live(key: StreamKey): Effect.Effect<void, MarketDataError> {
    return this.#wait(key, () => this.#hub.tracks.isLive(key));
  }

  /** Waits until `key` has spoken or is confirmed. */
  ready(key: StreamKey): Effect.Effect<void, MarketDataError> {
    return this.#wait(key, () => this.#hub.tracks.isConfirmed(key));
  }

  /** Some key was confirmed. */
  look(): void {
    for (const waiter of [...this.#waiting]) waiter.look();
  }

  fail(error: MarketDataError, concerns: (id: KeyId) => boolean): void {
    for (const waiter of [...this.#waiting]) if (concerns(waiter.id)) waiter.fail(error);
  }

  /** A read that lost its slot to later ones will not become live. */
  refuseUnwanted(limit: number): void {
    this.fail(noSlot(limit), (id) => !this.#interest.has(id));
  }

  #wait(key: StreamKey, isDone: () => boolean): Effect.Effect<void, MarketDataError> {
    return Effect.callback((resume) => {
      let cancel = () => {};
      const settle = (effect: Effect.Effect<void, MarketDataError>) => {
        this.#waiting.delete(waiter);
        cancel();
        resume(Effect.andThen(Effect.yieldNow, effect));
      };
      const waiter: Waiter = {
        id: keyId(key),
        fail: (error) => settle(Effect.fail(error)),
        look: () => {
          if (isDone()) settle(Effect.void);
        },
      };
      this.#waiting.add(waiter);
      cancel = this.#hub.tracks.onLive(key, () => settle(Effect.void));
      waiter.look();
      return Effect.sync(() => {
        this.#waiting.delete(waiter);
        cancel();
      });
    });
  }
}

/** Reads hold as many subscriptions as they may. */
export const noSlot = (limit: number): Overloaded => new Overloaded({ what: "subscriptions started by reads", limit, retryAfterMs: 0 });
