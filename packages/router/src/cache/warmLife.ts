/**
 * How long a warm entry answers. The kind's bound comes first and is never exceeded. Below it a key that is read often, changes often and is
 * answered from memory often lives shorter, because each of its answers is the likelier to be out of date; and every life is drawn a little
 * apart from the others, so that entries of one moment do not end in one moment. Pure, but for the use that is written in place.
 */

/** How a key was used lately. Mutable, because it is written at every question. Finite whatever happens. */
export interface WarmUse {
  /** Monotonic milliseconds of the last question; negative before the first. */
  readMs: number;
  /** Mean gap between questions, in milliseconds, the recent ones counting more; 0 under two questions. */
  gapMs: number;
  /** Share of questions that memory answered, 0 to 1, the recent ones counting more. */
  hits: number;
  /** Share of readings whose value differed from the one before, 0 to 1, the recent ones counting more. */
  volatility: number;
  /** Readings so far: what spreads the lives of one key. */
  loads: number;
  /** No refresh before this, monotonic milliseconds: the last one failed. */
  refreshAfterMs: number;
}

export const beginUse = (): WarmUse => ({ readMs: -1, gapMs: 0, hits: 0, volatility: 0, loads: 0, refreshAfterMs: 0 });

/** What one more observation weighs. */
const weight = 0.2;
const towards = (mean: number, seen: number): number => mean + weight * (seen - mean);

/** One more question, answered by memory or not. */
export const noteRead = (use: WarmUse, nowMs: number, hit: boolean): void => {
  if (use.readMs >= 0) {
    const gapMs = Math.max(0, nowMs - use.readMs);
    use.gapMs = use.gapMs === 0 ? gapMs : towards(use.gapMs, gapMs);
  }
  use.readMs = nowMs;
  use.hits = towards(use.hits, hit ? 1 : 0);
};

/** One more reading of the exchange, whose value differed from the one before, or not; undefined where there was none before. */
export const noteLoad = (use: WarmUse, differed: boolean | undefined): void => {
  use.loads++;
  if (differed !== undefined) use.volatility = towards(use.volatility, differed ? 1 : 0);
};

/** Gap at which a key counts as half hot, in milliseconds. */
const halfHotMs = 2_000;

/** How hot a key is, 0 to 1: half at a question every two seconds, nothing where it was asked once. */
export const heatOf = ({ gapMs, readMs }: Pick<WarmUse, "gapMs" | "readMs">): number =>
  readMs < 0 || gapMs <= 0 ? 0 : halfHotMs / (halfHotMs + gapMs);

/**
 * The life of a key's next entry, in milliseconds: from `boundMs`, the longest its kind allows, down to `floor` of it. A value that never differs
 * has the whole bound, however hot; one that always differs loses the more of it the hotter it is and the more of its questions memory answers.
 */
export const adaptedLifeMs = (use: WarmUse, boundMs: number, floor: number): number => {
  const pull = unit(use.volatility) * (0.4 + 0.3 * heatOf(use) + 0.3 * unit(use.hits));
  return boundMs * (1 - (1 - unit(floor)) * pull);
};

/** Half the width of the spread, as a share of its middle. */
const spread = 0.1;

/** A life a tenth more or less than its middle, which lies so that the longest is `lifeMs` and no more. `draw` is from 0 to 1. */
export const spreadLifeMs = (lifeMs: number, draw: number): number => (lifeMs * (1 + spread * (2 * unit(draw) - 1))) / (1 + spread);

/**
 * A number from 0 to 1 for the n-th reading of a key: as good as chance to spread lives by, and takes nothing from the program's own. Two keys, or
 * two readings of one, have nothing to do with each other.
 */
export const drawOf = (id: string, nth: number): number => {
  let hash = 0x811c9dc5 ^ Math.imul(nth, 0x9e3779b1);
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 4_294_967_296;
};

const unit = (share: number): number => Math.min(1, Math.max(0, share));
