/**
 * The price a market's trades swing around, at every minute, as a pure function of the seed: several octaves of value noise, each a line drawn
 * between hashed points of a coarser and coarser grid. The slow octaves have their points on UTC midnights, so within one day they are
 * straight lines and a day's highest and lowest possible price are known without making its trades ({@link PricePath.bound}).
 */
import { hash3, unit } from "./Hash.ts";
import type { MarketSpec } from "./Catalogue.ts";

const dayMinutes = 1_440;

/** `[period in minutes, amplitude as a share of the reference price]`. */
const slow = [
  [256 * dayMinutes, 0.24],
  [64 * dayMinutes, 0.12],
  [16 * dayMinutes, 0.06],
  [4 * dayMinutes, 0.03],
  [dayMinutes, 0.015],
] as const;
const fast = [
  [360, 0.01],
  [90, 0.005],
  [20, 0.0025],
  [5, 0.0012],
] as const;
/** Lengths in minutes, each a part of the one before, with the octaves of `fast` from the same place on bending inside. */
export const stretches = [dayMinutes, 360, 90, 10, 1] as const;
/** How far the octaves that bend inside a stretch reach. */
const reaches = stretches.map((_, level) => fast.slice(level).reduce((sum, [, amplitude]) => sum + amplitude, 0));

const octaves = [...slow, ...fast];
const periods = octaves.map(([period]) => period);
const amplitudes = octaves.map(([, amplitude]) => amplitude);

/** Trades stray from the path by at most this share, then are rounded, and a sweep goes on by {@link longestSweep} ticks. */
export const strayShare = 0.0003;
export const longestSweep = 4;
const strayTicks = longestSweep + 1;

/** The path of one market. It remembers the grid cells last used, which changes its speed and never its answers. */
export class PricePath {
  readonly spec: MarketSpec;
  private readonly cells = new Float64Array(octaves.length).fill(Number.NaN);
  private readonly from = new Float64Array(octaves.length);
  private readonly to = new Float64Array(octaves.length);

  constructor(spec: MarketSpec) {
    this.spec = spec;
  }

  /** The price at the start of a minute, in the market's units, not rounded. `minute` counts from 1970. */
  at(minute: number): number {
    return this.spec.reference * (1 + this.spec.volatility * this.noise(minute, octaves.length));
  }

  /** No trade of the UTC day lies outside these prices. `day` counts from 1970. */
  dayBounds(day: number): { readonly low: number; readonly high: number } {
    return { low: this.bound(0, day * dayMinutes, -1), high: this.bound(0, day * dayMinutes, 1) };
  }

  /**
   * No trade of a stretch lies above (`sign` 1) or below (`sign` -1) this price. `level` is the place of its length in {@link stretches}, and
   * `from`, in minutes since 1970, a multiple of that length. Octaves with points only at its ends are straight lines in it.
   */
  bound(level: number, from: number, sign: 1 | -1): number {
    const { reference, volatility, ticks } = this.spec;
    const straight = slow.length + level;
    const first = sign * this.noise(from, straight);
    const last = sign * this.noise(from + (stretches[level] ?? 1), straight);
    const middle = reference * (1 + volatility * sign * (Math.max(first, last) + (reaches[level] ?? 0)));
    let price = middle * (1 + sign * strayShare);
    for (let i = 0; i < strayTicks; i++) price = sign === 1 ? ticks.up(price) : ticks.down(price);
    return price;
  }

  /** The sum of the first `count` octaves, each in [-amplitude, amplitude]. */
  private noise(minute: number, count: number): number {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const period = periods[i] ?? 1;
      const cell = Math.floor(minute / period);
      if (this.cells[i] !== cell) {
        this.cells[i] = cell;
        this.from[i] = unit(hash3(this.spec.seed, i, cell));
        this.to[i] = unit(hash3(this.spec.seed, i, cell + 1));
      }
      const from = this.from[i] ?? 0;
      const between = from + (((this.to[i] ?? 0) - from) * (minute - cell * period)) / period;
      sum += (amplitudes[i] ?? 0) * (2 * between - 1);
    }
    return sum;
  }
}
