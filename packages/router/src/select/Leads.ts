/**
 * Which channel leads where both could be asked, so that it does not change hands with every sample: after a change it stays for ten seconds,
 * whatever the scores say. A channel that is out for a while loses the lead at once, because the other one is all there is, and gets it back
 * only when that time is over: a tier that comes and goes every two seconds costs one change in ten.
 *
 * Memory has no part in this: a value that is known to be current is right to give at any time.
 */
import type { Channel } from "../domain/Provenance.ts";

/** The least time between two changes of the lead, in milliseconds. */
export const leadMs = 10_000;

interface Lead {
  channel: Channel;
  sinceMs: number;
}

export class Leads {
  readonly #leads = new Map<string, Lead>();

  /**
   * The channel to lead, of those that can: `wanted` is what the scores say, `possible` whether the other one could lead instead. What is of one
   * `subject` is judged together.
   */
  lead(subject: string, wanted: Channel, isOtherPossible: boolean, nowMs: number): Channel {
    const lead = this.#leads.get(subject);
    if (lead === undefined) {
      this.#leads.set(subject, { channel: wanted, sinceMs: Number.NEGATIVE_INFINITY });
      return wanted;
    }
    if (lead.channel === wanted) return wanted;
    if (isOtherPossible && nowMs - lead.sinceMs < leadMs) return lead.channel;
    lead.channel = wanted;
    lead.sinceMs = nowMs;
    return wanted;
  }

  /** The same, without a change of anything. */
  peek(subject: string, wanted: Channel, isOtherPossible: boolean, nowMs: number): Channel {
    const lead = this.#leads.get(subject);
    if (lead === undefined || lead.channel === wanted) return wanted;
    return isOtherPossible && nowMs - lead.sinceMs < leadMs ? lead.channel : wanted;
  }
}
