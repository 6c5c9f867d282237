/**
 * When something was received. All messages of one read have one receipt, the moment at which the first of them was handed over: the others
 * were in this process by then, and only waited for those before them to be decoded. So no clock is read per message, none counts as received
 * later than it was, and nothing looks younger than it is.
 */
import type * as Clock from "effect/Clock";

export interface Receipt {
  /** Monotonic, in nanoseconds and in milliseconds. */
  readonly nanos: bigint;
  readonly atMs: number;
  /** Wall clock, epoch milliseconds. For display. */
  readonly ms: number;
}

export const receiptOf = (nanos: bigint, ms: number): Receipt => ({ nanos, atMs: Number(nanos) / 1e6, ms });

export const receiptNow = (clock: Clock.Clock): Receipt => receiptOf(clock.monotonicTimeNanosUnsafe(), clock.currentTimeMillisUnsafe());
