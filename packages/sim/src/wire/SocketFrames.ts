/**
 * Frames of the socket as JSON text. Each type is one list of members with its full name, its short name and its spelled value; the format
 * chooses the names (SIMPLE) and the wrapping (lists). Order books are the exception in spelling: DEFAULT prints prices as Java doubles and
 * sizes with eight decimals, SIMPLE prints prices plain and sizes as Java doubles.
 */
import type { Book } from "../market/Book.ts";
import type { MarketSpec } from "../market/Catalogue.ts";
import type { Candle, TickerFigures } from "../market/Figures.ts";
import { active, type Listing } from "../market/Lifecycle.ts";
import { sequentialId, type TradeRow } from "../market/Trade.ts";
import type { CandleUnit } from "../market/Windows.ts";
import { compactDate, compactTime, isoDate, isoSeconds, kstOffsetMs, timeOfDay } from "./Dates.ts";
import { spellerOf } from "./LevelSpelling.ts";
import { changeOf, totalSize } from "./RestRows.ts";
import { fixed, java, money, plain, pointed, ratio } from "./Spelling.ts";

export const formats = ["DEFAULT", "SIMPLE", "JSON_LIST", "SIMPLE_LIST"] as const;
export type Format = (typeof formats)[number];
export type StreamType = "SNAPSHOT" | "REALTIME";

/** `[full name, short name, JSON value]`. */
type Member = readonly [string, string, string];

export const tickerFrame = (
  format: Format,
  spec: MarketSpec,
  figures: TickerFigures,
  nowMs: number,
  stream: StreamType,
  listing: Listing = active,
): string => {
  const { last, day, prevClose, rolling, highest, lowest } = figures;
  const price = (units: number) => pointed(units, spec.decimals);
  const change = last.price - prevClose;
  const rate = ratio(change, prevClose);
  const volume = day?.volume ?? 0n;
  const bidVolume = day?.bidVolume ?? 0n;
  return render(format, [
    ["type", "ty", '"ticker"'],
    ["code", "cd", `"${spec.code}"`],
    ["opening_price", "op", price(day?.open ?? prevClose)],
    ["high_price", "hp", price(day?.high ?? prevClose)],
    ["low_price", "lp", price(day?.low ?? prevClose)],
    ["trade_price", "tp", price(last.price)],
    ["prev_closing_price", "pcp", fixed(prevClose, spec.decimals)],
    ["acc_trade_price", "atp", plain(day?.money ?? 0n, spec.decimals + 8)],
    ["change", "c", `"${changeOf(last.price, prevClose)}"`],
    ["change_price", "cp", fixed(Math.abs(change), spec.decimals)],
    ["signed_change_price", "scp", fixed(change, spec.decimals)],
    ["change_rate", "cr", rate.replace("-", "")],
    ["signed_change_rate", "scr", rate],
    ["ask_bid", "ab", last.bid ? '"BID"' : '"ASK"'],
    ["trade_volume", "tv", isSimple(format) ? java(last.size, 8) : fixed(last.size, 8)],
    ["acc_trade_volume", "atv", fixed(volume, 8)],
    ["trade_date", "tdt", `"${compactDate(last.ms)}"`],
    ["trade_time", "ttm", `"${compactTime(last.ms)}"`],
    ["trade_timestamp", "ttms", String(last.ms)],
    ["acc_ask_volume", "aav", fixed(volume - bidVolume, 8)],
    ["acc_bid_volume", "abv", fixed(bidVolume, 8)],
    ["highest_52_week_price", "h52wp", price(highest.price)],
    ["highest_52_week_date", "h52wdt", `"${isoDate(highest.dayMs)}"`],
    ["lowest_52_week_price", "l52wp", price(lowest.price)],
    ["lowest_52_week_date", "l52wdt", `"${isoDate(lowest.dayMs)}"`],
    ["market_state", "ms", `"${listing.state}"`],
    ["is_trading_suspended", "its", "false"],
    ["delisting_date", "dd", listing.delistMs === undefined ? "null" : `"${isoDate(listing.delistMs)}"`],
    ["market_warning", "mw", spec.warning ? '"CAUTION"' : '"NONE"'],
    ["timestamp", "tms", String(nowMs)],
    ["acc_trade_price_24h", "atp24h", plain(rolling?.money ?? 0n, spec.decimals + 8)],
    ["acc_trade_volume_24h", "atv24h", fixed(rolling?.volume ?? 0n, 8)],
    ["stream_type", "st", `"${stream}"`],
  ]);
};

export const tradeFrame = (
  format: Format,
  spec: MarketSpec,
  trade: TradeRow,
  prevClose: number,
  book: Book | undefined,
  nowMs: number,
  stream: StreamType,
): string => {
  const [ask, bid] = [book?.asks[0], book?.bids[0]];
  const quotePrice = (units: number | undefined) => (units === undefined || units === 0 ? "null" : plain(units, spec.decimals));
  const quoteSize = (units: number | undefined) => (units === undefined || units === 0 ? "null" : plain(units, 8));
  return render(format, [
    ["type", "ty", '"trade"'],
    ["code", "cd", `"${spec.code}"`],
    ["timestamp", "tms", String(nowMs)],
    ["trade_date", "td", `"${isoDate(trade.ms)}"`],
    ["trade_time", "ttm", `"${timeOfDay(trade.ms)}"`],
    ["trade_timestamp", "ttms", String(trade.ms)],
    ["trade_price", "tp", pointed(trade.price, spec.decimals)],
    ["trade_volume", "tv", isSimple(format) ? java(trade.size, 8) : pointed(trade.size, 8)],
    ["ask_bid", "ab", trade.bid ? '"BID"' : '"ASK"'],
    ["prev_closing_price", "pcp", fixed(prevClose, spec.decimals)],
    ["change", "c", `"${changeOf(trade.price, prevClose)}"`],
    ["change_price", "cp", fixed(Math.abs(trade.price - prevClose), spec.decimals)],
    ["sequential_id", "sid", sequentialId(trade)],
    ["best_ask_price", "bap", quotePrice(ask?.price)],
    ["best_ask_size", "bas", quoteSize(ask?.size)],
    ["best_bid_price", "bbp", quotePrice(bid?.price)],
    ["best_bid_size", "bbs", quoteSize(bid?.size)],
    ["stream_type", "st", `"${stream}"`],
  ]);
};

const noLevel = { price: 0, size: 0 };

export const bookFrame = (format: Format, spec: MarketSpec, book: Book, depth: number, level: string, stream: StreamType): string => {
  const simple = isSimple(format);
  const [asks, bids] = [book.asks.slice(0, depth), book.bids.slice(0, depth)];
  const speller = spellerOf(spec, simple);
  // Written out: thirty of them in every frame of a busy market.
  const [ap, bp, as, bs] = simple ? ["ap", "bp", "as", "bs"] : ["ask_price", "bid_price", "ask_size", "bid_size"];
  const units = asks.map((ask, i) => {
    const [above, below] = [speller.spell(ask), speller.spell(bids[i] ?? noLevel)];
    return `{"${ap}":${above.price},"${bp}":${below.price},"${as}":${above.size},"${bs}":${below.size}}`;
  });
  return render(format, [
    ["type", "ty", '"orderbook"'],
    ["code", "cd", `"${spec.code}"`],
    ["timestamp", "tms", String(book.timestamp)],
    ["total_ask_size", "tas", fixed(totalSize(asks), 8)],
    ["total_bid_size", "tbs", fixed(totalSize(bids), 8)],
    ["orderbook_units", "obu", `[${units.join(",")}]`],
    ["stream_type", "st", `"${stream}"`],
    ["level", "lv", level],
  ]);
};

export const candleFrame = (format: Format, spec: MarketSpec, unit: CandleUnit, { fold, startMs }: Candle, stream: StreamType): string =>
  render(format, [
    ["type", "ty", `"candle.${unit}"`],
    ["code", "cd", `"${spec.code}"`],
    ["candle_date_time_utc", "cdttmu", `"${isoSeconds(startMs)}"`],
    ["candle_date_time_kst", "cdttmk", `"${isoSeconds(startMs + kstOffsetMs)}"`],
    ["opening_price", "op", fixed(fold.open, spec.decimals)],
    ["high_price", "hp", fixed(fold.high, spec.decimals)],
    ["low_price", "lp", fixed(fold.low, spec.decimals)],
    ["trade_price", "tp", fixed(fold.close, spec.decimals)],
    ["candle_acc_trade_volume", "catv", fixed(fold.volume, 8)],
    ["candle_acc_trade_price", "catp", money(fold.money, spec.decimals + 8)],
    ["timestamp", "tms", String(fold.last.ms)],
    ["stream_type", "st", `"${stream}"`],
  ]);

/** One entry of the answer to LIST_SUBSCRIPTIONS. */
export interface ListedSubscription {
  readonly type: string;
  readonly codes: ReadonlyArray<string>;
  readonly level: string | undefined;
}

/** Never wrapped in a list, whatever the format. */
export const listFrame = (format: Format, entries: ReadonlyArray<ListedSubscription>, ticket: string): string => {
  const simple = isSimple(format);
  const result = entries.map((entry) =>
    object(simple, [
      ["type", "ty", JSON.stringify(entry.type)],
      ["codes", "cds", JSON.stringify(entry.codes)],
      ...(entry.level === undefined ? [] : [["level", "lv", entry.level] as const]),
    ]),
  );
  return object(simple, [
    ["method", "mthd", '"LIST_SUBSCRIPTIONS"'],
    ["result", "rslt", `[${result.join(",")}]`],
    ["ticket", "tckt", JSON.stringify(ticket)],
  ]);
};

export const errorFrame = (name: string, message: string): string => JSON.stringify({ error: { message, name } });

export const statusFrame = '{"status":"UP"}';

const isSimple = (format: Format): boolean => format === "SIMPLE" || format === "SIMPLE_LIST";

const object = (simple: boolean, members: ReadonlyArray<Member>): string =>
  `{${members.map(([full, short, value]) => `"${simple ? short : full}":${value}`).join(",")}}`;

const render = (format: Format, members: ReadonlyArray<Member>): string => {
  const text = object(isSimple(format), members);
  return format === "JSON_LIST" || format === "SIMPLE_LIST" ? `[${text}]` : text;
};
