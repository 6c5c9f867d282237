/**
 * What one exchange of the family does differently from the others, as a plain record: the code reads its fields and never asks which exchange
 * it is. A profile of one's own is made by spreading one of the five and changing what is to be different.
 */
import type { LimitOptions, SocketOptions } from "../Options.ts";
import type { Quote } from "../market/TickSize.ts";
import type { CandleUnit } from "../market/Windows.ts";
import type { SpellingMode } from "../wire/Spelling.ts";

/** The quotation paths of the family. `/v1/candles/minutes` stands for all of its units. */
export type Endpoint =
  | "/v1/market/all"
  | "/v1/market/virtual_asset_warning"
  | "/v1/ticker"
  | "/v1/ticker/all"
  | "/v1/orderbook"
  | "/v1/orderbook/instruments"
  | "/v1/orderbook/supported_levels"
  | "/v1/trades/ticks"
  | "/v1/candles/seconds"
  | "/v1/candles/minutes"
  | "/v1/candles/days"
  | "/v1/candles/weeks"
  | "/v1/candles/months"
  | "/v1/candles/years";

export type StreamKind = "ticker" | "trade" | "orderbook" | CandleUnit;

export type Format = "DEFAULT" | "SIMPLE" | "JSON_LIST" | "SIMPLE_LIST";

export interface Profile {
  /** For people; nothing is decided by it. */
  readonly id: string;
  /** Mixed into the seed, so that two exchanges of one seed are not the same market. 0 changes nothing. */
  readonly seedSalt: number;
  /** Currencies that markets are priced in, the national one first. */
  readonly quotes: ReadonlyArray<Quote>;
  /** The paths that are served, each with the limit group it is counted in, by its wire name. */
  readonly endpoints: Readonly<Partial<Record<Endpoint, string>>>;
  /** Candles, daily statistics and a `to` without zone follow a day that begins so long before the UTC one. */
  readonly zoneOffsetMs: number;
  readonly list: ListProfile;
  readonly rest: RestProfile;
  readonly book: BookProfile;
  readonly socket: SocketProfile;
  readonly spelling: SpellingMode;
  /** Where its limits and times differ from the defaults of the options. */
  readonly defaults: { readonly limits: Partial<LimitOptions>; readonly socket: Partial<SocketOptions> };
}

/** The list of markets. */
export interface ListProfile {
  readonly koreanNames: boolean;
  /** Query parameters that ask for details; the first one given counts. */
  readonly detailFlags: ReadonlyArray<string>;
  /** The member that tells of warnings: an object of flags, or the words `NONE` and `CAUTION`. */
  readonly warning: "market_event" | "market_warning";
}

export interface RestProfile {
  /** `ok`: refused queries come with HTTP 200 and the error in the body. */
  readonly errorStatus: "http" | "ok";
  /** The headers `remaining-req` and `limit-by-ip` are sent. */
  readonly limitHeaders: boolean;
  /** `candle_date_time_kst` is in candle rows. */
  readonly candleKst: boolean;
  /** Added to `trade_timestamp` and `timestamp` of tickers. */
  readonly tickerEpochOffsetMs: number;
  /** Decimals of `change_rate`. */
  readonly changeRatePlaces: number;
}

export interface BookProfile {
  /** Books of REST and instruments have levels: the price grouping, and its members. */
  readonly grouping: boolean;
  /** What a `level` in a question brings where {@link grouping} is off. */
  readonly levelWithoutGrouping: "refused" | "ignored";
  /** The query parameter `count` is understood. */
  readonly count: boolean;
  /** Price pairs in a REST book. */
  readonly restLevels: number;
  /** Price pairs in a socket book without a depth, or with one that is not known. */
  readonly socketLevels: number;
  /** Depths known after a dot: `KRW-BTC.15`. */
  readonly depths: ReadonlyArray<number>;
  /** The `level` of a socket book that was asked for without one. It gathers nothing. */
  readonly plainLevel: string;
  /** A `level` on the socket: understood, or answered with WRONG_FORMAT. */
  readonly socketLevel: "understood" | "refused";
  readonly socketTimestamp: "milliseconds" | "microseconds";
  /** Some levels inside a book have their price and size 0. */
  readonly zeroSizes: boolean;
}

export interface SocketProfile {
  readonly formats: ReadonlyArray<Format>;
  readonly streams: ReadonlyArray<StreamKind>;
  /** LIST_SUBSCRIPTIONS is understood. */
  readonly listSubscriptions: boolean;
  /** Spellings of the two flags. */
  readonly onlySnapshot: ReadonlyArray<string>;
  readonly onlyRealtime: ReadonlyArray<string>;
  /** Added to a trade's moment before its date and time of day are written, in tickers and trades. */
  readonly datesOffsetMs: number;
  /** Added to a REST trade id; another scheme of ids where it is not 0. */
  readonly tradeIdOffset: bigint;
  readonly changeRatePlaces: number;
  /** Members of the frames in order; a member that is not named is not sent. */
  readonly members: {
    readonly ticker: ReadonlyArray<string>;
    readonly trade: ReadonlyArray<string>;
    readonly orderbook: ReadonlyArray<string>;
    readonly candle: ReadonlyArray<string>;
  };
  readonly texts: SocketTexts;
}

/** Messages of error frames: for people, in their language. */
export interface SocketTexts {
  readonly invalidAuth: string;
  readonly wrongFormat: string;
  readonly noTicket: string;
  readonly noType: string;
  readonly noCodes: string;
  readonly tooMany: string;
  readonly unknownType: (name: string) => string;
  readonly unknownMethod: (name: string) => string;
}
