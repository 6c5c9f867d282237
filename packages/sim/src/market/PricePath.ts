/**
 * The price a market's trades swing around, at every minute, as a pure function of the seed: several octaves of value noise, each a line drawn
 * between hashed points of a coarser and coarser grid. The slow octaves have their points on UTC midnights, so within one day they are
 * straight lines and a day's highest and lowest possible price are known without making its trades ({@link PricePath.dayBounds}).
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
const fastReach = fast.reduce((sum, [, amplitude]) => sum + amplitude, 0);

const octaves = [...slow, ...fast];
const periods = octaves.map(([period]) => period);
const amplitudes = octaves.map(([, amplitude]) => amplitude);

/** Trades stray from the path by at most this share, plus {@link strayTicks}. */
export const strayShare = 0.0003;
export const strayTicks = 8;

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
    const { reference, volatility, ticks } = this.spec;
    const first = this.noise(day * dayMinutes, slow.length);
    const last = this.noise((day + 1) * dayMinutes, slow.length);
    const high = reference * (1 + volatility * (Math.max(first, last) + fastReach)) * (1 + strayShare);
    const low = reference * (1 + volatility * (Math.min(first, last) - fastReach)) * (1 - strayShare);
    return { low: low - strayTicks * ticks.at(low), high: high + strayTicks * ticks.at(high) };
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
