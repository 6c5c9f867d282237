/**
 * What a run of trades adds up to: first, highest, lowest and last price, and exact sums. Folding is associative, so an hour is the fold of its
 * minutes and a year the fold of its days, to the last digit. Sums are bigints: volume in 1e-8 of the base, money in 10^-(decimals + 8) of
 * the quote currency.
 */
import type { MinuteBuffer } from "./SeededMinute.ts";
import type { TapePoint, TradeRow } from "./Trade.ts";

export interface Fold {
  readonly count: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** The last trade's place. */
  readonly last: TapePoint;
  readonly volume: bigint;
  /** The part of `volume` where the taker bought. */
  readonly bidVolume: bigint;
  readonly money: bigint;
}

/** Splits a size so that price × part stays a safe integer. */
const part = 1_000_000;
/** So many trades at most are summed in plain numbers, and only up to this sum, then carried over into bigints. */
export const batch = 32;
export const plainLimit = 4e15;
/** A batch of prices up to this one, each times {@link part}, is exact. */
export const plainPrice = 2.5e8;

/** Collects trades and folds, in order. One is used for one fold and thrown away. */
export class FoldBuilder {
  private count = 0;
  private open = 0;
  private high = 0;
  private low = 0;
  private close = 0;
  private ms = 0;
  private n = 0;
  private volume = 0n;
  private bidVolume = 0n;
  private money = 0n;
  /** Trades whose sums wait in plain numbers: volumes, and money in `coarse` × `part` + `fine`. */
  private pending = 0;
  private plainVolume = 0;
  private plainBidVolume = 0;
  private coarse = 0;
  private fine = 0;

  addFold(fold: Fold | undefined): void {
    if (fold === undefined) return;
    this.price(fold.open, fold.high, fold.low, fold.close);
    this.count += fold.count;
    this.ms = fold.last.ms;
    this.n = fold.last.n;
    this.volume += fold.volume;
    this.bidVolume += fold.bidVolume;
    this.money += fold.money;
  }

  addTrade(trade: TradeRow): void {
    const { price, size } = trade;
    this.price(price, price, price, price);
    this.count++;
    this.ms = trade.ms;
    this.n = trade.n;
    if (price <= plainPrice && size <= plainLimit && (price * size) / part <= plainLimit) return this.add(price, size, trade.bid);
    // Only a script has such trades.
    this.volume += BigInt(size);
    if (trade.bid) this.bidVolume += BigInt(size);
    this.money += BigInt(price) * BigInt(size);
  }

  /** A whole seeded minute. Sums run in plain numbers, which the catalogue keeps small enough to be exact for {@link batch} trades. */
  addMinute(minute: MinuteBuffer): void {
    const last = minute.count - 1;
    if (last < 0) return;
    for (let i = 0; i <= last; i++) {
      const price = minute.price[i] ?? 0;
      const size = minute.size[i] ?? 0;
      this.price(price, price, price, price);
      this.count++;
      this.add(price, size, minute.bid[i] === 1);
    }
    this.ms = minute.ms[last] ?? 0;
    this.n = minute.n[last] ?? 0;
  }

  /** `undefined` when nothing was added. */
  build(): Fold | undefined {
    if (this.count === 0) return undefined;
    this.carry();
    const { count, open, high, low, close, volume, bidVolume, money } = this;
    return { count, open, high, low, close, last: { ms: this.ms, n: this.n }, volume, bidVolume, money };
  }

  private add(price: number, size: number, bid: boolean): void {
    const high = Math.floor(size / part);
    this.plainVolume += size;
    if (bid) this.plainBidVolume += size;
    this.coarse += price * high;
    this.fine += price * (size - high * part);
    if (++this.pending === batch || this.plainVolume > plainLimit || this.coarse > plainLimit) this.carry();
  }

  /** From plain numbers into bigints. */
  private carry(): void {
    this.volume += BigInt(this.plainVolume);
    this.bidVolume += BigInt(this.plainBidVolume);
    this.money += BigInt(this.coarse) * BigInt(part) + BigInt(this.fine);
    this.pending = this.plainVolume = this.plainBidVolume = this.coarse = this.fine = 0;
  }

  private price(open: number, high: number, low: number, close: number): void {
    if (this.count === 0) {
      this.open = open;
      this.high = high;
      this.low = low;
    } else {
      if (high > this.high) this.high = high;
      if (low < this.low) this.low = low;
    }
    this.close = close;
  }
}
