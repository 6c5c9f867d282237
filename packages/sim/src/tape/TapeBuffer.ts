/**
 * What waits for the disk, up to a bound. Beyond it the newest events are not kept but counted, and the count takes their place on the tape as
 * soon as there is room: a hole is never silent, and the live path never waits.
 */
import type { Stamp, StampedEvent } from "@naru/router/tape/TapeEvent";

interface Waiting {
  readonly event: StampedEvent;
  readonly bytes: number;
}

interface Hole {
  events: number;
  bytes: number;
  readonly since: Stamp;
}

export class TapeBuffer {
  private readonly maxBytes: number;
  private waiting: Array<Waiting> = [];
  private held = 0;
  private hole: Hole | undefined;
  /** Events that were not kept, over the whole recording. */
  dropped = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** Bytes that wait, by estimate. */
  get bytes(): number {
    return this.held;
  }

  get events(): number {
    return this.waiting.length;
  }

  /** `bytes`: about what the event takes. */
  push(event: StampedEvent, bytes: number): void {
    if (this.held + bytes > this.maxBytes) return this.drop(event, bytes);
    this.closeHole(event);
    this.keep(event, bytes);
  }

  /** The last words of a recording, and the count of a hole that is still open. They are kept whatever the bound. */
  pushLast(event: StampedEvent): void {
    this.closeHole(event);
    this.keep(event, ownBytes);
  }

  /** The oldest events, about `maxBytes` of them and at least one when any waits. */
  take(maxBytes: number): ReadonlyArray<StampedEvent> {
    let count = 0;
    let bytes = 0;
    while (count < this.waiting.length && (count === 0 || bytes + (this.waiting[count]?.bytes ?? 0) <= maxBytes))
      bytes += this.waiting[count++]?.bytes ?? 0;
    this.held -= bytes;
    return this.waiting.splice(0, count).map(({ event }) => event);
  }

  private keep(event: StampedEvent, bytes: number): void {
    this.waiting.push({ event, bytes });
    this.held += bytes;
  }

  private drop({ wall, mono }: Stamp, bytes: number): void {
    this.dropped++;
    this.hole ??= { events: 0, bytes: 0, since: { wall, mono } };
    this.hole.events++;
    this.hole.bytes += bytes;
  }

  private closeHole({ wall, mono }: Stamp): void {
    if (this.hole === undefined) return;
    const { events, bytes, since } = this.hole;
    this.hole = undefined;
    this.keep(
      { event: "dropped", wall, mono, events, bytes, reason: "buffer_full", sinceWall: since.wall, sinceMono: since.mono },
      ownBytes,
    );
  }
}

/** About what an event takes that carries no text. */
export const ownBytes = 120;
