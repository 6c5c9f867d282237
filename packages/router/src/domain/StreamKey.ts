/** What a socket can be subscribed to, and under which name its last value is kept. */
import type { Kind } from "./Question.ts";
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

/** The kind of the key that has this name. */
export const kindOf = (id: KeyId): Kind => id.slice(0, id.indexOf(":")) as Kind;

/** Depths of an order book that the exchange accepts; any other number is answered with the deepest. */
const bookDepths = [1, 5, 15, 30] as const;

/** The depth to subscribe to so that `levels` are covered. */
export const coveringDepth = (levels: number): number => bookDepths.find((depth) => depth >= levels) ?? 30;

/** Depth a key asks for; 0 for everything that is no order book. */
export const depthOf = (key: StreamKey): number => (key.kind === "orderbook" ? coveringDepth(key.levels) : 0);

/** Whether two sets of keys ask the same of the exchange, whatever their order. */
export const sameKeys = (a: ReadonlyArray<StreamKey>, b: ReadonlyArray<StreamKey>): boolean => {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  const depths = new Map(a.map((key) => [keyId(key), depthOf(key)]));
  return b.every((key) => depths.get(keyId(key)) === depthOf(key));
};
