/**
 * The last question before a link is given up for its silence: does REST know something newer of a silent key than the socket has brought? One
 * request for one key, of middle urgency. When REST cannot be asked nothing is known, and a link is not given up for that. A market that REST
 * does not know, and its list of markets neither, is gone.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Equal from "effect/Equal";
import * as Result from "effect/Result";
import type { Market } from "../domain/Market.ts";
import type { Orderbook } from "../domain/Orderbook.ts";
import { coveringDepth, type StreamKey } from "../domain/StreamKey.ts";
import type { MarketDataError } from "../errors/MarketDataError.ts";
import { RouterConfig } from "../RouterConfig.ts";
import type { ProbeResult, Suspect, Told } from "../transport/FeedWatch.ts";
import { Rest } from "../transport/RestCall.ts";
import { type RestCall, Venue } from "../transport/Venue.ts";

/**
 * Newer by less than this is the ordinary difference between what REST and the socket know at one moment, in milliseconds: a frame that is on its
 * way, an answer that was cached at the edge.
 */
const marginMs = 2_000;

/** Asks REST about a suspect. */
export const makeSilenceProbe: Effect.Effect<(suspect: Suspect) => Effect.Effect<ProbeResult>, never, Rest | Venue> = Effect.gen(
  function* () {
    const rest = yield* Rest;
    const venue = yield* Venue;
    const clock = yield* Clock.Clock;
    const { deadlineMs } = yield* RouterConfig;

    const newest = <A extends Told>(call: RestCall<A> | undefined): Effect.Effect<Told | undefined, MarketDataError> =>
      call === undefined
        ? Effect.undefined
        : Effect.suspend(() => {
            const deadlineNanos = clock.monotonicTimeNanosUnsafe() + BigInt(Math.round(deadlineMs * 1e6));
            return rest.run(call, { priority: "normal", deadlineNanos, expects: () => true });
          }).pipe(Effect.map(({ rows }) => rows[0]));

    const atRest = (key: StreamKey): Effect.Effect<Told | undefined, MarketDataError> => {
      switch (key.kind) {
        case "ticker":
          return newest(venue.tickers([key.market])[0]);
        case "orderbook":
          return newest(venue.orderbooks([key.market], coveringDepth(key.levels))[0]);
        case "trades":
          return newest(Result.getOrUndefined(venue.trades(key.market, { count: 1 })));
        case "candles":
          return newest(Result.getOrUndefined(venue.candles(key.market, key.interval, { count: 1 })));
      }
    };

    /** The list's word on a market that one answer did not know: a stream that ends does not come back. A list not read whole says nothing. */
    const isDelisted = (market: Market): Effect.Effect<boolean> =>
      Effect.suspend(() => {
        const deadlineNanos = clock.monotonicTimeNanosUnsafe() + BigInt(Math.round(deadlineMs * 1e6));
        return rest.run(venue.markets(), { priority: "normal", deadlineNanos });
      }).pipe(
        Effect.map(({ rows, rejected }) => rows.length > 0 && rejected.length === 0 && rows.every((info) => info.market !== market)),
        Effect.orElseSucceed(() => false),
      );

    return Effect.fn("SilenceProbe.ask")(function* ({ key, last }: Suspect) {
      const told = yield* Effect.result(atRest(key));
      if (Result.isSuccess(told)) return told.success !== undefined && isNewer(told.success, last) ? "newer" : "same";
      return told.failure._tag === "MarketUnknown" && (yield* isDelisted(key.market)) ? "gone" : "unknown";
    });
  },
);

/** Whether the market has moved on from what the socket told last. Told nothing, anything is newer. */
const isNewer = (rest: Told, socket: Told | undefined): boolean =>
  socket === undefined || (movedAt(rest) > movedAt(socket) + marginMs && !isSameBook(rest, socket));

/** When the market last moved, as a value tells: a ticker may be made anew without a trade. */
const movedAt = (value: Told): number => {
  if ("lastTradeTimeMs" in value) return value.lastTradeTimeMs;
  return "asks" in value ? value.timestampMs : value.tradeTimeMs;
};

/** A quiet book's time is that of the answer over REST and that of the last change on the socket: its levels say whether it has moved. */
const isSameBook = (a: Told, b: Told): boolean => "asks" in a && "asks" in b && isSameSide(a.asks, b.asks) && isSameSide(a.bids, b.bids);

const isSameSide = (a: Orderbook["asks"], b: Orderbook["asks"]): boolean => {
  const depth = Math.min(a.length, b.length);
  return a.slice(0, depth).every((level, at) => Equal.equals(level, b[at]));
};
