/**
 * One window of one market, added up from its trades: first, highest, lowest and last price, and exact sums. The exchange orders by time, and trades
 * of one millisecond as it told them; one that comes late finds its place by its time, and within a millisecond by its id.
 */
import type { Candle, CandleState } from "../../domain/Candle.ts";
import type { Decimal } from "../../domain/Decimal.ts";
import type { Interval } from "../../domain/Interval.ts";
import type { Trade } from "../../domain/Trade.ts";

export class BarWindow {
  #first: Trade;
  #last: Trade;
  #high: Decimal;
  #low: Decimal;
  #volume: Decimal;
  #value: Decimal;

  constructor(trade: Trade) {
    this.#first = trade;
    this.#last = trade;
    this.#high = trade.price;
    this.#low = trade.price;
    this.#volume = trade.volume;
    this.#value = trade.price.times(trade.volume);
  }

  /** Takes in another trade of the window. Each once: what gives them has seen to that. */
  add(trade: Trade, isLate: boolean): void {
    const { price, volume } = trade;
    if (price.compare(this.#high) > 0) this.#high = price;
    if (price.compare(this.#low) < 0) this.#low = price;
    this.#volume = this.#volume.plus(volume);
    this.#value = this.#value.plus(price.times(volume));
    if (trade.tradeTimeMs < this.#first.tradeTimeMs || (isLate && isBefore(trade, this.#first))) this.#first = trade;
    if (trade.tradeTimeMs > this.#last.tradeTimeMs || (trade.tradeTimeMs === this.#last.tradeTimeMs && !isLate)) this.#last = trade;
    else if (isLate && isBefore(this.#last, trade)) this.#last = trade;
  }

  candle(interval: Interval, openTimeMs: number, state: CandleState): Candle {
    return {
      market: this.#first.market,
      interval,
      openTimeMs,
      open: this.#first.price,
      high: this.#high,
      low: this.#low,
      close: this.#last.price,
      volume: this.#volume,
      value: this.#value,
      lastTradeTimeMs: this.#last.tradeTimeMs,
      state,
      proof: "trades",
    };
  }
}

const isBefore = (a: Trade, b: Trade): boolean =>
  a.tradeTimeMs < b.tradeTimeMs ||
  (a.tradeTimeMs === b.tradeTimeMs && (a.id.length < b.id.length || (a.id.length === b.id.length && a.id < b.id)));
