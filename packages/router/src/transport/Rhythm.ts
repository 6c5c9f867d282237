/**
 * How often something speaks, and so how long its silence means nothing. A quiet market is not a dead one: every key is judged by its own
 * rhythm, the median and the longest of its last gaps, and by nothing until it has shown one. What comes together counts as one word, or a
 * burst would pass for a fast market.
 *
 * Plain state on monotonic milliseconds; a fixed ring, no allocation after the first word.
 */

const remembered = 32;
/** Gaps needed before a rhythm is known. */
const gapsNeeded = 20;
/** Fewer are enough to know about how fast it is. */
const gapsForMedian = 8;
/** Words closer together than this are one. */
const burstMs = 50;
/**
 * Silence means something after so many median gaps, and not before the longest gap, and half of it, is over. Eight leave a market that speaks
 * every three seconds enough of half a minute to be asked about and its link to be replaced.
 */
const medians = 8;
const overLongest = 1.5;

export class Rhythm {
  #gaps: Float64Array | undefined;
  #count = 0;
  #lastMs: number | undefined;
  #known: Figures | undefined;

  /** It spoke of itself. Answers to a question of ours are no part of its rhythm. */
  heard(nowMs: number): void {
    const last = this.#lastMs;
    if (last !== undefined && nowMs - last < burstMs) return;
    this.#lastMs = nowMs;
    if (last === undefined) return;
    this.#gaps ??= new Float64Array(remembered);
    this.#gaps[this.#count++ % remembered] = nowMs - last;
    this.#known = undefined;
  }

  /** Nobody could hear it for a while: the gap that ends next is not its own. */
  interrupted(): void {
    this.#lastMs = undefined;
  }

  /** What it spoke for is not the same any more. */
  reset(): void {
    this.#count = 0;
    this.#lastMs = undefined;
    this.#known = undefined;
  }

  /** The ordinary gap, in milliseconds; undefined before a handful is known. */
  medianMs(): number | undefined {
    return this.#count < gapsForMedian ? undefined : this.#figures().median;
  }

  /** Silence longer than this is out of rhythm, in milliseconds; undefined while no rhythm is known. */
  silenceMs(): number | undefined {
    return this.#count < gapsNeeded ? undefined : this.#figures().silence;
  }

  /** Kept until the next gap, so that asking with every frame costs nothing. */
  #figures(): Figures {
    if (this.#known !== undefined || this.#gaps === undefined) return this.#known ?? { median: 0, silence: 0 };
    const gaps = this.#gaps.slice(0, Math.min(this.#count, remembered)).sort();
    const median = gaps[gaps.length >> 1] ?? 0;
    return (this.#known = { median, silence: Math.max(medians * median, overLongest * (gaps.at(-1) ?? 0)) });
  }
}

interface Figures {
  readonly median: number;
  readonly silence: number;
}
