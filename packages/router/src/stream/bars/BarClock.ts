/**
 * The exchange's clock as its trades show it, and how long after a boundary its last trades may still be on their way. Ours is the monotonic clock: a
 * step of the wall clock moves no boundary. Before the first trade that is told as it happens, the wall clock of the beginning stands in,
 * which is good enough for the place of the windows and for nothing that is claimed of them.
 */
import { LeastDifference } from "../LeastDifference.ts";

const spanMs = 60_000;
/** Lateness is remembered for this long and once more. */
const lateSpanMs = 30_000;
/** What the last trade said of the delay is forgotten after so long. */
const rememberMs = 10_000;
/** Room above the worst lateness seen. */
const room = 1.25;

export interface BarClockOptions {
  /** Both clocks at the beginning, milliseconds. */
  readonly wallMs: number;
  readonly nowMs: number;
  /** Bounds of the grace, milliseconds. */
  readonly leastGraceMs: number;
  readonly mostGraceMs: number;
}

export class BarClock {
  readonly #options: BarClockOptions;
  readonly #least = new LeastDifference(spanMs);
  /** Our clock less the exchange's, and a trade's ordinary way to us. */
  #difference: number;
  #isKnown = false;
  #excessMs = 0;
  #measuredMs = Number.NEGATIVE_INFINITY;
  #lateStartMs = Number.NEGATIVE_INFINITY;
  #worst = 0;
  #worstBefore = 0;

  constructor(options: BarClockOptions) {
    this.#options = options;
    this.#difference = options.nowMs - options.wallMs;
  }

  /** Some trade has shown the exchange's time. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** A trade that was told as it happened: the exchange's time of it, and the monotonic time at which it came. */
  measure(tradeTimeMs: number, nowMs: number): void {
    const difference = nowMs - tradeTimeMs;
    if (!this.#least.add(difference, nowMs)) return;
    this.#difference = this.#least.value;
    this.#isKnown = true;
    this.#excessMs = difference - this.#difference;
    this.#measuredMs = nowMs;
    if (nowMs - this.#lateStartMs >= lateSpanMs) {
      this.#worstBefore = nowMs - this.#lateStartMs < 2 * lateSpanMs ? this.#worst : 0;
      this.#worst = 0;
      this.#lateStartMs = nowMs;
    }
    this.#worst = Math.max(this.#worst, this.#excessMs);
  }

  /** The exchange's time of what comes at this moment without delay. */
  exchangeMs(nowMs: number): number {
    return nowMs - this.#difference;
  }

  /** When something that the exchange told at its time comes without delay. */
  monotonicMs(exchangeMs: number): number {
    return exchangeMs + this.#difference;
  }

  /** How late trades come now, as the last one said. */
  excessMs(nowMs: number): number {
    return nowMs - this.#measuredMs <= rememberMs ? this.#excessMs : 0;
  }

  /** How long after a boundary the trades before it may still come. */
  get graceMs(): number {
    const { leastGraceMs, mostGraceMs } = this.#options;
    return Math.min(mostGraceMs, Math.max(leastGraceMs, room * Math.max(this.#worst, this.#worstBefore)));
  }
}
