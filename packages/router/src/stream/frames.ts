/** What one frame says beside its value: when it was made, whether it repeats the one before. Pure. */
import * as Equal from "effect/Equal";
import type { Live } from "../domain/StreamElement.ts";
import type { Receipt } from "../transport/Receipt.ts";
import type { StreamValue } from "./Consumer.ts";

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
