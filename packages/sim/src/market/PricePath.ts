/**
 * The price a market's trades swing around, at every minute, as a pure function of the seed: several octaves of value noise, each a line drawn
 * between hashed points of a coarser and coarser grid. The slow octaves have their points on UTC midnights, so within one day they are
 * straight lines and a day's highest and lowest possible price are known without making its trades ({@link dayBounds}).
 */
import { hash3, unit } from "./Hash.ts";
import type { MarketSpec } from "./Catalogue.ts";

const minuteMs = 60_000;
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

/** Trades stray from the path by at most this share, plus {@link strayTicks}. */
export const strayShare = 0.0003;
export const strayTicks = 8;

/** The path's price at the start of a minute, in the market's units, not rounded. `minute` counts from 1970. */
export const pathAt = (spec: MarketSpec, minute: number): number =>
  spec.reference * (1 + spec.volatility * (noise(spec.seed, minute, slow, 0) + noise(spec.seed, minute, fast, 16)));

/** No trade of the UTC day lies outside these prices. `day` counts from 1970. */
export const dayBounds = (spec: MarketSpec, day: number): { readonly low: number; readonly high: number } => {
  const first = noise(spec.seed, day * dayMinutes, slow, 0);
  const last = noise(spec.seed, (day + 1) * dayMinutes, slow, 0);
  const high = spec.reference * (1 + spec.volatility * (Math.max(first, last) + fastReach)) * (1 + strayShare);
  const low = spec.reference * (1 + spec.volatility * (Math.min(first, last) - fastReach)) * (1 - strayShare);
  return { low: low - strayTicks * spec.ticks.at(low), high: high + strayTicks * spec.ticks.at(high) };
};

export const minuteOf = (ms: number): number => Math.floor(ms / minuteMs);

const noise = (seed: number, minute: number, octaves: ReadonlyArray<readonly [number, number]>, salt: number): number => {
  let sum = 0;
  for (let i = 0; i < octaves.length; i++) {
    const octave = octaves[i];
    if (octave === undefined) continue;
    const cell = Math.floor(minute / octave[0]);
    const from = unit(hash3(seed, salt + i, cell));
    const to = unit(hash3(seed, salt + i, cell + 1));
    sum += octave[1] * (2 * (from + ((to - from) * (minute - cell * octave[0])) / octave[0]) - 1);
  }
  return sum;
};
