/** When a limit group let arrivals in: what shows whether a client was polite, whatever it says of itself. */
import { Ring } from "./Ring.ts";

/** Every connection has a message group of its own; the oldest group goes first. */
const maxGroups = 1_000;

export class Arrivals {
  private readonly times = new Map<string, Ring<number>>();
  private readonly capacity: number;

  /** `capacity`: arrivals kept of each group. */
  constructor(capacity: number) {
    this.capacity = capacity;
  }

  record(group: string, atMs: number): void {
    let ring = this.times.get(group);
    if (ring === undefined) {
      if (this.times.size >= maxGroups) this.times.delete(this.times.keys().next().value ?? "");
      ring = new Ring(this.capacity);
      this.times.set(group, ring);
    }
    ring.push(atMs);
  }

  groups(): ReadonlyArray<string> {
    return [...this.times.keys()];
  }

  /** The largest number of arrivals of a group in any window of `windowMs`; arrivals exactly `windowMs` apart are in different windows. */
  maxInWindow(group: string, windowMs: number): number {
    const times = this.times.get(group)?.all() ?? [];
    let most = 0;
    let start = 0;
    for (let end = 0; end < times.length; end++) {
      while ((times[end] ?? 0) - (times[start] ?? 0) >= windowMs) start++;
      most = Math.max(most, end - start + 1);
    }
    return most;
  }
}
