/** The limit group of each kind of question, as the venue's own calls say. Pure. */
import type { Market } from "../domain/Market.ts";
import type { Kind } from "../domain/Question.ts";
import type { Venue } from "../transport/Venue.ts";

export const groupsOf = (venue: Venue["Service"]): Readonly<Record<Kind, string>> => {
  // Any well-formed code does: a call is only data, and this one is never run.
  const market = "KRW-BTC" as Market;
  const trades = venue.trades(market, { count: 1 });
  const candles = venue.candles(market, "1m", { count: 1 });
  return {
    ticker: venue.tickers([market])[0]?.group ?? "ticker",
    orderbook: venue.orderbooks([market], 1)[0]?.group ?? "orderbook",
    trades: trades._tag === "Success" ? trades.success.group : "trade",
    candles: candles._tag === "Success" ? candles.success.group : "candle",
  };
};
