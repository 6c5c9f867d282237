/** The questions and streams of `MarketData` under their names, over whoever answers them: the router alone, or what stands around it. */
import type * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import * as ask from "./ask.ts";
import type { Asker } from "./Asker.ts";
import { one, oneOrMany } from "./calls.ts";
import { isBar } from "./domain/Bar.ts";
import type { MarketData } from "./MarketData.ts";
import type { RouterConfigShape } from "./RouterConfig.ts";
import type { JoinedCandles } from "./joinedCandles.ts";
import { type Streaming, valuesOf } from "./streaming.ts";

type Doors<Names extends keyof MarketData["Service"]> = Pick<MarketData["Service"], Names>;

export const questionsTo = (
  asker: Pick<Asker, "begin">,
  config: RouterConfigShape,
  clock: Clock.Clock,
): Doors<"getTicker" | "getOrderbook" | "getTrades" | "getCandles"> => ({
  getTicker: oneOrMany(asker, (market, intent) => ask.tickerQuestion(market, intent, config), {}),
  getOrderbook: oneOrMany(asker, (market, options) => ask.orderbookQuestion(market, options, config), {}),
  getTrades: (market, options = {}) => one(asker, ask.tradesQuestion(market, options, config)),
  getCandles: (market, interval, options = {}) =>
    Effect.suspend(() => one(asker, ask.candlesQuestion(market, interval, options, config, clock.currentTimeMillisUnsafe()))),
});

export const streamsOf = (
  streams: Streaming,
  candles: JoinedCandles,
): Doors<
  | "streamTicker"
  | "streamOrderbook"
  | "streamTrades"
  | "streamCandles"
  | "streamTickerEvents"
  | "streamOrderbookEvents"
  | "streamTradesEvents"
  | "streamCandlesEvents"
  | "streamBars"
  | "streamBarsEvents"
  | "streamTickerDeltas"
  | "streamOrderbookDeltas"
> => ({
  streamTicker: (markets, options = {}) => streams.values("ticker", markets, options),
  streamOrderbook: (markets, options = {}) => streams.values("orderbook", markets, options),
  streamTrades: (markets, options = {}) => streams.values("trades", markets, options),
  streamCandles: (markets, interval, options = {}) => valuesOf(candles(markets, interval, options), options.onGap ?? "fail"),
  streamTickerEvents: (markets, options = {}) => streams.events("ticker", markets, options),
  streamOrderbookEvents: (markets, options = {}) => streams.events("orderbook", markets, options),
  streamTradesEvents: (markets, options = {}) => streams.events("trades", markets, options),
  streamCandlesEvents: (markets, interval, options = {}) => candles(markets, interval, options),
  streamBars: (markets, interval, options = {}) => Stream.filter(streams.bars(markets, interval, options), isBar),
  streamBarsEvents: (markets, interval, options = {}) => streams.bars(markets, interval, options),
  streamTickerDeltas: (markets, options = {}) => streams.deltas("ticker", markets, options),
  streamOrderbookDeltas: (markets, options = {}) => streams.deltas("orderbook", markets, options),
});
