/**
 * The port an exchange fills: where it is, how it is asked, how its bytes read, what its errors mean and what it allows. All of it is pure
 * data and pure functions; waiting, retrying, caching and choosing are the router's. Raw wire shapes exist only behind `decode`.
 */
import * as Context from "effect/Context";
import type * as Result from "effect/Result";
import type { Candle } from "../domain/Candle.ts";
import type { Interval } from "../domain/Interval.ts";
import type { Market, MarketInfo } from "../domain/Market.ts";
import type { Orderbook } from "../domain/Orderbook.ts";
import type { Kind } from "../domain/Question.ts";
import type { StreamKey } from "../domain/StreamKey.ts";
import type { Ticker } from "../domain/Ticker.ts";
import type { Trade } from "../domain/Trade.ts";
import type { DecodeError, InvalidRequest, MarketDataError } from "../errors/MarketDataError.ts";
import type { LimitTable } from "../limits/LimitTable.ts";
import type { RestResponse } from "./Transport.ts";

/** The text of a good answer, and what the exchange's clock said. */
export interface RestBody {
  readonly text: string;
  /** The same as it came, where that is at hand: some bodies are read from their bytes. */
  readonly bytes?: Uint8Array;
  /** The exchange's time at the answer, epoch milliseconds, from the `Date` header; our wall clock where that is missing. */
  readonly exchangeNowMs: number;
}

/** A list read record by record: a bad record costs only itself. */
export interface Decoded<A> {
  readonly rows: ReadonlyArray<A>;
  /** One error for every record that could not be read, with its path. */
  readonly rejected: ReadonlyArray<DecodeError>;
  /** Markets whose record says that nobody has traded in them yet, which is no row and no error. */
  readonly untraded?: ReadonlyArray<Market> | undefined;
  /** Names of fields the protocol reference does not know, once each. */
  readonly unknownFields: ReadonlyArray<string>;
}

/** One GET, ready to send. */
export interface RestCall<A> {
  /** For labels in logs and metrics: `ticker`, `candles`, … */
  readonly endpoint: string;
  /** The limit group it counts in: a key of `limits.groups`. */
  readonly group: string;
  /** Absolute URL. */
  readonly url: string;
  /** A body that is no list at all fails; single bad records are `rejected`. Rows keep the exchange's order. */
  readonly decode: (body: RestBody) => Result.Result<Decoded<A>, DecodeError>;
}

/** What the exchange said about a limit group in an answer's headers. */
export interface RemainingBudget {
  /** Our group name, not the header's. */
  readonly group: string;
  /** Requests left in the current window. */
  readonly remaining: number;
}

/** One element of a socket message. */
export type SocketMessage =
  | { readonly _tag: "Ticker"; readonly value: Ticker; readonly snapshot: boolean }
  | { readonly _tag: "Orderbook"; readonly value: Orderbook; readonly snapshot: boolean }
  | { readonly _tag: "Trade"; readonly value: Trade; readonly snapshot: boolean }
  | { readonly _tag: "Candle"; readonly value: Candle; readonly snapshot: boolean }
  /** The answer to LIST_SUBSCRIPTIONS: what the exchange thinks is subscribed on this link. */
  | { readonly _tag: "Subscriptions"; readonly keys: ReadonlyArray<StreamKey> }
  /** A keep-alive answer such as `{"status":"UP"}`. */
  | { readonly _tag: "Status"; readonly status: string }
  /** The ticker of a market in which nobody has ever traded: there is no price to tell. */
  | { readonly _tag: "Untraded"; readonly market: Market }
  /** An error frame; the server closes after it. */
  | { readonly _tag: "Failure"; readonly error: MarketDataError }
  /** A frame that could not be read. The link stays. `lost` says what is missing now; without it nothing of the market is. */
  | { readonly _tag: "Undecodable"; readonly error: DecodeError; readonly lost?: LostSubject };

/** What an unreadable frame was about, as far as that could be read. A part that is absent stands for every one. */
export interface LostSubject {
  readonly kind?: Kind;
  readonly market?: Market;
}

/** The two spellings of a message: every field by its name, or by a short one. They carry the same values. */
export const spellings = ["full", "compact"] as const;
export type Spelling = (typeof spellings)[number];

/** A spelling, and whether one message is one object or a list of them. */
export const wireFormats = [...spellings, "full_list", "compact_list"] as const;
export type WireFormat = (typeof wireFormats)[number];

/** The same format in another spelling: lists stay lists. */
export const respelled = (format: WireFormat, spelling: Spelling): WireFormat => (format.endsWith("_list") ? `${spelling}_list` : spelling);

/** Told that a message was read by the general way of reading, and why. The message may be as good as any. */
export type OnGeneral = (cause: string) => void;

/** How an exchange speaks over its socket. */
export interface SocketDialect {
  readonly url: string;
  /** The format asked for unless there is a reason for another. */
  readonly format: WireFormat;
  /** Whether this key can be streamed at all; decides what `live_subscription` may serve. */
  readonly supports: (key: StreamKey) => boolean;
  /** The one frame that makes `wanted` the whole subscription of a connection. */
  readonly subscribe: (wanted: ReadonlyArray<StreamKey>, ticket: string, format: WireFormat) => string;
  /** Asks what the connection is subscribed to. `format` must be that of the subscription. */
  readonly listSubscriptions: (ticket: string, format: WireFormat) => string;
  /**
   * Reads one message of any format, whatever was asked; list formats hold several elements. Never throws. A venue with a quick way of reading says
   * to `onGeneral` why a message had to go by the general one: one of a few words of its own.
   */
  readonly decode: (data: Uint8Array | string, onGeneral?: OnGeneral) => ReadonlyArray<SocketMessage>;
}

/** The largest question one request can carry. */
export interface VenuePaging {
  readonly candles: number;
  readonly trades: number;
  readonly orderbookLevels: number;
}

export class Venue extends Context.Service<
  Venue,
  {
    /** `upbit`, `upbit-sg`, `upbit-id`, `upbit-th`, or the emulated profile's own. */
    readonly id: string;
    /** The prices are made up by the emulated exchange. */
    readonly simulated: boolean;
    /** What the exchange counts against: one limiter per host and process, whoever builds the layer. */
    readonly host: string;
    readonly limits: LimitTable;
    readonly paging: VenuePaging;
    /** Candle intervals REST can answer. */
    readonly intervals: ReadonlyArray<Interval>;
    readonly socket: SocketDialect;

    readonly markets: () => RestCall<MarketInfo>;
    /** Tick size and levels of markets. Several calls when the URL would grow too long. */
    readonly instruments: (
      markets: ReadonlyArray<Market>,
    ) => ReadonlyArray<RestCall<Pick<MarketInfo, "market" | "tickSize" | "supportedLevels">>>;
    /** Several calls when the URL would grow too long. One unknown market fails the whole call at the exchange. */
    readonly tickers: (markets: ReadonlyArray<Market>) => ReadonlyArray<RestCall<Ticker>>;
    /** Every ticker of some quote currencies, in one call. */
    readonly allTickers: (quotes: ReadonlyArray<string>) => RestCall<Ticker>;
    readonly orderbooks: (markets: ReadonlyArray<Market>, levels: number, grouping?: string) => ReadonlyArray<RestCall<Orderbook>>;
    /** Newest first, as the exchange sends them. `before` is a trade id. */
    readonly trades: (market: Market, query: TradesQuery) => Result.Result<RestCall<Trade>, InvalidRequest>;
    /** Newest first. `toMs` is exclusive; whole seconds. `count` at most `paging.candles`. */
    readonly candles: (market: Market, interval: Interval, query: CandlesQuery) => Result.Result<RestCall<Candle>, InvalidRequest>;

    /** What an answer that is not a good one means: by status, and an error body under HTTP 200. `undefined` for a good answer. */
    readonly failure: (call: RestCall<unknown>, response: RestResponse) => MarketDataError | undefined;
    /** What a refused socket upgrade means. */
    readonly upgradeFailure: (status: number, headers: RestResponse["headers"], body: string) => MarketDataError;
    /** What the answer's headers say about its limit group; `undefined` when they say nothing usable. Never throws. */
    readonly remaining: (headers: RestResponse["headers"]) => RemainingBudget | undefined;
  }
>()("@naru/router/transport/Venue") {}

export interface TradesQuery {
  readonly count: number;
  readonly before?: string | undefined;
  /** UTC days back, 1 to 7. */
  readonly daysAgo?: number | undefined;
  /** Time of day in UTC, `HH:mm:ss`. */
  readonly to?: string | undefined;
}

export interface CandlesQuery {
  readonly count: number;
  readonly toMs?: number | undefined;
  /** Ask for closes converted to this currency. Day candles only. */
  readonly convertTo?: string | undefined;
}
