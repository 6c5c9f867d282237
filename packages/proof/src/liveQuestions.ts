/**
 * The questions of the live check. An answer that decodes can still be wrong, so each is looked at: asked channel, right market, prices above
 * zero, rows in order. Ages over the socket are the difference of two wall clocks, the exchange's and ours.
 */
import type { Answer } from "@naru/router/domain/Answer";
import type { Candle } from "@naru/router/domain/Candle";
import type { MarketInfo } from "@naru/router/domain/Market";
import type { Orderbook } from "@naru/router/domain/Orderbook";
import type { Channel } from "@naru/router/domain/Provenance";
import type { StreamElement } from "@naru/router/domain/StreamElement";
import type { Ticker } from "@naru/router/domain/Ticker";
import type { Trade } from "@naru/router/domain/Trade";
import { type MarketDataError, TimeoutError } from "@naru/router/errors/MarketDataError";
import { MarketData } from "@naru/router/MarketData";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Schema from "effect/Schema";
import * as Stream from "effect/Stream";

export interface LiveQuestion {
  readonly channel: Channel;
  readonly name: string;
  readonly ask: Effect.Effect<Seen, LiveError, MarketData>;
}

/** What a question was answered with. */
export interface Seen {
  /** For a person. */
  readonly value: string;
  /** Milliseconds since the exchange made the value; null where it does not say. */
  readonly ageMs: number | null;
}

/** The exchange answered, and the answer cannot be right. */
export class Implausible extends Schema.TaggedError<Implausible>()("Implausible", { reason: Schema.String }) {
  override get message(): string {
    return this.reason;
  }
}

/** The link could not be opened, or broke before the first value. */
export class NotConnected extends Schema.TaggedError<NotConnected>()("NotConnected", { reason: Schema.String }) {
  override get message(): string {
    return this.reason;
  }
}

export type LiveError = MarketDataError | Implausible | NotConnected;

export const liveQuestions = (market: string): ReadonlyArray<LiveQuestion> => [
  rest("markets", (data) => Effect.flatMap(data.getMarkets({ instruments: false }), (list) => seeMarkets(list, market))),
  rest("ticker", (data) => Effect.flatMap(data.getTicker(market, restOnly), overRest(market, seeTicker))),
  rest("orderbook", (data) => Effect.flatMap(data.getOrderbook(market, restOnly), overRest(market, seeOrderbook))),
  rest("trades", (data) => Effect.flatMap(data.getTrades(market, { ...restOnly, count: rows }), overRest(market, seeTrades))),
  ...["1m", "5m", "15m", "1d"].map((interval) =>
    rest(`candles ${interval}`, (data) =>
      Effect.flatMap(data.getCandles(market, interval, { ...restOnly, count: rows }), overRest(market, seeCandles(interval))),
    ),
  ),
  socket(
    "ticker",
    (data) => data.streamTickerEvents(market),
    market,
    seeTicker,
    ({ timestampMs }) => timestampMs,
  ),
  socket(
    "trades",
    (data) => data.streamTradesEvents(market),
    market,
    (trade) => seeTrades([trade]),
    ({ tradeTimeMs }) => tradeTimeMs,
  ),
  socket(
    "orderbook",
    (data) => data.streamOrderbookEvents(market),
    market,
    seeOrderbook,
    ({ timestampMs }) => timestampMs,
  ),
  socket(
    "candles 1m",
    (data) => data.streamCandlesEvents(market, "1m"),
    market,
    (candle) => seeCandles("1m")([candle]),
    ({ lastTradeTimeMs }) => lastTradeTimeMs,
  ),
];

/** Rows asked of trades and candles. */
const rows = 3;

/** A new subscription is answered with a snapshot within a second; a quiet market has its last value in it. */
const firstElementMs = 10_000;

const restOnly = { strategy: "rest_only" } as const;

type Ask = (data: MarketData["Service"]) => Effect.Effect<Seen, LiveError>;

const rest = (name: string, ask: Ask): LiveQuestion => ({ channel: "rest", name, ask: MarketData.use(ask) });

const overRest =
  <A>(market: string, see: (value: A) => Look) =>
  ({ market: answered, value, provenance }: Answer<A>): Effect.Effect<Seen, Implausible> => {
    if (answered !== market) return implausible(`answered for ${answered}`);
    if (provenance.channel !== "rest") return implausible(`answered over ${provenance.channel}`);
    if (provenance.stale) return implausible(`stale: ${provenance.staleReason}`);
    return seen(see(value), provenance.valueAgeMs);
  };

/** The first value of a stream. A link that cannot be opened fails at once instead of being tried again, as it is in earnest. */
const socket = <A extends { readonly market: string }>(
  name: string,
  stream: (data: MarketData["Service"]) => Stream.Stream<StreamElement<A>, MarketDataError>,
  market: string,
  see: (value: A) => Look,
  timeMs: (value: A) => number,
): LiveQuestion => ({
  channel: "websocket",
  name,
  ask: MarketData.use((data) =>
    Stream.runHead(stream(data)).pipe(
      Effect.timeoutOrElse({
        duration: firstElementMs,
        orElse: () => Effect.fail(new TimeoutError({ phase: "first-frame", timeoutMs: firstElementMs, detail: null })),
      }),
      Effect.flatMap((first): Effect.Effect<Seen, LiveError> => {
        if (Option.isNone(first)) return implausible("the stream ended before its first value");
        const element = first.value;
        if (element._tag === "Reconnecting") return Effect.fail(new NotConnected({ reason: element.reason }));
        if (element._tag !== "Live") return implausible(`the stream began with ${element._tag}`);
        if (element.value.market !== market) return implausible(`answered for ${element.value.market}`);
        return seen(see(element.value), Math.max(0, element.receivedTimeMs - timeMs(element.value)));
      }),
    ),
  ),
});

/** What is seen in a value, and what is wrong with it. */
interface Look {
  readonly value: string;
  readonly wrong: false | string;
}

const seen = ({ value, wrong }: Look, ageMs: number | null): Effect.Effect<Seen, Implausible> =>
  wrong === false ? Effect.succeed({ value, ageMs }) : implausible(`${wrong}: ${value}`);

const implausible = (reason: string): Effect.Effect<never, Implausible> => Effect.fail(new Implausible({ reason }));

const seeMarkets = (list: ReadonlyArray<MarketInfo>, market: string): Effect.Effect<Seen, Implausible> =>
  seen({ value: `${list.length} markets`, wrong: !list.some((info) => info.market === market) && `${market} is not listed` }, null);

const seeTicker = ({ price, changePercent }: Ticker): Look => ({
  value: `${price} (${changePercent} %)`,
  wrong: price.number <= 0 && "no price",
});

const seeOrderbook = ({ asks, bids, spread }: Orderbook): Look => ({
  value: `bid ${bids[0]?.price} ask ${asks[0]?.price} spread ${spread}, ${bids.length} and ${asks.length} levels`,
  wrong: (asks.length === 0 || bids.length === 0) && "an empty side",
});

const seeTrades = (trades: ReadonlyArray<Trade>): Look => {
  const last = trades.at(-1);
  return {
    value: `${count(trades, "trade")}, last ${last?.side} ${last?.volume} at ${last?.price}, id ${last?.id}`,
    wrong: trades.length === 0 ? "no trade" : !ascending(trades.map((trade) => trade.tradeTimeMs)) && "not oldest first",
  };
};

const seeCandles =
  (interval: string) =>
  (candles: ReadonlyArray<Candle>): Look => {
    const last = candles.at(-1);
    const wrong = candles.some(
      (candle) => candle.interval !== interval || candle.low.number > candle.high.number || candle.low.number <= 0,
    );
    return {
      value: `${count(candles, "candle")}, last close ${last?.close} (${last?.state})`,
      wrong:
        candles.length === 0
          ? "no candle"
          : wrong
            ? "not such candles"
            : !ascending(candles.map((candle) => candle.openTimeMs)) && "not oldest first",
    };
  };

const count = (list: ReadonlyArray<unknown>, what: string): string => `${list.length} ${what}${list.length === 1 ? "" : "s"}`;

const ascending = (times: ReadonlyArray<number>): boolean => times.every((time, i) => i === 0 || (times[i - 1] ?? 0) <= time);
