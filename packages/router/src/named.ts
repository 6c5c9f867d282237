/** The questions and streams of `MarketData` under their names, over whoever answers them: the router alone, or what stands around it. */
import type * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import * as ask from "./ask.ts";
import type { Asker } from "./Asker.ts";
import type { CoveredColumns } from "./domain/CandleColumns.ts";
import { one, oneOrMany } from "./calls.ts";
import type { Answer } from "./domain/Answer.ts";
import { isBar } from "./domain/Bar.ts";
import { InvalidRequest, type MarketDataError } from "./errors/MarketDataError.ts";
import type { MarketData } from "./MarketData.ts";
import type { Rolling24h } from "./rolling24h.ts";
import type { RouterConfigShape } from "./RouterConfig.ts";
import type { JoinedCandles } from "./joinedCandles.ts";
import { type Streaming, valuesOf } from "./streaming.ts";
import { listened } from "./tiers/candleProgress.ts";

type Doors<Names extends keyof MarketData["Service"]> = Pick<MarketData["Service"], Names>;

export const questionsTo = (
  asker: Pick<Asker, "begin">,
  rolling: Rolling24h,
  config: RouterConfigShape,
  clock: Clock.Clock,
): Doors<"getTicker" | "getOrderbook" | "getTrades" | "getCandles" | "getCandleColumns"> => ({
  getTicker: tickersOf(
    oneOrMany(asker, (market, options) => ask.tickerQuestion(market, options, config), {}),
    oneOrMany(rolling.asker, (market, options) => ask.tickerQuestion(market, options, config), {}),
  ),
  getOrderbook: oneOrMany(asker, (market, options) => ask.orderbookQuestion(market, options, config), {}),
  getTrades: (market, options = {}) => {
    const asked = () => one(asker, ask.tradesQuestion(market, options, config, clock.currentTimeMillisUnsafe()));
    // Only moments are held against the present.
    return options.from === undefined && options.to === undefined ? asked() : Effect.suspend(asked);
  },
  getCandles: (market, interval, options = {}) =>
    listened(
      Effect.suspend(() => one(asker, ask.candlesQuestion(market, interval, options, config, clock.currentTimeMillisUnsafe()))),
      options.onProgress,
    ),
  getCandleColumns: (market, interval, options = {}) =>
    listened(
      Effect.suspend(() => {
        const asked = one(asker, ask.candleColumnsQuestion(market, interval, options, config, clock.currentTimeMillisUnsafe()));
        // A question for columns is answered with them.
        return asked as unknown as Effect.Effect<Answer<CoveredColumns>, MarketDataError>;
      }),
      options.onProgress,
    ),
});

/** Who does not ask for rolling figures pays nothing for them. The cast joins the two forms again. */
const tickersOf = (
  plain: MarketData["Service"]["getTicker"],
  rolled: MarketData["Service"]["getTicker"],
): MarketData["Service"]["getTicker"] =>
  ((markets: string, options?: ask.TickerOptions) =>
    options?.rolling24h === true ? rolled(markets, options) : plain(markets, options)) as MarketData["Service"]["getTicker"];

export const streamsOf = (
  streams: Streaming,
  rolling: Rolling24h,
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
  streamTicker: (markets, options = {}) => rolledWhere(options, streams.values("ticker", markets, options), rolling.tickers),
  streamOrderbook: (markets, options = {}) => streams.values("orderbook", markets, options),
  streamTrades: (markets, options = {}) => streams.values("trades", markets, options),
  streamCandles: (markets, interval, options = {}) => valuesOf(candles(markets, interval, options), options.onGap ?? "fail"),
  streamTickerEvents: (markets, options = {}) => rolledWhere(options, streams.events("ticker", markets, options), rolling.elements),
  streamOrderbookEvents: (markets, options = {}) => streams.events("orderbook", markets, options),
  streamTradesEvents: (markets, options = {}) => streams.events("trades", markets, options),
  streamCandlesEvents: (markets, interval, options = {}) => candles(markets, interval, options),
  streamBars: (markets, interval, options = {}) => Stream.filter(streams.bars(markets, interval, options), isBar),
  streamBarsEvents: (markets, interval, options = {}) => streams.bars(markets, interval, options),
  streamTickerDeltas: (markets, options = {}) => streams.deltas("ticker", markets, options),
  streamOrderbookDeltas: (markets, options = {}) => streams.deltas("orderbook", markets, options),
});

const rolledWhere = <A>(
  { rolling24h = false }: ask.RollingOptions,
  stream: Stream.Stream<A, MarketDataError>,
  rolled: (stream: Stream.Stream<A, MarketDataError>) => Stream.Stream<A, MarketDataError>,
): Stream.Stream<A, MarketDataError> => {
  if (typeof rolling24h === "boolean") return rolling24h ? rolled(stream) : stream;
  return Stream.fail(new InvalidRequest({ field: "rolling24h", input: String(rolling24h), reason: "is neither true nor false" }));
};
