/**
 * The questions of the Quotation API, as URLs with the decoder of their answer. Lists are cut so that a URL stays under 7,500 bytes (asking
 * instruments of all pairs in one URL failed on its length) and at most 300 markets (300 full books are about 0.8 MB, well inside the
 * transport's body limit, and one unknown pair, which fails its whole call, spoils no more than that).
 */
import * as Result from "effect/Result";
import type { Candle } from "@naru/router/domain/Candle";
import type { Interval } from "@naru/router/domain/Interval";
import type { Market, MarketInfo } from "@naru/router/domain/Market";
import type { Orderbook } from "@naru/router/domain/Orderbook";
import type { Ticker } from "@naru/router/domain/Ticker";
import type { Trade } from "@naru/router/domain/Trade";
import { InvalidRequest } from "@naru/router/errors/MarketDataError";
import type { CandlesQuery, RestCall, TradesQuery } from "@naru/router/transport/Venue";
import type { Instrument } from "../decode/MarketShape.ts";
import {
  decodeCandles,
  decodeInstruments,
  decodeMarkets,
  decodeOrderbooks,
  decodeSupportedLevels,
  decodeTickers,
  decodeTrades,
} from "../decode/RestBody.ts";
import { formatUtc } from "../decode/WireTime.ts";
import type { Group } from "../limits.ts";

/** The largest question one request carries. Above these the exchange answers fewer rows without a word. */
export const paging = { candles: 200, trades: 500, orderbookLevels: 30 } as const;

const maxUrlBytes = 7_500;
const maxMarkets = 300;

/** `/v1/market/all` with its details. */
export const markets = (restUrl: string): RestCall<MarketInfo> =>
  call("markets", "market", `${restUrl}/market/all?is_details=true`, decodeMarkets());

/** `/v1/ticker`. */
export const tickers = (restUrl: string, wanted: ReadonlyArray<Market>): ReadonlyArray<RestCall<Ticker>> =>
  chunked(`${restUrl}/ticker`, "", wanted, (url, asked) => call("ticker", "ticker", url, decodeTickers(asked)));

/** `/v1/ticker/all`: every pair of these quote currencies. */
export const allTickers = (restUrl: string, quotes: ReadonlyArray<string>): RestCall<Ticker> =>
  call("ticker_all", "ticker", `${restUrl}/ticker/all?quote_currencies=${quotes.map(encodeURIComponent).join(",")}`, decodeTickers());

/**
 * `/v1/orderbook`, 1 to 30 levels (others are brought into that range). A grouping that a pair does not have is answered by an empty list in
 * Korea and by HTTP 400 elsewhere.
 */
export const orderbooks = (
  restUrl: string,
  wanted: ReadonlyArray<Market>,
  levels: number,
  grouping?: string,
): ReadonlyArray<RestCall<Orderbook>> => {
  const depth = Math.min(Math.max(Math.trunc(levels), 1), paging.orderbookLevels);
  const grouped = grouping === undefined || grouping === "0" ? "" : `&level=${encodeURIComponent(grouping)}`;
  return chunked(`${restUrl}/orderbook`, `&count=${depth}${grouped}`, wanted, (url, asked) =>
    call("orderbook", "orderbook", url, decodeOrderbooks(asked)),
  );
};

/** `/v1/orderbook/instruments`. */
export const instruments = (restUrl: string, wanted: ReadonlyArray<Market>): ReadonlyArray<RestCall<Instrument>> =>
  chunked(`${restUrl}/orderbook/instruments`, "", wanted, (url, asked) => call("instruments", "orderbook", url, decodeInstruments(asked)));

/** `/v1/orderbook/supported_levels`, deprecated in favour of instruments. */
export const supportedLevels = (restUrl: string, wanted: ReadonlyArray<Market>): ReadonlyArray<RestCall<Instrument>> =>
  chunked(`${restUrl}/orderbook/supported_levels`, "", wanted, (url, asked) =>
    call("supported_levels", "orderbook", url, decodeSupportedLevels(asked)),
  );

/** `/v1/trades/ticks`. */
export const trades = (restUrl: string, market: Market, query: TradesQuery): Result.Result<RestCall<Trade>, InvalidRequest> => {
  const { count, before, daysAgo, to } = query;
  if (!isWhole(count, 1, paging.trades)) return refuse("count", count, `must be a whole number from 1 to ${paging.trades}`);
  if (before !== undefined && !/^\d{1,30}$/.test(before)) return refuse("before", before, "is not a trade id, which is digits only");
  if (daysAgo !== undefined && !isWhole(daysAgo, 1, 7)) return refuse("daysAgo", daysAgo, "must be a whole number from 1 to 7");
  if (to !== undefined && !/^([01]\d|2[0-3]):[0-5]\d:[0-5]\d$/.test(to)) return refuse("to", to, "must be a time of day HH:mm:ss in UTC");
  const url =
    `${restUrl}/trades/ticks?market=${market}&count=${count}` +
    (before === undefined ? "" : `&cursor=${before}`) +
    (daysAgo === undefined ? "" : `&days_ago=${daysAgo}`) +
    (to === undefined ? "" : `&to=${encodeURIComponent(to)}`);
  return Result.succeed(call("trades", "trade", url, decodeTrades(new Set([market]))));
};

/** The last second a four-digit year can write. */
const maxToMs = 253_402_300_799_000;

/** `/v1/candles/…`. A `toMs` inside a second is rounded up, which keeps the same rows: windows start on whole seconds, and `to` is exclusive. */
export const candles = (
  restUrl: string,
  market: Market,
  interval: Interval,
  query: CandlesQuery,
): Result.Result<RestCall<Candle>, InvalidRequest> => {
  const { count, toMs, convertTo } = query;
  if (!isWhole(count, 1, paging.candles)) return refuse("count", count, `must be a whole number from 1 to ${paging.candles}`);
  if (toMs !== undefined && !(toMs >= 0 && toMs <= maxToMs)) return refuse("to", toMs, "must be epoch milliseconds before the year 10000");
  if (convertTo !== undefined && interval !== "1d") return refuse("convertTo", convertTo, "is for day candles only");
  if (convertTo !== undefined && convertTo !== "KRW") return refuse("convertTo", convertTo, "must be KRW");
  const url =
    `${restUrl}/candles/${candlePaths[interval]}?market=${market}&count=${count}` +
    (toMs === undefined ? "" : `&to=${encodeURIComponent(`${formatUtc(Math.ceil(toMs / 1_000) * 1_000)}Z`)}`) +
    (convertTo === undefined ? "" : `&converting_price_unit=${convertTo}`);
  return Result.succeed(call("candles", "candle", url, decodeCandles(interval, new Set([market]))));
};

const call = <A>(endpoint: string, group: Group, url: string, decode: RestCall<A>["decode"]): RestCall<A> => ({
  endpoint,
  group,
  url,
  decode,
});

const candlePaths: Readonly<Record<Interval, string>> = {
  "1s": "seconds",
  "1m": "minutes/1",
  "3m": "minutes/3",
  "5m": "minutes/5",
  "10m": "minutes/10",
  "15m": "minutes/15",
  "30m": "minutes/30",
  "1h": "minutes/60",
  "4h": "minutes/240",
  "1d": "days",
  "1w": "weeks",
  "1M": "months",
  "1y": "years",
};

/** One call per piece of a market list, in the order asked, each market once. Codes are ASCII and need no encoding; the commas stay raw. */
const chunked = <A>(
  path: string,
  rest: string,
  wanted: ReadonlyArray<Market>,
  make: (url: string, asked: ReadonlySet<string>) => RestCall<A>,
): ReadonlyArray<RestCall<A>> => {
  const room = maxUrlBytes - path.length - "?markets=".length - rest.length;
  const pieces: Array<Array<Market>> = [];
  let used = 0;
  for (const market of new Set(wanted)) {
    const last = pieces.at(-1);
    if (last === undefined || last.length === maxMarkets || used + market.length + 1 > room) {
      pieces.push([market]);
      used = market.length;
    } else {
      last.push(market);
      used += market.length + 1;
    }
  }
  return pieces.map((piece) => make(`${path}?markets=${piece.join(",")}${rest}`, new Set(piece)));
};

const isWhole = (value: number, min: number, max: number): boolean => Number.isInteger(value) && value >= min && value <= max;

const refuse = (field: string, input: unknown, reason: string): Result.Result<never, InvalidRequest> =>
  Result.fail(new InvalidRequest({ field, input: String(input).slice(0, 60), reason }));
