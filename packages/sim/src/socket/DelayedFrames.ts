/** Frames that a fault holds back: each leaves at its time, or as soon as enough later ones came. */
import type { OutFrame } from "../faults/Hooks.ts";

interface Held {
  readonly frame: OutFrame;
  readonly dueMs: number;
  /** How many more frames may leave before it does. */
  left: number;
}

/** Held at once. Beyond it the one held longest leaves at once. */
const maxHeld = 10_000;

export class DelayedFrames {
  private held: Array<Held> = [];

  /** Holds a frame back. */
  hold(frame: OutFrame, dueMs: number, overtakenBy = Infinity): void {
    this.held.push({ frame, dueMs, left: overtakenBy });
  }

  /** When the next one leaves. */
  get dueMs(): number {
    let due = Infinity;
    for (const { dueMs } of this.held) if (dueMs < due) due = dueMs;
    return due;
  }

  /** Those whose time has come, in the order of their times. */
  take(nowMs: number): ReadonlyArray<OutFrame> {
    return this.takeIf(({ dueMs }) => dueMs <= nowMs)
      .toSorted((a, b) => a.dueMs - b.dueMs)
      .map(({ frame }) => frame);
  }

  /** A later frame came, whenever it leaves itself. Returns those that were overtaken often enough, or for which there is no room. */
  overtake(): ReadonlyArray<OutFrame> {
    if (this.held.length === 0) return [];
    for (const held of this.held) held.left--;
    const crowded = this.held.length >= maxHeld ? this.held.shift() : undefined;
    const overtaken = this.takeIf(({ left }) => left <= 0);
    return [...(crowded === undefined ? [] : [crowded]), ...overtaken].map(({ frame }) => frame);
  }

  private takeIf(leaves: (held: Held) => boolean): ReadonlyArray<Held> {
    const taken = this.held.filter(leaves);
    if (taken.length > 0) this.held = this.held.filter((held) => !leaves(held));
    return taken;
  }
}
