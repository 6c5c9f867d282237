/** The pipeline's public names. Start at `MarketData`. */
export { Attempt, MarketDataError, errorTags } from "./errors/MarketDataError.ts";
export {
  CircuitOpen,
  Closed,
  ConfigError,
  DataUnavailable,
  DecodeError,
  InvalidRequest,
  MarketUnknown,
  NetworkError,
  NeverTraded,
  Overloaded,
  RateLimited,
  SlowConsumer,
  StaleData,
  StorageError,
  StreamGap,
  TimeoutError,
  Unauthorized,
  UpstreamError,
} from "./errors/MarketDataError.ts";
export { RefusalReason, TradeRefused } from "./errors/TradeRefused.ts";
export { Alert, alertText } from "./alerts/Alert.ts";
export { Alerts } from "./alerts/Alerts.ts";
export { type AlertSink, AlertSinks, consoleSink, logSink, SinkFailure } from "./alerts/AlertSink.ts";
export type { WebhookTarget } from "./alerts/webhooks.ts";
export { type Answer, type Answers, answerToJson, errorToJson, rowToJson, type ValueOf } from "./domain/Answer.ts";
export type { Bar, BarCorrection, BarElement, BarMarkets, BarOptions, Unproved } from "./domain/Bar.ts";
export { Candle, CandleProof, CandleState } from "./domain/Candle.ts";
export { Decimal } from "./domain/Decimal.ts";
export { Interval, intervals, parseInterval } from "./domain/Interval.ts";
export { Market, MarketInfo, parseMarket } from "./domain/Market.ts";
export { Mode, ModeChange } from "./domain/Mode.ts";
export { Orderbook, PriceLevel } from "./domain/Orderbook.ts";
export { Channel, Provenance, Source, StaleReason, TierName } from "./domain/Provenance.ts";
export { Context, type Intent, Kind, OnStale, Priority, Question, Strategy } from "./domain/Question.ts";
export type {
  CandlesBefore,
  CandleStreamOptions,
  Dropped,
  ElementOf,
  Gap,
  Live,
  Reconnecting,
  Recovered,
  Resumed,
  StreamElement,
  StreamOptions,
} from "./domain/StreamElement.ts";
export type { Quote } from "./domain/Quote.ts";
export { Change, Side, Ticker } from "./domain/Ticker.ts";
export { Trade } from "./domain/Trade.ts";
export { type CandleColumns, type CoveredColumns, emptyWindows } from "./domain/CandleColumns.ts";
export type {
  CandleColumnsOptions,
  CandlesOptions,
  Moment,
  OrderbookOptions,
  RollingOptions,
  TickerOptions,
  TradesOptions,
} from "./ask.ts";
export type { CandleProgress } from "./tiers/candleProgress.ts";
export type { NaruClient } from "./client/NaruClient.ts";
export { type Envelope, errorEnvelope, toEnvelope } from "./envelope.ts";
export type { GuardError, GuardOptions } from "./guard.ts";
export type { Explanation, QuestionSpec } from "./explain.ts";
export { LiveMetrics } from "./health/LiveMetrics.ts";
export { type LegacyMetrics, toLegacyMetrics } from "./health/legacyMetrics.ts";
export { HealthReport } from "./HealthReport.ts";
export { HostFacts, HostProbe } from "./health/HostProbe.ts";
export {
  alerts,
  type CallbackElement,
  type CallbackKind,
  type CallbackSubscription,
  explain,
  getCandleColumns,
  getCandles,
  getMarkets,
  getOrderbook,
  getTicker,
  getTrades,
  guard,
  health,
  liveMetrics,
  MarketData,
  type Markets,
  type MarketsOptions,
  metrics,
  modeChanges,
  streamBars,
  streamBarsEvents,
  streamCandles,
  streamCandlesEvents,
  streamOrderbook,
  streamOrderbookDeltas,
  streamOrderbookEvents,
  streamTicker,
  streamTickerDeltas,
  streamTickerEvents,
  streamTrades,
  streamTradesEvents,
  subscribe,
} from "./MarketData.ts";
export * as Backtest from "./backtest/Backtest.ts";
export { defaultRouterConfig, RouterConfig, type RouterConfigShape } from "./RouterConfig.ts";
export * as Legacy from "./legacy.ts";
export * as Router from "./Router.ts";
export * as Supervisor from "./Supervisor.ts";
export { Cache } from "./cache/Cache.ts";
export { FallbackManager } from "./fallback/FallbackManager.ts";
export { ModeControl, type ModeStatus, type OverrideEntry } from "./fallback/ModeControl.ts";
export type { Monitoring } from "./fallback/Monitoring.ts";
export { orElse } from "./fallback/orElse.ts";
export { RateLimiter } from "./limits/RateLimiter.ts";
export { StateStore } from "./state/StateStore.ts";
export * as Delta from "./stream/Delta.ts";
export { deltaToJson } from "./stream/deltaJson.ts";
export { ChannelSelector } from "./select/ChannelSelector.ts";
export { Transport } from "./transport/Transport.ts";
export { Venue } from "./transport/Venue.ts";
