/**
 * Keys that were subscribed before anybody asked for them, and what became of each: a question came while it was subscribed, or the subscription ended
 * without one. They are no more than reads have slots, because each takes one. An end is noticed with the next question or the next key.
 */
import { type KeyId, keyId, type StreamKey } from "./domain/StreamKey.ts";

interface PresubscribedOptions {
  readonly isWanted: (key: StreamKey) => boolean;
  /** Called synchronously, once for each key. */
  readonly onEnd: (outcome: "used" | "wasted") => void;
}

export class Presubscribed {
  readonly #options: PresubscribedOptions;
  readonly #unused = new Map<KeyId, StreamKey>();

  constructor(options: PresubscribedOptions) {
    this.#options = options;
  }

  /** The key is subscribed, and was not before. */
  began(key: StreamKey): void {
    this.#unused.set(keyId(key), key);
    this.#sweep();
  }

  /** A question came, about this key or about none that is live. */
  asked(key: StreamKey | undefined): void {
    if (this.#unused.size === 0) return;
    this.#sweep();
    if (key !== undefined && this.#unused.delete(keyId(key))) this.#options.onEnd("used");
  }

  #sweep(): void {
    for (const [id, key] of this.#unused) {
      if (this.#options.isWanted(key)) continue;
      this.#unused.delete(id);
      this.#options.onEnd("wasted");
    }
  }
}
