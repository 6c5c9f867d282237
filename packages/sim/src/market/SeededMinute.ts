/**
 * The seeded trades of one minute, made when asked and not kept. They are written into one reused buffer, because a year of candles is a
 * million minutes: the buffer is valid until the next call. About every seventh trade continues the one before in the same millisecond, a
 * tick further on, as a large order does when it eats through a book. Two orders are at least two milliseconds apart, over the edges of
 * minutes too, so that between any two of them there is a moment at which the book can be seen.
 */
import type { MarketSpec } from "./Catalogue.ts";
import { hash2, Sequence } from "./Hash.ts";
import { longestSweep, type PricePath, strayShare } from "./PricePath.ts";
import type { TradeRow } from "./Trade.ts";

const minuteMs = 60_000;
/** No market may have more seeded trades than this in one minute: 100 a second at the most, half of that on average. */
export const maxPerMinute = 6_000;
/** Least time between two orders. */
const spacingMs = 2;
/** Where in a minute orders may lie. */
const [firstOffset, lastOffset] = [1, minuteMs - spacingMs];

/** The trades of the minute last made. */
export class MinuteBuffer {
  count = 0;
  readonly ms = new Float64Array(maxPerMinute);
  readonly n = new Int32Array(maxPerMinute);
  readonly price = new Float64Array(maxPerMinute);
  readonly size = new Float64Array(maxPerMinute);
  readonly bid = new Uint8Array(maxPerMinute);

  rows(): Array<TradeRow> {
    const rows: Array<TradeRow> = [];
    for (let i = 0; i < this.count; i++) {
      rows.push({ ms: this.ms[i] ?? 0, n: this.n[i] ?? 0, price: this.price[i] ?? 0, size: this.size[i] ?? 0, bid: this.bid[i] === 1 });
    }
    return rows;
  }
}

/** Fills `out` with the trades of `minute` (counted from 1970), in order. */
export const makeMinute = (path: PricePath, minute: number, out: MinuteBuffer): void => {
  const { spec } = path;
  const random = new Sequence(hash2(spec.seed ^ 0x7f4a7c15, minute));
  const count = Math.min(maxPerMinute, Math.floor(spec.rate * 2 * random.next() + random.next()));
  out.count = count;
  if (count === 0) return;
  const from = path.at(minute);
  const to = path.at(minute + 1);
  const slot = minuteMs / count;
  let sweep = 0;
  let earliest = firstOffset;
  for (let i = 0; i < count; i++) {
    if (i > 0 && (earliest > lastOffset || (sweep < longestSweep && random.next() < 0.15))) {
      sweep++;
      const before = i - 1;
      const bid = out.bid[before] === 1;
      const price = out.price[before] ?? 0;
      out.ms[i] = out.ms[before] ?? 0;
      out.n[i] = (out.n[before] ?? 0) + 1;
      out.bid[i] = bid ? 1 : 0;
      out.price[i] =
        random.next() < 0.5 || sweep > longestSweep
          ? price
          : bid
            ? spec.ticks.up(price)
            : Math.max(spec.ticks.down(price), spec.ticks.at(price));
    } else {
      sweep = 0;
      const offset = Math.min(lastOffset, Math.max(earliest, Math.floor((i + random.next()) * slot)));
      earliest = offset + spacingMs;
      const bid = random.next() < 0.5;
      const middle = from + ((to - from) * offset) / minuteMs;
      const stray = (bid ? strayShare : -strayShare) * random.next();
      out.ms[i] = minute * minuteMs + offset;
      out.n[i] = 0;
      out.bid[i] = bid ? 1 : 0;
      out.price[i] = spec.ticks.round(middle * (1 + stray));
    }
    out.size[i] = sizeOf(spec, random.next());
  }
};

/** A heavy tail: most trades are small, the largest about twelve times the ordinary. */
const sizeOf = (spec: MarketSpec, u: number): number => Math.max(1, Math.floor((spec.size * 0.02) / (0.0017 + u)));

/** The largest size {@link makeMinute} can give; sums over a minute must stay exact integers. */
export const largestSize = (spec: MarketSpec): number => sizeOf(spec, 0);
