/** What a socket can be subscribed to, and under which name its last value is kept. */
import type { Interval } from "./Interval.ts";
import type { Market } from "./Market.ts";

export type StreamKey =
  | { readonly kind: "ticker"; readonly market: Market }
  | { readonly kind: "trades"; readonly market: Market }
  /** `levels` is the depth wanted of the exchange: 1, 5, 15 or 30. It is not part of the key's identity. */
  | { readonly kind: "orderbook"; readonly market: Market; readonly levels: number }
  | { readonly kind: "candles"; readonly market: Market; readonly interval: Interval };

/** A key's identity. Kinds, intervals and markets hold no colon, so different keys never share a name. */
export type KeyId = string & { readonly KeyId: unique symbol };

export const keyId = (key: StreamKey): KeyId =>
  (key.kind === "candles" ? `candles:${key.interval}:${key.market}` : `${key.kind}:${key.market}`) as KeyId;
