/**
 * Rows of REST answers as JSON text, member by member in the order and spelling the exchange uses: candles with eight decimals, books plain,
 * trades with one decimal. Text is written by hand because a JSON printer would spell the numbers its own way and round the ids.
 */
import type { Book, BookLevel } from "../market/Book.ts";
import type { MarketSpec } from "../market/Catalogue.ts";
import type { Candle, TickerFigures } from "../market/Figures.ts";
import { sequentialId, type TradeRow } from "../market/Trade.ts";
import type { CandleUnit } from "../market/Windows.ts";
import { compactDate, compactTime, isoDate, isoSeconds, kstOffsetMs, timeOfDay } from "./Dates.ts";
import { fixed, money, plain, pointed, ratio } from "./Spelling.ts";

export const changeOf = (price: number, prevClose: number): "RISE" | "FALL" | "EVEN" =>
  price > prevClose ? "RISE" : price < prevClose ? "FALL" : "EVEN";

export const marketRow = (spec: MarketSpec, details: boolean): string => {
  const names = `"market":"${spec.code}","korean_name":"${spec.korean}","english_name":"${spec.english}"`;
  if (!details) return `{${names}}`;
  const cautions = cautionNames.map((name) => `"${name}":${spec.cautions.includes(name)}`).join(",");
  return `{${names},"market_event":{"warning":${spec.warning},"caution":{${cautions}}}}`;
};

export const tickerRow = (spec: MarketSpec, figures: TickerFigures, nowMs: number): string => {
  const { last, day, prevClose, rolling, highest, lowest } = figures;
  const price = (units: number) => fixed(units, spec.decimals);
  const change = last.price - prevClose;
  const rate = ratio(change, prevClose);
  return `{${[
    `"market":"${spec.code}"`,
    `"trade_date":"${compactDate(last.ms)}","trade_time":"${compactTime(last.ms)}"`,
    `"trade_date_kst":"${compactDate(last.ms + kstOffsetMs)}","trade_time_kst":"${compactTime(last.ms + kstOffsetMs)}"`,
    `"trade_timestamp":${last.ms}`,
    `"opening_price":${price(day?.open ?? prevClose)},"high_price":${price(day?.high ?? prevClose)},"low_price":${price(day?.low ?? prevClose)}`,
    `"trade_price":${price(last.price)},"prev_closing_price":${price(prevClose)}`,
    `"change":"${changeOf(last.price, prevClose)}","change_price":${price(Math.abs(change))},"change_rate":${rate.replace("-", "")}`,
    `"signed_change_price":${price(change)},"signed_change_rate":${rate}`,
    `"trade_volume":${fixed(last.size, 8)}`,
    `"acc_trade_price":${fixed(day?.money ?? 0n, spec.decimals + 8, 16)},"acc_trade_price_24h":${plain(rolling?.money ?? 0n, spec.decimals + 8)}`,
    `"acc_trade_volume":${fixed(day?.volume ?? 0n, 8)},"acc_trade_volume_24h":${fixed(rolling?.volume ?? 0n, 8)}`,
    `"highest_52_week_price":${price(highest.price)},"highest_52_week_date":"${isoDate(highest.dayMs)}"`,
    `"lowest_52_week_price":${price(lowest.price)},"lowest_52_week_date":"${isoDate(lowest.dayMs)}"`,
    `"timestamp":${nowMs}`,
  ].join(",")}}`;
};

/** What a day candle carries besides its own fold. */
export interface DayExtra {
  readonly prevClose: number;
  /** JSON of `converted_trade_price`; `undefined` when it was not asked for. */
  readonly converted: string | undefined;
}

export const candleRow = (spec: MarketSpec, unit: CandleUnit, candle: Candle, day?: DayExtra): string => {
  const { fold, startMs } = candle;
  const price = (units: number) => fixed(units, spec.decimals);
  return `{${[
    `"market":"${spec.code}"`,
    `"candle_date_time_utc":"${isoSeconds(startMs)}","candle_date_time_kst":"${isoSeconds(startMs + kstOffsetMs)}"`,
    `"opening_price":${price(fold.open)},"high_price":${price(fold.high)},"low_price":${price(fold.low)},"trade_price":${price(fold.close)}`,
    `"timestamp":${fold.last.ms}`,
    `"candle_acc_trade_price":${money(fold.money, spec.decimals + 8)},"candle_acc_trade_volume":${fixed(fold.volume, 8)}`,
    ...candleTail(spec, unit, candle, day),
  ].join(",")}}`;
};

export const tradeRow = (spec: MarketSpec, trade: TradeRow, prevClose: number): string =>
  `{${[
    `"market":"${spec.code}"`,
    `"trade_date_utc":"${isoDate(trade.ms)}","trade_time_utc":"${timeOfDay(trade.ms)}"`,
    `"timestamp":${trade.ms}`,
    `"trade_price":${pointed(trade.price, spec.decimals)},"trade_volume":${pointed(trade.size, 8)}`,
    `"prev_closing_price":${pointed(prevClose, spec.decimals)},"change_price":${pointed(trade.price - prevClose, spec.decimals)}`,
    `"ask_bid":"${trade.bid ? "BID" : "ASK"}","sequential_id":${sequentialId(trade)}`,
  ].join(",")}}`;

export const bookRow = (spec: MarketSpec, book: Book, count: number, level: string): string => {
  const [asks, bids] = [book.asks.slice(0, count), book.bids.slice(0, count)];
  const units = Array.from({ length: Math.max(asks.length, bids.length) }, (_, i) => {
    const [ask, bid] = [asks[i] ?? empty, bids[i] ?? empty];
    return `{"bid_price":${plain(bid.price, spec.decimals)},"bid_size":${ragged(bid)},"ask_price":${plain(ask.price, spec.decimals)},"ask_size":${ragged(ask)}}`;
  });
  const totals = `"total_ask_size":${fixed(totalSize(asks), 8)},"total_bid_size":${fixed(totalSize(bids), 8)}`;
  return `{"market":"${spec.code}","timestamp":${book.timestamp},${totals},"orderbook_units":[${units.join(",")}],"level":${level}}`;
};

export const totalSize = (levels: ReadonlyArray<BookLevel>): bigint | number => {
  let sum = 0;
  for (const level of levels) sum += level.size;
  return sum <= Number.MAX_SAFE_INTEGER ? sum : levels.reduce((exact, level) => exact + BigInt(level.size), 0n);
};

const cautionNames = [
  "PRICE_FLUCTUATIONS",
  "TRADING_VOLUME_SOARING",
  "DEPOSIT_AMOUNT_SOARING",
  "GLOBAL_PRICE_DIFFERENCES",
  "CONCENTRATION_OF_SMALL_ACCOUNTS",
];

const empty: BookLevel = { price: 0, size: 0 };

/** Book sizes come with and without trailing zeros, in one and the same answer. */
const ragged = (level: BookLevel): string => (level.size % 3 === 0 && level.size > 0 ? fixed(level.size, 8) : plain(level.size, 8));

const candleTail = (spec: MarketSpec, unit: CandleUnit, { fold, startMs }: Candle, day: DayExtra | undefined): ReadonlyArray<string> => {
  if (unit === "1s") return [];
  if (unit === "1w" || unit === "1M" || unit === "1y") return [`"first_day_of_period":"${isoDate(startMs)}"`];
  if (unit !== "1d") return [`"unit":${unit.slice(0, -1)}`];
  const prevClose = day?.prevClose ?? fold.open;
  const change = fold.close - prevClose;
  return [
    `"prev_closing_price":${fixed(prevClose, spec.decimals)},"change_price":${fixed(change, spec.decimals)},"change_rate":${ratio(change, prevClose)}`,
    ...(day?.converted === undefined ? [] : [`"converted_trade_price":${day.converted}`]),
  ];
};
