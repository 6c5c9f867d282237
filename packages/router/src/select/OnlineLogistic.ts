/**
 * Logistic regression that learns one example at a time: the chance of something, from a few numbers that speak for it or against it. Pure state,
 * the same for the same examples in the same order; a fixed number of weights is all it ever keeps. Weights are bounded, so that no run of odd
 * examples can drive the chance to where nothing brings it back.
 */
export class OnlineLogistic {
  readonly #weights: Float64Array;
  /** Squares of the steps so far: a number that has often moved its weight moves it less from then on (AdaGrad). */
  readonly #moved: Float64Array;
  readonly #rate: number;

  /** `weights`: what is believed before the first example, one for each number. */
  constructor(weights: ReadonlyArray<number>, rate = 0.2) {
    this.#weights = Float64Array.from(weights);
    this.#moved = new Float64Array(weights.length).fill(1);
    this.#rate = rate;
  }

  /** The chance, 0 to 1. As many numbers as there are weights. */
  chance(numbers: Float64Array): number {
    let sum = 0;
    for (let i = 0; i < this.#weights.length; i++) sum += (this.#weights[i] ?? 0) * (numbers[i] ?? 0);
    return 1 / (1 + Math.exp(-sum));
  }

  /** It happened, or did not. */
  learn(numbers: Float64Array, happened: boolean): void {
    const error = (happened ? 1 : 0) - this.chance(numbers);
    for (let i = 0; i < this.#weights.length; i++) {
      const step = error * (numbers[i] ?? 0);
      const moved = (this.#moved[i] ?? 1) + step * step;
      this.#moved[i] = moved;
      const weight = (this.#weights[i] ?? 0) + (this.#rate * step) / Math.sqrt(moved);
      this.#weights[i] = Math.min(maxWeight, Math.max(-maxWeight, weight));
    }
  }
}

const maxWeight = 12;
