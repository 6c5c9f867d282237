/**
 * How many kinds of data the router may subscribe to by itself, and which of its own subscriptions matter most. A slot is one kind in the
 * merged message, with any number of markets: an entry more is what costs the exchange and the link. Streams that a program opened take no
 * slot, are never refused and never leave.
 *
 * Pure. Slots come back one by one while the link is good and go at once when it is not, so a flapping link stays small.
 */
import type { Priority } from "../domain/Question.ts";
import type { SlotPolicy } from "../domain/SlotPolicy.ts";

const most: Readonly<Record<SlotPolicy, number>> = { conservative: 2, adaptive: 3 };

/** Good time that earns one more slot. */
const earnMs = 5_000;

/** Slots at `nowMs` of a link that has been good since `goodSinceMs`; one while it is not good. */
export const slotsAt = (policy: SlotPolicy, goodSinceMs: number | undefined, nowMs: number): number =>
  goodSinceMs === undefined ? 1 : Math.min(most[policy], 1 + Math.max(0, Math.floor((nowMs - goodSinceMs) / earnMs)));

/** How often something was read, the older the less: half after so long. */
const halfLifeMs = 60_000;
const weights: Readonly<Record<Priority, number>> = { critical: 8, high: 4, normal: 2, low: 1 };

export interface Reads {
  readonly priority: Priority;
  /** Reads so far, aged to `atMs`. */
  readonly count: number;
  readonly atMs: number;
}

const aged = ({ count, atMs }: Reads, nowMs: number): number => count * 2 ** (-Math.max(0, nowMs - atMs) / halfLifeMs);

/** One more read at `nowMs`. The priority is that of the last reader. */
export const readAgain = (before: Reads | undefined, priority: Priority, nowMs: number): Reads => ({
  priority,
  count: (before === undefined ? 0 : aged(before, nowMs)) + 1,
  atMs: nowMs,
});

/** The greater, the later it leaves: urgency times how much it was read lately. Recency and frequency are one number in it. */
export const importanceOf = (reads: Reads, nowMs: number): number => weights[reads.priority] * aged(reads, nowMs);

/** Somebody who wants a taken slot must matter this much more, or the two would take it from each other in turns. */
const margin = 1.2;
/** A slot whose last read is so long ago is free for anyone. */
const idleMs = 30_000;

/** Whether a newcomer of this importance takes the place of what was read last at `lastReadMs`. */
export const takesOver = (newcomer: number, holder: number, lastReadMs: number, nowMs: number): boolean =>
  newcomer > holder * margin || nowMs - lastReadMs > idleMs;
