/** What one frame says beside its value: when it was made, whether it repeats the one before. Pure. */
import { Decimal } from "../domain/Decimal.ts";
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

/** The same state told again. The moments they were made at differ in nearly every frame, and go first. */
export const isRepeated = (before: StreamValue | undefined, value: StreamValue): boolean =>
  before !== undefined && madeAt(before) === madeAt(value) && isSame(before, value);

/**
 * Whether two values of the domain say the same: plain objects and lists of texts, numbers and decimals, as deep as a book. Effect's `Equal` would hash
 * both first, which takes a hundred times as long, and several tickers of one millisecond are what a busy market is made of.
 */
const isSame = (a: unknown, b: unknown): boolean => {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (a instanceof Decimal) return b instanceof Decimal && a.equals(b);
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((element, i) => isSame(element, b[i]));
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => isSame(Reflect.get(a, name), Reflect.get(b, name)));
};

/** When the exchange made it, epoch milliseconds. */
export const madeAt = (value: StreamValue): number => {
  if ("timestampMs" in value) return value.timestampMs;
  return "tradeTimeMs" in value ? value.tradeTimeMs : value.lastTradeTimeMs;
};
