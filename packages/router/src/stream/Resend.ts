/**
 * A wish from outside that one link sends its whole subscription once more, and what the exchange's own list says after that. Everybody who wishes
 * while one is under way shares it, so that no number of wishes costs more than one message.
 */
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import { keyId, type StreamKey } from "../domain/StreamKey.ts";

/** What a link said after its subscription was sent once more. */
export interface ResendAnswer {
  /** Keys that were sent and that the exchange's list has not, by name. */
  readonly missing: ReadonlyArray<string>;
  /** The list has these keys and nothing else. */
  readonly isSame: boolean;
}

export class Resend {
  #isAsked = false;
  #sent: ReadonlyArray<StreamKey> | undefined;
  #answer: Deferred.Deferred<ResendAnswer | undefined> | undefined;

  /** What the list says after the next subscription; undefined when the link ends before that. */
  ask(): Effect.Effect<ResendAnswer | undefined> {
    if (this.#answer === undefined) {
      this.#answer = Deferred.makeUnsafe();
      this.#isAsked = true;
    }
    return Deferred.await(this.#answer);
  }

  /** Whether it is still to be sent. Said once. */
  take(): boolean {
    const isAsked = this.#isAsked;
    this.#isAsked = false;
    return isAsked;
  }

  /** A subscription leaves: whatever the reason, it is the whole one. */
  sent(keys: ReadonlyArray<StreamKey>): void {
    this.#isAsked = false;
    if (this.#answer !== undefined) this.#sent = keys;
  }

  /** A list that was asked for after the last subscription. */
  listed(confirmed: ReadonlyArray<StreamKey>, isSame: boolean): void {
    if (this.#sent === undefined) return;
    const names = new Set(confirmed.map(keyId));
    const missing = this.#sent.map(keyId).filter((id) => !names.has(id));
    this.#finish({ missing, isSame });
  }

  ended(): void {
    this.#finish(undefined);
  }

  #finish(answer: ResendAnswer | undefined): void {
    const waiting = this.#answer;
    this.#answer = undefined;
    this.#sent = undefined;
    this.#isAsked = false;
    if (waiting !== undefined) Deferred.doneUnsafe(waiting, Effect.succeed(answer));
  }
}
