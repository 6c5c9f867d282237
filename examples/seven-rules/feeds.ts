/** The candles that the rules look at, and how many of them warm the rules up: the one that looks back furthest needs 21. */
import type { Candle } from "@naru/router";

export type CandleFeed = "1m" | "5m" | "15m";

/** Shortest first. */
export const candleFeeds: ReadonlyArray<CandleFeed> = ["1m", "5m", "15m"];

/** Length of a window in milliseconds. */
export const lengthMs: Readonly<Record<CandleFeed, number>> = { "1m": 60_000, "5m": 300_000, "15m": 900_000 };

/** Closed candles of before. */
export const historyCount: Readonly<Record<CandleFeed, number>> = { "1m": 30, "5m": 30, "15m": 4 };

/** When the window of a candle ends. The rules are given no candles of another length. */
export const endMs = ({ interval, openTimeMs }: Candle): number => {
  const feed = candleFeeds.find((one) => one === interval);
  if (feed === undefined) throw new RangeError(`no rule looks at candles of ${interval}`);
  return openTimeMs + lengthMs[feed];
};
