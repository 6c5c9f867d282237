/** From a message of the socket to the key it is about. Pure. */
import type { Candle } from "../domain/Candle.ts";
import type { Orderbook } from "../domain/Orderbook.ts";
import type { StreamKey } from "../domain/StreamKey.ts";
import type { Ticker } from "../domain/Ticker.ts";
import type { Trade } from "../domain/Trade.ts";
import type { SocketMessage } from "../transport/Venue.ts";
import type { DirectValue } from "./Consumer.ts";

export type AnyValue = Ticker | Orderbook | Trade | Candle;

/** Undefined for what says nothing of a market. */
export const valueOf = (message: SocketMessage): DirectValue | undefined => {
  switch (message._tag) {
    case "Ticker":
      return came({ kind: "ticker", market: message.value.market }, message.value, message.value.timestampMs, message.snapshot);
    case "Orderbook": {
      const depth = Math.max(message.value.asks.length, message.value.bids.length);
      const key: StreamKey = { kind: "orderbook", market: message.value.market, levels: depth };
      return { ...came(key, message.value, message.value.timestampMs, message.snapshot), depth };
    }
    case "Trade":
      return came({ kind: "trades", market: message.value.market }, message.value, message.value.tradeTimeMs, message.snapshot);
    case "Candle": {
      const { market, interval, lastTradeTimeMs } = message.value;
      return came({ kind: "candles", market, interval }, message.value, lastTradeTimeMs, message.snapshot);
    }
    default:
      return undefined;
  }
};

const came = (key: StreamKey, value: AnyValue, exchangeTimeMs: number, snapshot: boolean): DirectValue => ({
  key,
  value,
  exchangeTimeMs,
  snapshot,
  depth: undefined,
});
