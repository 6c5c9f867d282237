/**
 * How long it takes to change a subscription, and how often that works. A change runs from the wish for a key to its first element, so a path that
 * answers at once and brings nothing has no duration at all. Nothing here decides; it is told and adds up.
 */
import type { KeyId } from "../domain/StreamKey.ts";
import type { ChangeMode, LiveMetrics } from "./LiveMetrics.ts";
import { RecentValues } from "./RecentValues.ts";

/** Changes remembered for the mean. */
const remembered = 10;

/** Upper bounds of the histogram's buckets, in milliseconds. */
export const changeBoundsMs: ReadonlyArray<number> = [10, 25, 50, 100, 200, 300, 500, 1_000, 2_500, 5_000, 10_000];

interface Open {
  readonly mode: ChangeMode;
  readonly sinceMs: number;
}

/** Counters of one mode. */
export class ModeCounts {
  completed = 0;
  failed = 0;
  withdrawn = 0;
  /** Milliseconds of all that completed. */
  sumMs = 0;
  minMs = Number.POSITIVE_INFINITY;
  maxMs = Number.NEGATIVE_INFINITY;
  /** Completed, by bucket of {@link changeBoundsMs}. */
  readonly buckets: Array<number> = changeBoundsMs.map(() => 0);

  get successRate(): number | null {
    const decided = this.completed + this.failed;
    return decided === 0 ? null : this.completed / decided;
  }
}

export class ChangeNumbers {
  readonly #open = new Map<KeyId, Open>();
  readonly #limit: number;
  readonly #recent = new RecentValues(remembered);
  readonly modes: Readonly<Record<ChangeMode, ModeCounts>> = { swap: new ModeCounts(), full: new ModeCounts() };

  constructor(options: { readonly limit: number }) {
    this.#limit = options.limit;
  }

  /**
   * A key is wanted. Told twice in one mode, the first wish counts. In the other mode the attempt so far has failed and the next one goes on,
   * from the same wish: what the caller waited is one time.
   */
  started(id: KeyId, mode: ChangeMode, nowMs: number): void {
    const before = this.#open.get(id);
    if (before?.mode === mode) return;
    if (before !== undefined) this.modes[before.mode].failed++;
    else this.#makeRoom();
    this.#open.set(id, { mode, sinceMs: before?.sinceMs ?? nowMs });
  }

  /** The key's first element came: how it was wished for and how long that took. Undefined without an open change. */
  done(id: KeyId, nowMs: number): { readonly mode: ChangeMode; readonly tookMs: number } | undefined {
    const change = this.#close(id);
    if (change === undefined) return undefined;
    const tookMs = Math.max(0, nowMs - change.sinceMs);
    const counts = this.modes[change.mode];
    counts.completed++;
    counts.sumMs += tookMs;
    counts.minMs = Math.min(counts.minMs, tookMs);
    counts.maxMs = Math.max(counts.maxMs, tookMs);
    const bucket = changeBoundsMs.findIndex((boundMs) => tookMs <= boundMs);
    if (bucket !== -1) counts.buckets[bucket] = (counts.buckets[bucket] ?? 0) + 1;
    this.#recent.add(tookMs);
    return { mode: change.mode, tookMs };
  }

  /** It will not come. True when there was an open change. */
  failed(id: KeyId): boolean {
    const change = this.#close(id);
    if (change !== undefined) this.modes[change.mode].failed++;
    return change !== undefined;
  }

  /** Nobody wants the key any more. */
  withdrawn(id: KeyId): void {
    const change = this.#close(id);
    if (change !== undefined) this.modes[change.mode].withdrawn++;
  }

  toMetrics(): LiveMetrics["changes"] {
    return {
      averageMs: this.#recent.mean,
      recentMs: this.#recent.recent,
      open: this.#open.size,
      swap: countsOf(this.modes.swap),
      full: countsOf(this.modes.full),
    };
  }

  #close(id: KeyId): Open | undefined {
    const change = this.#open.get(id);
    if (change !== undefined) this.#open.delete(id);
    return change;
  }

  /** At the bound the oldest open change is given up: told as withdrawn, for how it ended will not be known. */
  #makeRoom(): void {
    if (this.#open.size < this.#limit) return;
    const oldest = this.#open.keys().next();
    if (oldest.done !== true) this.withdrawn(oldest.value);
  }
}

const countsOf = ({ completed, failed, withdrawn, successRate }: ModeCounts): LiveMetrics["changes"]["swap"] => ({
  completed,
  failed,
  withdrawn,
  successRate,
});
