/**
 * The last frames of a subscription that a request has just replaced: what was under way at that moment still arrives. Their number and time are
 * bounded, and they keep the format they were asked for in.
 */
import type { Format } from "../profile/Profile.ts";
import type { Emitted, MarketStream } from "./MarketStream.ts";

export interface LastFrame {
  readonly stream: MarketStream;
  /** `undefined` when the moment brought no frame. */
  readonly taken: Emitted | undefined;
}

export class InFlight {
  private readonly streams: ReadonlyArray<MarketStream>;
  private readonly format: Format;
  private readonly untilMs: number;
  private left: number;

  constructor(streams: ReadonlyArray<MarketStream>, format: Format, frames: number, untilMs: number) {
    this.streams = streams.filter((stream) => stream.isLive);
    this.format = format;
    this.left = frames;
    this.untilMs = untilMs;
  }

  /** When the next one leaves; `Infinity` when none does. */
  get dueMs(): number {
    if (this.left <= 0) return Infinity;
    let due = Infinity;
    for (const stream of this.streams) due = Math.min(due, stream.dueMs);
    return due <= this.untilMs ? due : Infinity;
  }

  /** Looks again what comes next: the tape changed. */
  plan(): void {
    for (const stream of this.streams) stream.plan();
  }

  /** What is due at {@link dueMs}. */
  take(): LastFrame | undefined {
    const dueMs = this.dueMs;
    const stream = this.streams.find((candidate) => candidate.dueMs === dueMs);
    if (stream === undefined) return undefined;
    const taken = stream.take(this.format);
    if (taken !== undefined) this.left--;
    return { stream, taken };
  }
}
