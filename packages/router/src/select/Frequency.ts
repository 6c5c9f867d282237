/**
 * How often something is asked, from the times of its last twenty questions. Monotonic milliseconds go in; nothing here reads a clock.
 */
export type FrequencyCategory = "high" | "medium" | "low" | "unknown";
export type FrequencyTrend = "accelerating" | "decelerating" | "steady" | "unknown";

export interface FrequencyAnalysis {
  /** By the mean gap: under 2 s `high`, up to 10 s `medium`, above `low`; `unknown` under three samples. */
  readonly category: FrequencyCategory;
  /**
   * The last three gaps against the three before: under 0.7 times `accelerating`, above 1.3 times `decelerating`; `unknown` under seven
   * samples.
   */
  readonly trend: FrequencyTrend;
  /** Mean gap in milliseconds; null under three samples. */
  readonly meanGapMs: number | null;
  /** Between the last two questions, in milliseconds; null under two samples. */
  readonly lastGapMs: number | null;
  readonly samples: number;
  /** Share of the ring that is filled, 0 to 1. */
  readonly confidence: number;
}

/** Questions remembered. */
export const frequencySamples = 20;
/** Mean gaps, in milliseconds, at which the category changes. */
export const frequencyBands = { highBelowMs: 2_000, mediumUpToMs: 10_000 } as const;
const trendGaps = 3;

export const unknownFrequency: FrequencyAnalysis = {
  category: "unknown",
  trend: "unknown",
  meanGapMs: null,
  lastGapMs: null,
  samples: 0,
  confidence: 0,
};

/** A ring of the last {@link frequencySamples} times. Mutable, because it is written at every question. */
export class Frequency {
  readonly #times = new Float64Array(frequencySamples);
  #count = 0;

  /** Times must not go back. */
  record(nowMs: number): void {
    this.#times[this.#count % frequencySamples] = nowMs;
    this.#count++;
  }

  analyse(): FrequencyAnalysis {
    const samples = Math.min(this.#count, frequencySamples);
    const confidence = samples / frequencySamples;
    const lastGapMs = samples < 2 ? null : this.#span(0, 1);
    if (samples < 3) return { ...unknownFrequency, lastGapMs, samples, confidence };
    const meanGapMs = this.#span(0, samples - 1) / (samples - 1);
    return { category: categoryOf(meanGapMs), trend: this.#trend(samples), meanGapMs, lastGapMs, samples, confidence };
  }

  #trend(samples: number): FrequencyTrend {
    if (samples < 2 * trendGaps + 1) return "unknown";
    const last = this.#span(0, trendGaps);
    const previous = this.#span(trendGaps, 2 * trendGaps);
    if (last < 0.7 * previous) return "accelerating";
    return last > 1.3 * previous ? "decelerating" : "steady";
  }

  /** Milliseconds between the `newer`-th and the `older`-th question back. */
  #span(newer: number, older: number): number {
    return this.#back(newer) - this.#back(older);
  }

  #back(index: number): number {
    return this.#times[(this.#count - 1 - index) % frequencySamples] ?? 0;
  }
}

const categoryOf = (meanGapMs: number): FrequencyCategory => {
  if (meanGapMs < frequencyBands.highBelowMs) return "high";
  return meanGapMs <= frequencyBands.mediumUpToMs ? "medium" : "low";
};
