/**
 * Rows of REST answers as JSON text, member by member in the order and spelling the exchange uses: candles with eight decimals, books plain,
 * trades with one decimal. Text is written by hand because a JSON printer would spell the numbers its own way and round the ids.
 */
import type { Book, BookLevel } from "../market/Book.ts";
import type { MarketSpec } from "../market/Catalogue.ts";
import type { Candle, TickerFigures } from "../market/Figures.ts";
import { sequentialId, type TradeRow } from "../market/Trade.ts";
import type { CandleUnit } from "../market/Windows.ts";
import { shownSides, totalSize } from "./BookSides.ts";
import { compactDate, compactTime, isoDate, isoSeconds, kstOffsetMs, timeOfDay } from "./Dates.ts";
import type { Wire } from "./Wire.ts";

export const changeOf = (price: number, prevClose: number): "RISE" | "FALL" | "EVEN" =>
  price > prevClose ? "RISE" : price < prevClose ? "FALL" : "EVEN";

export const marketRow = ({ profile }: Wire, spec: MarketSpec, details: boolean): string => {
  const korean = profile.list.koreanNames ? `"korean_name":"${spec.korean}",` : "";
  const names = `"market":"${spec.code}",${korean}"english_name":"${spec.english}"`;
  if (!details) return `{${names}}`;
  if (profile.list.warning === "market_warning") return `{${names},"market_warning":"${warningWord(spec)}"}`;
  const cautions = cautionNames.map((name) => `"${name}":${spec.cautions.includes(name)}`).join(",");
  return `{${names},"market_event":{"warning":${spec.warning},"caution":{${cautions}}}}`;
};

export const warningWord = (spec: MarketSpec): "CAUTION" | "NONE" => (spec.warning ? "CAUTION" : "NONE");

/** Rows of the list of alerts: one for each caution. All end at the next 07:00 in Korea, which is an assumption. */
export const warningRows = (spec: MarketSpec, nowMs: number): ReadonlyArray<string> => {
  const day = 86_400_000;
  const shift = kstOffsetMs - 7 * 3_600_000;
  const endMs = (Math.floor((nowMs + shift) / day) + 1) * day - shift - 1_000;
  const end = isoSeconds(endMs + kstOffsetMs).replace("T", " ");
  const step = spec.warning ? "WARNING" : "CAUTION";
  return spec.cautions.map(
    (caution) =>
      `{"market":"${spec.code}","warning_type":"${alertNames[caution] ?? caution}","warning_step":"${step}","end_date":"${end}"}`,
  );
};

export const tickerRow = (wire: Wire, spec: MarketSpec, figures: TickerFigures, nowMs: number): string => {
  const { spell, profile } = wire;
  const { changeRatePlaces, tickerEpochOffsetMs } = profile.rest;
  const { last, day, prevClose, rolling, highest, lowest } = figures;
  const price = (units: number) => spell.fixed(units, spec.decimals);
  const quoted = wire.options.tickerPricesAsText ? (units: number) => `"${spell.fixed(units, spec.decimals)}"` : price;
  const change = last.price - prevClose;
  const rate = spell.ratio(change, prevClose, changeRatePlaces);
  return `{${[
    `"market":"${spec.code}"`,
    `"trade_date":"${compactDate(last.ms)}","trade_time":"${compactTime(last.ms)}"`,
    `"trade_date_kst":"${compactDate(last.ms + kstOffsetMs)}","trade_time_kst":"${compactTime(last.ms + kstOffsetMs)}"`,
    `"trade_timestamp":${last.ms + tickerEpochOffsetMs}`,
    `"opening_price":${quoted(day?.open ?? prevClose)},"high_price":${quoted(day?.high ?? prevClose)},"low_price":${quoted(day?.low ?? prevClose)}`,
    `"trade_price":${quoted(last.price)},"prev_closing_price":${quoted(prevClose)}`,
    `"change":"${changeOf(last.price, prevClose)}","change_price":${quoted(Math.abs(change))},"change_rate":${rate.replace("-", "")}`,
    `"signed_change_price":${price(change)},"signed_change_rate":${rate}`,
    `"trade_volume":${spell.fixed(last.size, 8)}`,
    `"acc_trade_price":${spell.fixed(day?.money ?? 0n, spec.decimals + 8, 16)},"acc_trade_price_24h":${spell.plain(rolling?.money ?? 0n, spec.decimals + 8)}`,
    `"acc_trade_volume":${spell.fixed(day?.volume ?? 0n, 8)},"acc_trade_volume_24h":${spell.fixed(rolling?.volume ?? 0n, 8)}`,
    `"highest_52_week_price":${price(highest.price)},"highest_52_week_date":"${isoDate(highest.dayMs)}"`,
    `"lowest_52_week_price":${price(lowest.price)},"lowest_52_week_date":"${isoDate(lowest.dayMs)}"`,
    `"timestamp":${nowMs + tickerEpochOffsetMs}`,
  ].join(",")}}`;
};

/** The ticker of a market that never traded. */
export const emptyTickerRow = ({ spell, profile }: Wire, spec: MarketSpec, nowMs: number): string => {
  const zero = spell.fixed(0, 8);
  const none = (...names: ReadonlyArray<string>) => names.map((name) => `"${name}":null`);
  return `{${[
    `"market":"${spec.code}"`,
    ...none("trade_date", "trade_time", "trade_date_kst", "trade_time_kst", "trade_timestamp"),
    ...none("opening_price", "high_price", "low_price", "trade_price", "prev_closing_price"),
    `"change":"EVEN","change_price":${zero},"change_rate":${zero},"signed_change_price":${zero},"signed_change_rate":${zero}`,
    `"trade_volume":null`,
    `"acc_trade_price":${zero},"acc_trade_price_24h":${zero},"acc_trade_volume":${zero},"acc_trade_volume_24h":${zero}`,
    ...none("highest_52_week_price", "highest_52_week_date", "lowest_52_week_price", "lowest_52_week_date"),
    `"timestamp":${nowMs + profile.rest.tickerEpochOffsetMs}`,
  ].join(",")}}`;
};

/** What a day candle carries besides its own fold. */
export interface DayExtra {
  readonly prevClose: number;
  /** JSON of `converted_trade_price`; `undefined` when it was not asked for. */
  readonly converted: string | undefined;
}

export const candleRow = (wire: Wire, spec: MarketSpec, unit: CandleUnit, candle: Candle, day?: DayExtra): string => {
  const { spell, profile } = wire;
  const { fold, startMs } = candle;
  const price = (units: number) => spell.fixed(units, spec.decimals);
  return `{${[
    `"market":"${spec.code}"`,
    `"candle_date_time_utc":"${isoSeconds(startMs)}"`,
    ...(profile.rest.candleKst ? [`"candle_date_time_kst":"${isoSeconds(startMs + kstOffsetMs)}"`] : []),
    `"opening_price":${price(fold.open)},"high_price":${price(fold.high)},"low_price":${price(fold.low)},"trade_price":${price(fold.close)}`,
    `"timestamp":${fold.last.ms}`,
    `"candle_acc_trade_price":${spell.money(fold.money, spec.decimals + 8)},"candle_acc_trade_volume":${spell.fixed(fold.volume, 8)}`,
    ...candleTail(wire, spec, unit, candle, day),
  ].join(",")}}`;
};

export const tradeRow = ({ spell }: Wire, spec: MarketSpec, trade: TradeRow, prevClose: number): string =>
  `{${[
    `"market":"${spec.code}"`,
    `"trade_date_utc":"${isoDate(trade.ms)}","trade_time_utc":"${timeOfDay(trade.ms)}"`,
    `"timestamp":${trade.ms}`,
    `"trade_price":${spell.pointed(trade.price, spec.decimals)},"trade_volume":${spell.pointed(trade.size, 8)}`,
    `"prev_closing_price":${spell.pointed(prevClose, spec.decimals)},"change_price":${spell.pointed(trade.price - prevClose, spec.decimals)}`,
    `"ask_bid":"${trade.bid ? "BID" : "ASK"}","sequential_id":${sequentialId(trade)}`,
  ].join(",")}}`;

export const bookRow = (wire: Wire, spec: MarketSpec, book: Book, count: number, level: string): string => {
  const { spell, profile, options } = wire;
  const { asks, bids } = shownSides(profile, spec, book, count);
  const price = ({ price }: BookLevel) => spell.plain(price, spec.decimals);
  // Sizes come with and without trailing zeros, in one and the same answer.
  const size = ({ size }: BookLevel) => (size % 3 === 0 && size > 0 ? spell.fixed(size, 8) : spell.plain(size, 8));
  const units = asks.map((ask, i) => {
    const bid = bids[i] ?? { price: 0, size: 0 };
    return options.restBookOrder === "bidFirst"
      ? `{"bid_price":${price(bid)},"bid_size":${size(bid)},"ask_price":${price(ask)},"ask_size":${size(ask)}}`
      : `{"ask_price":${price(ask)},"bid_price":${price(bid)},"ask_size":${size(ask)},"bid_size":${size(bid)}}`;
  });
  const totals = `"total_ask_size":${spell.fixed(totalSize(asks), 8)},"total_bid_size":${spell.fixed(totalSize(bids), 8)}`;
  const tail = profile.book.grouping ? `,"level":${level}` : "";
  return `{"market":"${spec.code}","timestamp":${book.timestamp},${totals},"orderbook_units":[${units.join(",")}]${tail}}`;
};

const cautionNames = [
  "PRICE_FLUCTUATIONS",
  "TRADING_VOLUME_SOARING",
  "DEPOSIT_AMOUNT_SOARING",
  "GLOBAL_PRICE_DIFFERENCES",
  "CONCENTRATION_OF_SMALL_ACCOUNTS",
];

/** Names in the list of alerts. The first and the fourth are assumptions. */
const alertNames: Readonly<Record<string, string>> = {
  PRICE_FLUCTUATIONS: "PRICE_SUDDEN_FLUCTUATION",
  TRADING_VOLUME_SOARING: "TRADING_VOLUME_SUDDEN_FLUCTUATION",
  DEPOSIT_AMOUNT_SOARING: "DEPOSIT_AMOUNT_SUDDEN_FLUCTUATION",
  GLOBAL_PRICE_DIFFERENCES: "PRICE_DIFFERENCE_HIGH",
  CONCENTRATION_OF_SMALL_ACCOUNTS: "SPECIFIC_ACCOUNT_HIGH_TRANSACTION",
};

const candleTail = (
  { spell, profile }: Wire,
  spec: MarketSpec,
  unit: CandleUnit,
  { fold, startMs }: Candle,
  day: DayExtra | undefined,
): ReadonlyArray<string> => {
  if (unit === "1s") return [];
  if (unit === "1w" || unit === "1M" || unit === "1y") return [`"first_day_of_period":"${isoDate(startMs + profile.zoneOffsetMs)}"`];
  if (unit !== "1d") return [`"unit":${unit.slice(0, -1)}`];
  const prevClose = day?.prevClose ?? fold.open;
  const change = fold.close - prevClose;
  const rate = spell.ratio(change, prevClose, 10);
  return [
    `"prev_closing_price":${spell.fixed(prevClose, spec.decimals)},"change_price":${spell.fixed(change, spec.decimals)},"change_rate":${rate}`,
    ...(day?.converted === undefined ? [] : [`"converted_trade_price":${day.converted}`]),
  ];
};
