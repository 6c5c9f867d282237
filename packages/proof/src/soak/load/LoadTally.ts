/** What a consumer under load was given, by the numbers of the frames. Pure. */

/** Of a kind of which only the newest matters: what came, and what it was told was replaced before it came. */
export class StateTally {
  /** The first number that came; what was before that was before the stream. */
  #first = Number.POSITIVE_INFINITY;
  #last = 0;
  #live = 0;
  #dropped = 0;

  live(number: number): void {
    if (number < this.#first) this.#first = number;
    if (number > this.#last) this.#last = number;
    this.#live++;
  }

  dropped(count: number): void {
    this.#dropped += count;
  }

  get last(): number {
    return this.#last;
  }

  /** Values that were replaced by newer ones of their market, as the consumer was told. */
  get conflated(): number {
    return this.#dropped;
  }

  /** Of so many that were sent: neither given nor told. Negative where more was given, or told, than there was. */
  unaccounted(sent: number): number {
    return sent - this.#first + 1 - this.#live - this.#dropped;
  }
}

/** Of trades, each of which must come exactly once. Grows by a bit for each. */
export class TradeTally {
  #seen = new Uint8Array(1 << 16);
  #first = Number.POSITIVE_INFINITY;
  #last = 0;
  #count = 0;
  #twice = 0;

  given(number: number): void {
    const byte = number >> 3;
    if (byte >= this.#seen.length) {
      const larger = new Uint8Array(Math.max(byte + 1, 2 * this.#seen.length));
      larger.set(this.#seen);
      this.#seen = larger;
    }
    const [held, bit] = [this.#seen[byte] ?? 0, 1 << (number & 7)];
    if ((held & bit) !== 0) this.#twice++;
    else this.#count++;
    this.#seen[byte] = held | bit;
    if (number < this.#first) this.#first = number;
    if (number > this.#last) this.#last = number;
  }

  get last(): number {
    return this.#last;
  }

  get twice(): number {
    return this.#twice;
  }

  /** Different ones. */
  get count(): number {
    return this.#count;
  }

  /** Of so many that were sent: those that did not come since the first that did. */
  lost(sent: number): number {
    return sent - this.#first + 1 - this.#count;
  }
}

/** How late values are, in windows of a quarter of a second. Holds a middle for each window of so long a run, and the values of one. */
export class LagWindows {
  readonly windowMicros = 250_000;
  readonly #medians: Float64Array;
  #windows = 0;
  #values: Array<number> = [];
  #endMicros = 0;

  /** Of a run of so many seconds; what comes later is not looked at. */
  constructor(seconds: number) {
    this.#medians = new Float64Array(Math.ceil((seconds * 1e6) / this.windowMicros));
  }

  /** A value that is so late, in microseconds, at a moment. A window in which nothing came is as late as what ended it. */
  late(lagMicros: number, nowMicros: number): void {
    if (this.#endMicros === 0) this.#endMicros = nowMicros + this.windowMicros;
    while (nowMicros >= this.#endMicros) {
      if (this.#windows < this.#medians.length) this.#medians[this.#windows] = middle(this.#values) ?? lagMicros;
      this.#windows++;
      this.#values = [];
      this.#endMicros += this.windowMicros;
    }
    // Ten thousand values of a window say as much as all.
    if (this.#values.length < 10_000) this.#values.push(lagMicros);
  }

  /** Windows that are over. */
  get windows(): number {
    return this.#windows;
  }

  /** Middles of the windows from one to before another, in microseconds. */
  between(from: number, to: number): ReadonlyArray<number> {
    return [...this.#medians.subarray(from, to)];
  }
}

const middle = (values: ReadonlyArray<number>): number | undefined => values.toSorted((a, b) => a - b)[values.length >> 1];

/** Windows in a row that must be as they should: one alone may be luck, and what comes after a second of them has another cause. */
const inARow = 4;

/** After how many of these windows lags are as they should be; all of them where they never are. */
export const recoveredAfter = (lags: ReadonlyArray<number>, boundMicros: number): number => {
  const first = lags.findIndex((_, at) => at + inARow <= lags.length && lags.slice(at, at + inARow).every((lag) => lag <= boundMicros));
  return first === -1 ? lags.length : first;
};

/** Growth over the time of the samples, in percent of their mean, by the line of least squares through the last two thirds of them. */
export const growthPercent = (samples: ReadonlyArray<number>): number => {
  const late = samples.slice(Math.floor(samples.length / 3));
  const mean = late.reduce((sum, value) => sum + value, 0) / late.length;
  const centre = (late.length - 1) / 2;
  const over = late.reduce((sum, value, i) => sum + (i - centre) * (value - mean), 0);
  const below = late.reduce((sum, _, i) => sum + (i - centre) ** 2, 0);
  return ((over / below) * (late.length - 1) * 100) / mean;
};
