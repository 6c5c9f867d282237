/**
 * The last outcomes of one way to an answer: how long each took, whether it brought one, and when that was. A ring of fixed size on monotonic
 * milliseconds; taking an outcome in costs a few writes, and the figures are worked out when somebody asks and kept until the next outcome.
 */
import { percentile } from "../health/RecentValues.ts";

/** Outcomes remembered: old ones are gone after as many new ones, so a change is seen whole within that many. */
export const samplesKept = 20;

export interface SampleFigures {
  /** Of answers, in milliseconds; null before the first. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly leastMs: number | null;
  /** The middle of the last five answers, which follows a change within three; null before the first. */
  readonly recentMs: number | null;
  /** Share of answers among the last seven outcomes; null before the first. */
  readonly recentSuccess: number | null;
  /** Share of the outcomes that were answers, 0 to 1; null before the first outcome. */
  readonly success: number | null;
  /** Mean of how old the answers were when they were given, in milliseconds; null where nothing is known. */
  readonly meanAgeMs: number | null;
  readonly meanMs: number | null;
  readonly samples: number;
}

const recentAnswers = 5;
const recentOutcomes = 7;

const nothing: SampleFigures = {
  p50Ms: null,
  p95Ms: null,
  leastMs: null,
  recentMs: null,
  recentSuccess: null,
  success: null,
  meanAgeMs: null,
  meanMs: null,
  samples: 0,
};

export class Samples {
  readonly #tookMs = new Float64Array(samplesKept);
  /** NaN for a failure. */
  readonly #ageMs = new Float64Array(samplesKept);
  readonly #answered = new Uint8Array(samplesKept);
  #count = 0;
  #lastMs = Number.NEGATIVE_INFINITY;
  #figures: SampleFigures | undefined = nothing;

  /** When the last outcome was taken in; -Infinity before the first. */
  get lastMs(): number {
    return this.#lastMs;
  }

  get size(): number {
    return Math.min(this.#count, samplesKept);
  }

  /** It brought an answer after `tookMs`, which was `ageMs` old. */
  answered(tookMs: number, ageMs: number, nowMs: number): void {
    this.#add(1, tookMs, ageMs, nowMs);
  }

  /** It brought none. */
  failed(nowMs: number): void {
    this.#add(0, 0, Number.NaN, nowMs);
  }

  figures(): SampleFigures {
    return (this.#figures ??= this.#measure());
  }

  #add(answered: 0 | 1, tookMs: number, ageMs: number, nowMs: number): void {
    const slot = this.#count % samplesKept;
    this.#answered[slot] = answered;
    this.#tookMs[slot] = tookMs;
    this.#ageMs[slot] = ageMs;
    this.#count++;
    this.#lastMs = nowMs;
    this.#figures = undefined;
  }

  #measure(): SampleFigures {
    let answers = 0;
    let ages = 0;
    let ageSum = 0;
    let timeSum = 0;
    let recentlyAnswered = 0;
    const first = this.#count - this.size;
    for (let at = first; at < this.#count; at++) {
      const slot = at % samplesKept;
      if (this.#answered[slot] !== 1) continue;
      if (at >= this.#count - recentOutcomes) recentlyAnswered++;
      const tookMs = this.#tookMs[slot] ?? 0;
      timesScratch[answers++] = tookMs;
      timeSum += tookMs;
      const age = this.#ageMs[slot] ?? Number.NaN;
      if (Number.isNaN(age)) continue;
      ages++;
      ageSum += age;
    }
    const times = timesScratch.subarray(0, answers);
    recentScratch.set(times.subarray(-recentAnswers));
    const recent = recentScratch.subarray(0, Math.min(answers, recentAnswers)).sort();
    times.sort();
    return {
      p50Ms: percentile(times, 0.5),
      p95Ms: percentile(times, 0.95),
      leastMs: times[0] ?? null,
      recentMs: percentile(recent, 0.5),
      recentSuccess: this.size === 0 ? null : recentlyAnswered / Math.min(this.size, recentOutcomes),
      success: this.size === 0 ? null : answers / this.size,
      meanAgeMs: ages === 0 ? null : ageSum / ages,
      meanMs: answers === 0 ? null : timeSum / answers,
      samples: this.size,
    };
  }
}

/** Where figures are worked out, a call at a time: every REST answer has some worked out, and lists of their own were an eighth of what it allocated. */
const timesScratch = new Float64Array(samplesKept);
const recentScratch = new Float64Array(recentAnswers);
