/**
 * A market is a pair written quote first, as the exchange writes it: `KRW-BTC` is bitcoin priced in won. The text is checked before it goes
 * anywhere, because an unknown or lower-case code is answered by the socket with silence, not with an error.
 */
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import { InvalidRequest } from "../errors/MarketDataError.ts";
import { Decimal } from "./Decimal.ts";
import { nearest } from "./nearest.ts";

const marketPattern = /^[A-Z0-9]{2,10}-[A-Z0-9]{1,20}$/;

export const Market = Schema.String.check(Schema.isPattern(marketPattern, { message: "Expected a market code such as KRW-BTC" })).pipe(
  Schema.brand("Market"),
);
/** A checked market code, quote first: `KRW-BTC`. */
export type Market = typeof Market.Type;

/** What the exchange says about one market. Fields that some regions leave out are optional. */
export const MarketInfo = Schema.Struct({
  market: Market,
  /** The currency traded: `BTC` of `KRW-BTC`. */
  base: Schema.String,
  /** The currency it is priced in: `KRW` of `KRW-BTC`. */
  quote: Schema.String,
  englishName: Schema.String,
  /** Korea only. */
  koreanName: Schema.optionalKey(Schema.String),
  /** Designated by hand as an investment warning (유의). Korea: `market_event.warning`; other regions: `market_warning` is `CAUTION`. */
  warning: Schema.optionalKey(Schema.Boolean),
  /** Names of the automatic caution criteria (주의) that are on, for example `PRICE_FLUCTUATIONS`. Korea only. */
  cautions: Schema.optionalKey(Schema.Array(Schema.String)),
  /** Smallest price step in the market's present price band; it changes with the price. Present when instruments were asked for. */
  tickSize: Schema.optionalKey(Decimal.schema),
  /** Price groupings the order book accepts; `0` is none. Korea only, present when instruments were asked for. */
  supportedLevels: Schema.optionalKey(Schema.Array(Decimal.schema)),
});
export type MarketInfo = typeof MarketInfo.Type;

/** Currencies that are quotes and never the base of a pair. */
const fiat = new Set(["KRW", "SGD", "IDR", "THB"]);
const quotes = ["KRW", "USDT", "BTC", "SGD", "IDR", "THB"];

/** Checks a market code. A code in another field's spelling (`BTC/KRW`, `BTC-KRW`, `krw-btc`, `KRWBTC`) is refused with the right one named. */
export const parseMarket = (input: string): Result.Result<Market, InvalidRequest> => {
  const code = checked(input);
  if (code !== undefined) return Result.succeed(code);
  const meant = likelyMarket(input);
  return Result.fail(
    new InvalidRequest({
      field: "market",
      input: input.slice(0, 60),
      reason: "is not a market code, which is written quote first, like KRW-BTC",
      ...(meant === undefined ? {} : { hint: `did you mean ${meant}?` }),
    }),
  );
};

export const quoteOf = (market: Market): string => market.slice(0, market.indexOf("-"));

const likelyMarket = (input: string): Market | undefined => {
  const text = input.trim().toUpperCase();
  const parts = text.split(/[-/_:\s]+/).filter((part) => part !== "");
  const [first, second] = parts;
  if (parts.length === 2 && first !== undefined && second !== undefined) {
    const slash = /[/_:]/.test(text);
    const likely = fiat.has(second) || (slash && quotes.includes(second)) || (!quotes.includes(first) && quotes.includes(second));
    const reversed = likely && !fiat.has(first);
    return checked(reversed ? `${second}-${first}` : `${first}-${second}`);
  }
  if (parts.length === 1 && first !== undefined) {
    const leading = quotes.find((quote) => fiat.has(quote) && first.startsWith(quote) && first.length > quote.length);
    if (leading !== undefined) return checked(`${leading}-${first.slice(leading.length)}`);
    const trailing = quotes.find((quote) => first.endsWith(quote) && first.length > quote.length);
    if (trailing !== undefined) return checked(`${trailing}-${first.slice(0, -trailing.length)}`);
    return checked(`KRW-${first}`);
  }
  return undefined;
};

/** The text as a code, if it is one: a money that is only ever a quote cannot be what is priced. */
const checked = (text: string): Market | undefined =>
  marketPattern.test(text) && !fiat.has(text.slice(text.indexOf("-") + 1)) ? (text as Market) : undefined;

/** The known markets nearest to a misspelt one, best first, at most `count`. */
export const nearestMarkets = (input: string, known: Iterable<Market>, count = 3): ReadonlyArray<Market> =>
  nearest(input.toUpperCase(), known, count);
