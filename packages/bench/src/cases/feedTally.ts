/** What a client of a feed was given: numbers of frames, how late they are, and what it was told is missing. Pure; fed by the clients. */
import { firstNumber } from "./feedPlan.ts";

export interface FeedReading {
  /** Values that reached the consumer. */
  readonly delivered: number;
  /** Values that it was told it did not get. */
  readonly dropped: number;
  /** Frames that came in, whether or not they reached it. */
  readonly handled: number;
  /** Late, in microseconds, of those that say so. */
  readonly lags: ReadonlyArray<number>;
}

export class FeedTally {
  #delivered = 0;
  #dropped = 0;
  #first = Number.POSITIVE_INFINITY;
  #last = 0;
  #handled: number | undefined;
  #lags: Array<number> = [];
  #every: number;

  /** One in so many lags is kept. */
  constructor(every: number) {
    this.#every = every;
  }

  get delivered(): number {
    return this.#delivered;
  }

  /** Frames that came in since the last {@link take}. */
  get handledSoFar(): number {
    return this.#handled ?? (this.#last >= this.#first ? this.#last - this.#first + 1 : 0);
  }

  /** A value with its number; a client that cannot see it (NaN) says how many were handled. */
  value(number: number, lagMicros?: number): void {
    if (number < this.#first) this.#first = number;
    if (number > this.#last) this.#last = number;
    if (lagMicros !== undefined && this.#delivered % this.#every === 0) this.#lags.push(lagMicros);
    this.#delivered++;
  }

  dropped(count: number): void {
    this.#dropped += count;
  }

  handled(count: number): void {
    this.#handled = (this.#handled ?? 0) + count;
  }

  /** Everything since the last call. */
  take(): FeedReading {
    const taken = { delivered: this.#delivered, dropped: this.#dropped, handled: this.handledSoFar, lags: this.#lags };
    this.#delivered = this.#dropped = 0;
    if (this.#handled !== undefined) this.#handled = 0;
    this.#first = Number.POSITIVE_INFINITY;
    this.#last = 0;
    this.#lags = [];
    return taken;
  }
}

/** The number that the id of a trade carries, from any beginning: ids grow by one. */
export const numberOfTrade = (id: string): number => firstNumber + Number(BigInt(id) % 1_000_000_000_000n);
