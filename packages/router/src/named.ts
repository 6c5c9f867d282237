/** The questions and streams of `MarketData` under their names, over whoever answers them: the router alone, or what stands around it. */
import type * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as ask from "./ask.ts";
import type { Asker } from "./Asker.ts";
import type { CoveredColumns } from "./cache/CandleColumns.ts";
import { one, oneOrMany } from "./calls.ts";
import type { Answer } from "./domain/Answer.ts";
import type { MarketDataError } from "./errors/MarketDataError.ts";
import type { MarketData } from "./MarketData.ts";
import type { RouterConfigShape } from "./RouterConfig.ts";
import type { Streaming } from "./streaming.ts";

type Doors<Names extends keyof MarketData["Service"]> = Pick<MarketData["Service"], Names>;

export const questionsTo = (
  asker: Pick<Asker, "begin">,
  config: RouterConfigShape,
  clock: Clock.Clock,
): Doors<"getTicker" | "getOrderbook" | "getTrades" | "getCandles" | "getCandleColumns"> => ({
  getTicker: oneOrMany(asker, (market, intent) => ask.tickerQuestion(market, intent, config), {}),
  getOrderbook: oneOrMany(asker, (market, options) => ask.orderbookQuestion(market, options, config), {}),
  getTrades: (market, options = {}) => {
    const asked = () => one(asker, ask.tradesQuestion(market, options, config, clock.currentTimeMillisUnsafe()));
    // Only moments are held against the present.
    return options.from === undefined && options.to === undefined ? asked() : Effect.suspend(asked);
  },
  getCandles: (market, interval, options = {}) =>
    Effect.suspend(() => one(asker, ask.candlesQuestion(market, interval, options, config, clock.currentTimeMillisUnsafe()))),
  getCandleColumns: (market, interval, options = {}) =>
    Effect.suspend(() => {
      const asked = one(asker, ask.candleColumnsQuestion(market, interval, options, config, clock.currentTimeMillisUnsafe()));
      // A question for columns is answered with them.
      return asked as unknown as Effect.Effect<Answer<CoveredColumns>, MarketDataError>;
    }),
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
