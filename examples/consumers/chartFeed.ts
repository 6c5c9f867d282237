/**
 * A chart viewer's feed: bars by the time they open, the newest in progress. A bar that comes again, because it went on, ended or was corrected, takes its
 * own place, so nothing has to be joined by hand. A chart shows what there is: it asks as `monitoring`.
 */
import { type Candle, getCandles, streamCandles } from "@naru/router";
import { Effect } from "effect";
import type { Consumer } from "./consume.ts";

export type Bars = ReadonlyMap<number, Candle>;

/** The last `width` minutes of a market. */
export const chartFeed = (market: string, width: number): Consumer<Bars, Candle> => ({
  past: Effect.map(getCandles(market, "1m", { count: width, context: "monitoring" }), ({ value }) => value),
  live: streamCandles(market, "1m", { onGap: "skip" }),
  start: new Map(),
  step: (bars, bar) => Effect.sync(() => lastBars(new Map(bars).set(bar.openTimeMs, bar), width)),
});

const lastBars = (bars: Bars, width: number): Bars => new Map([...bars].toSorted(([a], [b]) => a - b).slice(-width));
