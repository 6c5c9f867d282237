/**
 * How something went over the last five minutes: how often, how well, how fast. Sixty slots of five seconds, each with two counts and the answers'
 * times by bucket, so it has one size whatever comes, and adding is a few additions. A percentile is the upper bound of its bucket: the truth is at
 * most that. One second is a bound, because alerts ask about it.
 */
export interface OutcomeSummary {
  readonly samples: number;
  readonly failures: number;
  /** 0 to 1; null without samples. */
  readonly successRate: number | null;
  /** Of successes, in milliseconds; null without any. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
}

/** Upper bounds of the buckets, in milliseconds; what is slower is counted in one more. */
const boundsMs = [
  0.1, 0.5, 1, 2, 5, 10, 20, 35, 50, 75, 100, 150, 200, 300, 400, 500, 750, 1_000, 1_500, 2_000, 3_000, 5_000, 10_000, 60_000,
];

export const windowMs = 300_000;
const slotMs = 5_000;
const slots = windowMs / slotMs;

interface Slot {
  /** Which five seconds since the beginning of the clock it holds. */
  turn: number;
  ok: number;
  failed: number;
  readonly times: Uint32Array;
}

export class OutcomeWindow {
  readonly #slots: Array<Slot> = Array.from({ length: slots }, () => ({
    turn: -1,
    ok: 0,
    failed: 0,
    times: new Uint32Array(boundsMs.length + 1),
  }));

  /** `durationMs` of a success that took time; failures are counted without. */
  add(nowMs: number, ok: boolean, durationMs?: number): void {
    const slot = this.#slotAt(nowMs);
    if (slot === undefined) return;
    if (!ok) {
      slot.failed++;
      return;
    }
    slot.ok++;
    if (durationMs !== undefined) slot.times[bucketOf(durationMs)]!++;
  }

  /** Over the last `spanMs`, at most five minutes, to the granularity of a slot. */
  summary(nowMs: number, spanMs = windowMs): OutcomeSummary {
    const newest = Math.floor(nowMs / slotMs);
    const oldest = newest - Math.min(slots, Math.ceil(spanMs / slotMs)) + 1;
    const times = new Float64Array(boundsMs.length + 1);
    let ok = 0;
    let failed = 0;
    for (const slot of this.#slots) {
      if (slot.turn < oldest || slot.turn > newest) continue;
      ok += slot.ok;
      failed += slot.failed;
      for (let at = 0; at < times.length; at++) times[at]! += slot.times[at]!;
    }
    const samples = ok + failed;
    const successRate = samples === 0 ? null : ok / samples;
    return { samples, failures: failed, successRate, p50Ms: percentileOf(times, 0.5), p95Ms: percentileOf(times, 0.95) };
  }

  #slotAt(nowMs: number): Slot | undefined {
    const turn = Math.floor(nowMs / slotMs);
    const slot = this.#slots[((turn % slots) + slots) % slots];
    if (slot === undefined || slot.turn === turn) return slot;
    slot.turn = turn;
    slot.ok = 0;
    slot.failed = 0;
    slot.times.fill(0);
    return slot;
  }
}

const bucketOf = (ms: number): number => {
  let low = 0;
  let high = boundsMs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ms <= (boundsMs[middle] ?? Number.POSITIVE_INFINITY)) high = middle;
    else low = middle + 1;
  }
  return low;
};

const percentileOf = (times: Float64Array, share: number): number | null => {
  const count = times.reduce((sum, one) => sum + one, 0);
  if (count === 0) return null;
  let left = Math.ceil(count * share);
  for (let at = 0; at < times.length; at++) {
    left -= times[at] ?? 0;
    if (left <= 0) return boundsMs[at] ?? Number.MAX_SAFE_INTEGER;
  }
  return null;
};
