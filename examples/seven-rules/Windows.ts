/**
 * The candles that the trades of a market make, for as far as the trades are known. The exchange sends a candle at most once a second, and no
 * last time at its end: what traded in the last moments of a window may be in no frame of it. The stream of trades has it, so a closed candle
 * is completed from there before a rule sees it. Immutable, like the machines.
 */
import type { Candle, Decimal, Trade } from "@naru/router";
import { type CandleFeed, candleFeeds, lengthMs } from "./feeds.ts";

type Figures = Pick<Candle, "openTimeMs" | "open" | "high" | "low" | "close" | "volume" | "value" | "lastTradeTimeMs">;

export interface Windows {
  /** From here on every trade is known; the windows that began before are known in part. */
  readonly sinceMs: number;
  readonly open: Readonly<Partial<Record<CandleFeed, Figures>>>;
}

export const noWindows: Windows = { sinceMs: Number.POSITIVE_INFINITY, open: {} };

/** Trades are missing up to here. */
export const withHole = (atMs: number): Windows => ({ sinceMs: atMs, open: {} });

export const withTrade = ({ sinceMs, open }: Windows, trade: Trade): Windows => ({
  sinceMs: Math.min(sinceMs, trade.tradeTimeMs),
  open: Object.fromEntries(candleFeeds.map((feed) => [feed, grown(open[feed], trade, lengthMs[feed])])),
});

/** The candle as its trades say. Of a window known in part, only what its last trades can change; its volume stays as it was told. */
export const completed = ({ sinceMs, open }: Windows, candle: Candle): Candle => {
  const known = candleFeeds.map((feed) => (feed === candle.interval ? open[feed] : undefined)).find((figures) => figures !== undefined);
  if (known === undefined || known.openTimeMs !== candle.openTimeMs) return candle;
  if (known.openTimeMs > sinceMs) return { ...candle, ...known };
  const { close, lastTradeTimeMs } = known;
  return { ...candle, high: higher(candle.high, known.high), low: lower(candle.low, known.low), close, lastTradeTimeMs };
};

const grown = (before: Figures | undefined, { price, tradeTimeMs, volume }: Trade, length: number): Figures => {
  const openTimeMs = Math.floor(tradeTimeMs / length) * length;
  const value = price.times(volume);
  if (before?.openTimeMs !== openTimeMs)
    return { openTimeMs, open: price, high: price, low: price, close: price, volume, value, lastTradeTimeMs: tradeTimeMs };
  return {
    ...before,
    high: higher(before.high, price),
    low: lower(before.low, price),
    close: price,
    volume: before.volume.plus(volume),
    value: before.value.plus(value),
    lastTradeTimeMs: tradeTimeMs,
  };
};

const higher = (a: Decimal, b: Decimal): Decimal => (a.compare(b) >= 0 ? a : b);
const lower = (a: Decimal, b: Decimal): Decimal => (a.compare(b) <= 0 ? a : b);
