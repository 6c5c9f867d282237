/** What tells one trade, or one window of candles, from the next. Pure. */
import type { AnyValue } from "./message.ts";
import type { Mark } from "./Seam.ts";

export const markOf = (value: AnyValue): Mark => {
  if ("tradeTimeMs" in value && "id" in value) return { id: value.id, ms: value.tradeTimeMs };
  if ("openTimeMs" in value) return { id: String(value.openTimeMs), ms: value.openTimeMs };
  return { id: String(value.timestampMs), ms: value.timestampMs };
};
