/** Values of the domain with plain defaults, for tests that care about one field. The numbers are made up and stay inside the tests. */
import type { Candle } from "../src/domain/Candle.ts";
import { Decimal } from "../src/domain/Decimal.ts";
import type { Market } from "../src/domain/Market.ts";
import { makeOrderbook, type Orderbook, type PriceLevel } from "../src/domain/Orderbook.ts";
import type { Kind, Question, ResolvedIntent } from "../src/domain/Question.ts";
import type { Ticker } from "../src/domain/Ticker.ts";
import type { Trade } from "../src/domain/Trade.ts";

/** A code known to be well-formed. */
export const marketOf = (code: string) => code as Market;
export const btc = marketOf("KRW-BTC");

export const ticker = (price: string, timestampMs: number, market: Market = btc): Ticker => ({
  market,
  price: Decimal.of(price),
  change: "RISE",
  changeAmount: Decimal.of("1000"),
  changeRatio: Decimal.of("0.0109529025"),
  changePercent: Decimal.of("1.09529025"),
  lastVolume: Decimal.of("0.00014"),
  dayVolume: Decimal.of("12.5"),
  dayValue: Decimal.of("1142100000"),
  volume24h: Decimal.of("30.25"),
  value24h: Decimal.of("2763882000"),
  tradeTimeMs: timestampMs,
  timestampMs,
});

const level = ([price, size]: readonly [string, string]): PriceLevel => ({ price: Decimal.of(price), size: Decimal.of(size) });

const sum = (levels: ReadonlyArray<PriceLevel>) => levels.reduce((total, { size }) => total.plus(size), Decimal.zero);

export const book = (
  asks: ReadonlyArray<readonly [string, string]>,
  bids: ReadonlyArray<readonly [string, string]>,
  timestampMs = 0,
  market: Market = btc,
): Orderbook => {
  const sides = { asks: asks.map(level), bids: bids.map(level) };
  return makeOrderbook({ market, timestampMs, ...sides, totalAskSize: sum(sides.asks), totalBidSize: sum(sides.bids) });
};

export const trade = (id: string, tradeTimeMs: number, market: Market = btc): Trade => ({
  market,
  id,
  price: Decimal.of("91368000"),
  volume: Decimal.of("0.01"),
  side: "buy",
  tradeTimeMs,
});

export const candle = (openTimeMs: number, changes: Partial<Candle> = {}): Candle => ({
  market: btc,
  interval: "1m",
  openTimeMs,
  open: Decimal.of("100"),
  high: Decimal.of("110"),
  low: Decimal.of("90"),
  close: Decimal.of("105"),
  volume: Decimal.of("1"),
  value: Decimal.of("100"),
  lastTradeTimeMs: openTimeMs + 1_000,
  state: "closed",
  ...changes,
});

export const intent: ResolvedIntent = {
  maxAgeMs: 2_000,
  deadlineMs: 5_000,
  priority: "normal",
  realtime: false,
  strategy: "auto",
  context: "realtime_trading",
  onStale: "fail",
};

/** A question of every kind, about the same market. */
export const questions: { readonly [K in Kind]: Extract<Question, { readonly kind: K }> } = {
  ticker: { kind: "ticker", market: btc, intent },
  orderbook: { kind: "orderbook", market: btc, levels: 15, intent },
  trades: { kind: "trades", market: btc, count: 1, intent },
  candles: { kind: "candles", market: btc, interval: "1m", count: 1, fromMs: null, toMs: null, forming: "include", fill: "none", intent },
};
