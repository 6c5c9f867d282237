/** The questions and streams of `MarketData` under their names, over whoever answers them: the router alone, or what stands around it. */
import type * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as ask from "./ask.ts";
import type { Asker } from "./Asker.ts";
import { one, oneOrMany } from "./calls.ts";
import type { MarketData } from "./MarketData.ts";
import type { RouterConfigShape } from "./RouterConfig.ts";
import type { Streaming } from "./streaming.ts";
import { listened } from "./tiers/candleProgress.ts";

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
    listened(
      Effect.suspend(() => one(asker, ask.candlesQuestion(market, interval, options, config, clock.currentTimeMillisUnsafe()))),
      options.onProgress,
    ),
});

export const streamsOf = (
  streams: Streaming,
): Doors<
  | "streamTicker"
  | "streamOrderbook"
  | "streamTrades"
  | "streamCandles"
  | "streamTickerEvents"
  | "streamOrderbookEvents"
  | "streamTradesEvents"
  | "streamCandlesEvents"
  | "streamTickerDeltas"
  | "streamOrderbookDeltas"
> => ({
  streamTicker: (markets, options = {}) => streams.values("ticker", markets, options),
  streamOrderbook: (markets, options = {}) => streams.values("orderbook", markets, options),
  streamTrades: (markets, options = {}) => streams.values("trades", markets, options),
  streamCandles: (markets, interval, options = {}) => streams.values("candles", markets, { ...options, interval }),
  streamTickerEvents: (markets, options = {}) => streams.events("ticker", markets, options),
  streamOrderbookEvents: (markets, options = {}) => streams.events("orderbook", markets, options),
  streamTradesEvents: (markets, options = {}) => streams.events("trades", markets, options),
  streamCandlesEvents: (markets, interval, options = {}) => streams.events("candles", markets, { ...options, interval }),
  streamTickerDeltas: (markets, options = {}) => streams.deltas("ticker", markets, options),
  streamOrderbookDeltas: (markets, options = {}) => streams.deltas("orderbook", markets, options),
});
