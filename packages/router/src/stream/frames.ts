/** What one frame says beside its value: of which key it is, when it was made, whether it repeats the one before. Pure. */
import * as Equal from "effect/Equal";
import type { Live } from "../domain/StreamElement.ts";
import type { StreamKey } from "../domain/StreamKey.ts";
import type { DataMessage, Receipt } from "../transport/Session.ts";
import type { StreamValue } from "./Track.ts";

/** The element that consumers are given. */
export const live = <A extends StreamValue>(value: A, snapshot: boolean, receipt: Receipt): Live<A> => ({
  _tag: "Live",
  market: value.market,
  value,
  snapshot,
  channel: "websocket",
  late: false,
  receivedTimeMs: receipt.ms,
});

/** The same state told again. Deep comparison hashes both values, so the moments they were made at, which differ in nearly every frame, go first. */
export const isRepeated = (before: StreamValue | undefined, value: StreamValue): boolean =>
  before !== undefined && madeAt(before) === madeAt(value) && Equal.equals(before, value);

/** When the exchange made it, epoch milliseconds. */
export const madeAt = (value: StreamValue): number => {
  if ("timestampMs" in value) return value.timestampMs;
  return "tradeTimeMs" in value ? value.tradeTimeMs : value.lastTradeTimeMs;
};

export const keyOf = (message: DataMessage): StreamKey => {
  const { market } = message.value;
  switch (message._tag) {
    case "Ticker":
      return { kind: "ticker", market };
    case "Orderbook":
      return { kind: "orderbook", market, levels: 1 };
    case "Trade":
      return { kind: "trades", market };
    case "Candle":
      return { kind: "candles", market, interval: message.value.interval };
  }
};
