/**
 * Frames of the socket as JSON text. Each type is one list of members with its full name, its short name and its spelled value; the format
 * chooses the names (SIMPLE) and the wrapping (lists), the profile which members there are and in what order. Order books are the exception in spelling: DEFAULT prints prices as Java doubles and
 * sizes with eight decimals, SIMPLE prints prices plain and sizes as Java doubles.
 */
import type { Book, BookLevel } from "../market/Book.ts";
import type { MarketSpec } from "../market/Catalogue.ts";
import type { Candle, TickerFigures } from "../market/Figures.ts";
import { active, type Listing } from "../market/Lifecycle.ts";
import { hash2 } from "../market/Hash.ts";
import type { Sides } from "../market/RestingOrders.ts";
import { sequentialId, type TradeRow } from "../market/Trade.ts";
import type { CandleUnit } from "../market/Windows.ts";
import type { Format } from "../profile/Profile.ts";
import { shownSides, totalSize } from "./BookSides.ts";
import { compactDate, compactTime, isoDate, isoSeconds, kstOffsetMs, timeOfDay } from "./Dates.ts";
import { spellerOf } from "./LevelSpelling.ts";
import { changeOf, warningWord } from "./RestRows.ts";
import type { Wire } from "./Wire.ts";

export type StreamType = "SNAPSHOT" | "REALTIME";

/** `[full name, short name, JSON value]`. */
type Member = readonly [string, string, string];

export const tickerFrame = (
  wire: Wire,
  format: Format,
  spec: MarketSpec,
  figures: TickerFigures,
  nowMs: number,
  stream: StreamType,
  listing: Listing = active,
): string => {
  const { fixed, java, plain, pointed, ratio } = wire.spell;
  const { datesOffsetMs, changeRatePlaces, members } = wire.profile.socket;
  const { last, day, prevClose, rolling, highest, lowest } = figures;
  const price = (units: number) => pointed(units, spec.decimals);
  const change = last.price - prevClose;
  const rate = ratio(change, prevClose, changeRatePlaces);
  const volume = day?.volume ?? 0n;
  const bidVolume = day?.bidVolume ?? 0n;
  return render(format, members.ticker, [
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
    ["trade_date", "tdt", `"${compactDate(last.ms + datesOffsetMs)}"`],
    ["trade_time", "ttm", `"${compactTime(last.ms + datesOffsetMs)}"`],
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
    ["market_warning", "mw", `"${warningWord(spec)}"`],
    ["timestamp", "tms", String(nowMs)],
    ["acc_trade_price_24h", "atp24h", plain(rolling?.money ?? 0n, spec.decimals + 8)],
    ["acc_trade_volume_24h", "atv24h", fixed(rolling?.volume ?? 0n, 8)],
    ["stream_type", "st", `"${stream}"`],
  ]);
};

/** The snapshot of a market that never traded. */
export const emptyTickerFrame = (wire: Wire, format: Format, spec: MarketSpec, nowMs: number): string => {
  const zero = wire.spell.fixed(0, 8);
  const none = (full: string, short: string): Member => [full, short, "null"];
  return render(format, wire.profile.socket.members.ticker, [
    ["type", "ty", '"ticker"'],
    ["code", "cd", `"${spec.code}"`],
    none("opening_price", "op"),
    none("high_price", "hp"),
    none("low_price", "lp"),
    none("trade_price", "tp"),
    none("prev_closing_price", "pcp"),
    ["acc_trade_price", "atp", zero],
    ["change", "c", '"EVEN"'],
    ["change_price", "cp", zero],
    ["signed_change_price", "scp", zero],
    ["change_rate", "cr", zero],
    ["signed_change_rate", "scr", zero],
    none("ask_bid", "ab"),
    none("trade_volume", "tv"),
    ["acc_trade_volume", "atv", zero],
    none("trade_date", "tdt"),
    none("trade_time", "ttm"),
    none("trade_timestamp", "ttms"),
    ["acc_ask_volume", "aav", zero],
    ["acc_bid_volume", "abv", zero],
    none("highest_52_week_price", "h52wp"),
    none("highest_52_week_date", "h52wdt"),
    none("lowest_52_week_price", "l52wp"),
    none("lowest_52_week_date", "l52wdt"),
    ["market_state", "ms", '"ACTIVE"'],
    ["is_trading_suspended", "its", "false"],
    none("delisting_date", "dd"),
    ["market_warning", "mw", `"${warningWord(spec)}"`],
    ["timestamp", "tms", String(nowMs)],
    ["acc_trade_price_24h", "atp24h", zero],
    ["acc_trade_volume_24h", "atv24h", zero],
    ["stream_type", "st", '"SNAPSHOT"'],
  ]);
};

export const tradeFrame = (
  wire: Wire,
  format: Format,
  spec: MarketSpec,
  trade: TradeRow,
  prevClose: number,
  /** The orders the trade left. */
  left: Sides | undefined,
  nowMs: number,
  stream: StreamType,
): string => {
  const { fixed, java, plain, pointed } = wire.spell;
  const { datesOffsetMs, tradeIdOffset, members } = wire.profile.socket;
  const quotes = wire.options.bestQuotes === "null" ? undefined : left;
  const [ask, bid] = [quotes?.asks[0], quotes?.bids[0]];
  const quotePrice = (units: number | undefined) => (units === undefined || units === 0 ? "null" : plain(units, spec.decimals));
  const quoteSize = (units: number | undefined) => (units === undefined || units === 0 ? "null" : plain(units, 8));
  const id = sequentialId(trade);
  return render(format, members.trade, [
    ["type", "ty", '"trade"'],
    ["code", "cd", `"${spec.code}"`],
    ["timestamp", "tms", String(nowMs)],
    ["trade_date", "td", `"${isoDate(trade.ms + datesOffsetMs)}"`],
    ["trade_time", "ttm", `"${timeOfDay(trade.ms + datesOffsetMs)}"`],
    ["trade_timestamp", "ttms", String(trade.ms)],
    ["trade_price", "tp", pointed(trade.price, spec.decimals)],
    ["trade_volume", "tv", isSimple(format) ? java(trade.size, 8) : pointed(trade.size, 8)],
    ["ask_bid", "ab", trade.bid ? '"BID"' : '"ASK"'],
    ["prev_closing_price", "pcp", fixed(prevClose, spec.decimals)],
    ["change", "c", `"${changeOf(trade.price, prevClose)}"`],
    ["change_price", "cp", fixed(Math.abs(trade.price - prevClose), spec.decimals)],
    ["sequential_id", "sid", tradeIdOffset === 0n ? id : String(BigInt(id) + tradeIdOffset)],
    ["best_ask_price", "bap", quotePrice(ask?.price)],
    ["best_ask_size", "bas", quoteSize(ask?.size)],
    ["best_bid_price", "bbp", quotePrice(bid?.price)],
    ["best_bid_size", "bbs", quoteSize(bid?.size)],
    ["stream_type", "st", `"${stream}"`],
  ]);
};

export const bookFrame = (
  wire: Wire,
  format: Format,
  spec: MarketSpec,
  book: Book,
  depth: number,
  level: string,
  stream: StreamType,
): string => {
  const { fixed } = wire.spell;
  const { profile } = wire;
  const { asks, bids } = shownSides(profile, spec, book, depth);
  return render(format, profile.socket.members.orderbook, [
    ["type", "ty", '"orderbook"'],
    ["code", "cd", `"${spec.code}"`],
    ["timestamp", "tms", String(profile.book.socketTimestamp === "microseconds" ? micros(spec, book) : book.timestamp)],
    ["total_ask_size", "tas", fixed(totalSize(asks), 8)],
    ["total_bid_size", "tbs", fixed(totalSize(bids), 8)],
    ["orderbook_units", "obu", bookUnits(wire, isSimple(format), spec, asks, bids)],
    ["stream_type", "st", `"${stream}"`],
    ["level", "lv", level],
  ]);
};

/** Written out, without a list of members: thirty pairs of levels are in every frame of a busy market. */
const bookUnits = (
  wire: Wire,
  simple: boolean,
  spec: MarketSpec,
  asks: ReadonlyArray<BookLevel>,
  bids: ReadonlyArray<BookLevel>,
): string => {
  const [ap, bp, as, bs] = simple ? simpleUnit : defaultUnit;
  const speller = spellerOf(wire.spell, spec, simple);
  let text = "[";
  for (const [i, ask] of asks.entries()) {
    const [above, below] = [speller.spell(ask), speller.spell(bids[i] ?? noLevel)];
    text += (i === 0 ? "" : ",") + ap + above.price + bp + below.price + as + above.size + bs + below.size + "}";
  }
  return text + "]";
};

const defaultUnit = ['{"ask_price":', ',"bid_price":', ',"ask_size":', ',"bid_size":'] as const;
const simpleUnit = ['{"ap":', ',"bp":', ',"as":', ',"bs":'] as const;
const noLevel: BookLevel = { price: 0, size: 0 };

export const candleFrame = (
  wire: Wire,
  format: Format,
  spec: MarketSpec,
  unit: CandleUnit,
  { fold, startMs }: Candle,
  stream: StreamType,
): string => {
  const { fixed, money } = wire.spell;
  return render(format, wire.profile.socket.members.candle, [
    ["type", "ty", `"candle.${unit}"`],
    ["code", "cd", `"${spec.code}"`],
    ["candle_date_time_utc", "cdttmu", `"${isoSeconds(startMs)}"`],
    ["candle_date_time_kst", "cdttmk", `"${isoSeconds(startMs + kstOffsetMs)}"`],
    ["opening_price", "op", fixed(fold.open, spec.decimals)],
    ["high_price", "hp", fixed(fold.high, spec.decimals)],
    ["low_price", "lp", fixed(fold.low, spec.decimals)],
    ["trade_price", "tp", fixed(fold.close, spec.decimals)],
    ["candle_acc_trade_volume", "catv", fixed(fold.volume, 8)],
    ["candle_acc_trade_price", "catp", money(fold.money, spec.decimals + 8, wire.options.candleMoneyPlaces)],
    ["timestamp", "tms", String(fold.last.ms)],
    ["stream_type", "st", `"${stream}"`],
  ]);
};

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

export const isList = (format: Format): boolean => format === "JSON_LIST" || format === "SIMPLE_LIST";

/** A book's moment with the microseconds its market's seed gives it. */
const micros = (spec: MarketSpec, { timestamp }: Book): number =>
  timestamp * 1_000 + ((hash2(spec.seed, Math.floor(timestamp / 100) % 0x7fffffff) >>> 0) % 1_000);

const object = (simple: boolean, members: ReadonlyArray<Member>): string =>
  `{${members.map(([full, short, value]) => `"${simple ? short : full}":${value}`).join(",")}}`;

const render = (format: Format, names: ReadonlyArray<string>, members: ReadonlyArray<Member>): string => {
  const text = object(isSimple(format), arranged(names, members));
  return isList(format) ? `[${text}]` : text;
};

/** The members that are named, in that order. */
const arranged = (names: ReadonlyArray<string>, members: ReadonlyArray<Member>): ReadonlyArray<Member> => {
  if (names.length === members.length && members.every(([name], i) => name === names[i])) return members;
  const byName = new Map(members.map((member) => [member[0], member]));
  return names.flatMap((name) => {
    const member = byName.get(name);
    return member === undefined ? [] : [member];
  });
};
