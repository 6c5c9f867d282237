/**
 * An entry of the hot store that a socket brought. One is made per frame, so the only figure that takes arithmetic on big integers, when the value
 * was last known to be current, is worked out when it is asked for. It is a getter: a copy by spreading loses it, and the times of receipt.
 */
import type { Receipt } from "../transport/Receipt.ts";
import type { HotEntry } from "./HotStore.ts";

export class HeardEntry implements HotEntry {
  readonly value: unknown;
  readonly exchangeTimeMs: number;
  readonly depth: number | undefined;
  /** Shared by all of one read: each figure copied out of it would be an object of its own. */
  readonly #receipt: Receipt;
  readonly #lateMs: number;

  /** `lateMs`: how much later than usual it came; it was current when it was made, not when it came. `depth`: order books only. */
  constructor(value: unknown, exchangeTimeMs: number, receipt: Receipt, lateMs: number, depth: number | undefined) {
    this.value = value;
    this.exchangeTimeMs = exchangeTimeMs;
    this.depth = depth;
    this.#receipt = receipt;
    this.#lateMs = lateMs;
  }

  get receivedNanos(): bigint {
    return this.#receipt.nanos;
  }

  get receivedMs(): number {
    return this.#receipt.ms;
  }

  get channel(): "websocket" {
    return "websocket";
  }

  get confirmedNanos(): bigint {
    return this.#lateMs === 0 ? this.receivedNanos : this.receivedNanos - BigInt(Math.round(this.#lateMs * 1e6));
  }
}
