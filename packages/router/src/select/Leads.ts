/**
 * Which channel leads where both could be asked, so that it does not change hands with every sample: after a change it stays for ten seconds,
 * whatever the scores say. A channel that is out for a while loses the lead at once, because the other one is all there is, and gets it back
 * only when that time is over: a tier that comes and goes every two seconds costs one change in ten.
 *
 * Memory has no part in this: a value that is known to be current is right to give at any time.
 */
import type { Channel } from "../domain/Provenance.ts";

/** By how much the scores must be apart before they say anything: of two that are alike neither is worth a change. */
const leastMargin = 0.03;

/** The least time between two changes of the lead, in milliseconds. */
export const leadMs = 10_000;

interface Lead {
  channel: Channel;
  sinceMs: number;
}

export class Leads {
  readonly #leads = new Map<string, Lead>();

  /**
   * The channel to lead: `wanted` is what the scores say, and by how much more than of the other one (`margin`; infinity where the other one cannot
   * be asked). What is of one `subject` is judged together.
   */
  lead(subject: string, wanted: Channel, margin: number, nowMs: number): Channel {
    const lead = this.#leads.get(subject);
    if (lead === undefined) {
      this.#leads.set(subject, { channel: wanted, sinceMs: Number.NEGATIVE_INFINITY });
      return wanted;
    }
    const next = this.peek(subject, wanted, margin, nowMs);
    if (next === lead.channel) return next;
    lead.channel = next;
    lead.sinceMs = nowMs;
    return next;
  }

  /** The same, without a change of anything. */
  peek(subject: string, wanted: Channel, margin: number, nowMs: number): Channel {
    const lead = this.#leads.get(subject);
    if (lead === undefined || lead.channel === wanted || margin === Number.POSITIVE_INFINITY) return wanted;
    return margin < leastMargin || nowMs - lead.sinceMs < leadMs ? lead.channel : wanted;
  }
}
