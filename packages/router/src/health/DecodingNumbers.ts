/**
 * Frames of the sockets by how they were read: by the venue's quick way, or by its general one, which is as right and costs several times as much. An
 * exchange that changes how it writes its frames shows here first: nothing is wrong yet, but the processor is.
 *
 * Bounded: the last minute in twelve slots, and sixteen causes; what else there is counts as `other`.
 */

import type { LiveMetrics } from "./LiveMetrics.ts";

/** When frames read the general way are worth telling a person. Shares of the frames of a minute. */
export const decodingBounds = { frames: 200, slowAbove: 0.1, quickBelow: 0.02 } as const;

const slots = 12;
const slotMs = 5_000;
const maxCauses = 16;

/** How the frames of the last minute were read. */
export interface DecodingHealth {
  /** More than a tenth went the general way, and since then never less than a fiftieth. */
  readonly isSlow: boolean;
  readonly frames: number;
  readonly general: number;
  /** Why most of them could not be read quickly; null where all could. */
  readonly commonest: string | null;
}

interface Slot {
  frames: number;
  general: number;
  readonly causes: Map<string, number>;
}

export class DecodingNumbers {
  readonly #startMs: number;
  readonly #slots: ReadonlyArray<Slot> = Array.from({ length: slots }, () => ({ frames: 0, general: 0, causes: new Map() }));
  /** Number of the newest slot, counted from the start. */
  #newest = 0;
  #slot: Slot = this.#slots[0]!;
  /** Of the last minute. */
  #recentFrames = 0;
  #recentGeneral = 0;
  #isSlow = false;
  readonly #listeners = new Set<() => void>();

  /** Since counting began. */
  frames = 0;
  readonly causes = new Map<string, number>();
  /** Told of every cause the first time. */
  onCause: ((cause: string) => void) | undefined;

  constructor(nowMs: number) {
    this.#startMs = nowMs;
  }

  /** A frame came. */
  frame(nowMs: number): void {
    this.#moveTo(nowMs);
    this.frames++;
    this.#slot.frames++;
    this.#recentFrames++;
  }

  /** The frame that came last was read the general way. `cause` is the venue's word for what was unusual. */
  general(cause: string, nowMs: number): void {
    this.#moveTo(nowMs);
    const name = this.causes.has(cause) || this.causes.size < maxCauses - 1 ? cause : "other";
    const before = this.causes.get(name);
    this.causes.set(name, (before ?? 0) + 1);
    if (before === undefined) this.onCause?.(name);
    this.#slot.general++;
    this.#slot.causes.set(name, (this.#slot.causes.get(name) ?? 0) + 1);
    this.#recentGeneral++;
    if (this.#isSlow || this.#recentFrames < decodingBounds.frames || this.#share <= decodingBounds.slowAbove) return;
    this.#isSlow = true;
    for (const listener of this.#listeners) listener();
  }

  toMetrics(nowMs: number): LiveMetrics["decoding"] {
    const { isSlow, frames, general } = this.health(nowMs);
    const causes = [...this.causes].map(([cause, count]) => ({ cause, frames: count })).sort((a, b) => b.frames - a.frames);
    return { frames: this.frames, generalShare: frames === 0 ? null : general / frames, isSlow, causes };
  }

  /** How it stands now. */
  health(nowMs: number): DecodingHealth {
    this.#moveTo(nowMs);
    if (this.#isSlow && this.#share < decodingBounds.quickBelow) this.#isSlow = false;
    return { isSlow: this.#isSlow, frames: this.#recentFrames, general: this.#recentGeneral, commonest: this.#commonest() };
  }

  /** Calls `listener` in the step in which reading becomes slow, until what is returned is called. That it is quick again is found by {@link health}. */
  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  get #share(): number {
    return this.#recentFrames === 0 ? 0 : this.#recentGeneral / this.#recentFrames;
  }

  #commonest(): string | null {
    const sums = new Map<string, number>();
    for (const { causes } of this.#slots) for (const [cause, count] of causes) sums.set(cause, (sums.get(cause) ?? 0) + count);
    const [first] = [...sums].sort(([, a], [, b]) => b - a);
    return first?.[0] ?? null;
  }

  #moveTo(nowMs: number): void {
    const now = Math.floor((nowMs - this.#startMs) / slotMs);
    if (now <= this.#newest) return;
    for (let i = Math.max(this.#newest + 1, now - slots + 1); i <= now; i++) {
      const slot = this.#slots[i % slots]!;
      this.#recentFrames -= slot.frames;
      this.#recentGeneral -= slot.general;
      slot.frames = 0;
      slot.general = 0;
      slot.causes.clear();
    }
    this.#newest = now;
    this.#slot = this.#slots[now % slots]!;
  }
}
