/** Each kind of stream, opened for one market: for proofs that hold for all of them alike. */
import type { StreamElement } from "@naru/router/domain/StreamElement";
import type { MarketDataError } from "@naru/router/errors/MarketDataError";
import {
  type MarketData,
  streamCandlesEvents,
  streamOrderbookEvents,
  streamTickerEvents,
  streamTradesEvents,
} from "@naru/router/MarketData";
import type * as Stream from "effect/Stream";

export type OpenStream = (market: string) => Stream.Stream<StreamElement<unknown>, MarketDataError, MarketData>;

export const streamKinds: ReadonlyArray<readonly [kind: string, open: OpenStream]> = [
  ["ticker", (market) => streamTickerEvents(market)],
  ["orderbook", (market) => streamOrderbookEvents(market)],
  ["trades", (market) => streamTradesEvents(market)],
  ["candles", (market) => streamCandlesEvents(market, "1m")],
];
