/** What tells one trade, or one window of candles, from the next. Pure. */
import type { AnyValue } from "./message.ts";
import type { Mark } from "./Seam.ts";

export const markOf = (value: AnyValue): Mark => {
  const ms = momentOf(value);
  return { id: "tradeTimeMs" in value && "id" in value ? value.id : String(ms), ms };
};

/** When it happened, or began, exchange time, epoch milliseconds. */
export const momentOf = (value: AnyValue): number => {
  if ("timestampMs" in value) return value.timestampMs;
  return "openTimeMs" in value ? value.openTimeMs : value.tradeTimeMs;
};
