/**
 * How Upbit is spoken to over its socket. One request is the whole subscription of a connection: the next one replaces it, for all types, so
 * there is no frame that adds or removes. LIST_SUBSCRIPTIONS is the one request that replaces nothing, but its `format` sets the format of
 * the running stream, so it must carry that of the subscription. Unknown codes are answered with silence.
 */
import type { StreamKey } from "@naru/router/domain/StreamKey";
import type { SocketDialect, WireFormat } from "@naru/router/transport/Venue";
import { streamType } from "../decode/CandleShape.ts";
import { UnknownFields } from "../decode/Shape.ts";
import { decodeSocketMessage } from "../decode/SocketFrame.ts";

/** Full or abbreviated names, one object or a list of them per frame: the exchange's words for a {@link WireFormat}. */
export type SocketFormat = "DEFAULT" | "SIMPLE" | "JSON_LIST" | "SIMPLE_LIST";

const wireFormats: Readonly<Record<SocketFormat, WireFormat>> = {
  DEFAULT: "full",
  SIMPLE: "compact",
  JSON_LIST: "full_list",
  SIMPLE_LIST: "compact_list",
};

const socketFormats: Readonly<Record<WireFormat, SocketFormat>> = {
  full: "DEFAULT",
  compact: "SIMPLE",
  full_list: "JSON_LIST",
  compact_list: "SIMPLE_LIST",
};

export interface DialectOptions {
  /** The one asked for by default. */
  readonly format: SocketFormat;
  /** Told of every message's fields that the protocol reference does not know. */
  readonly onUnknownFields: ((names: ReadonlyArray<string>) => void) | undefined;
}

export const makeDialect = (url: string, options: DialectOptions): SocketDialect => {
  const formatObject = (format: WireFormat) => ({ format: socketFormats[format] });
  return {
    url,
    format: wireFormats[options.format],
    supports: (key) => key.kind !== "candles" || streamType(key.interval) !== undefined,
    subscribe: (wanted, ticket, format) => JSON.stringify([{ ticket }, ...typeObjects(wanted), formatObject(format)]),
    listSubscriptions: (ticket, format) => JSON.stringify([{ ticket }, { method: "LIST_SUBSCRIPTIONS" }, formatObject(format)]),
    decode: (data, onGeneral) => {
      if (options.onUnknownFields === undefined) return decodeSocketMessage(data, undefined, onGeneral);
      const unknown = new UnknownFields();
      const messages = decodeSocketMessage(data, unknown, onGeneral);
      if (unknown.names.length > 0) options.onUnknownFields(unknown.names);
      return messages;
    },
  };
};

/** One object per type, its codes in the order first wanted. Keys that cannot be streamed are left out; `supports` tells them. */
const typeObjects = (wanted: ReadonlyArray<StreamKey>): ReadonlyArray<{ readonly type: string; readonly codes: ReadonlyArray<string> }> => {
  const codesByType = new Map<string, Map<string, number>>();
  for (const key of wanted) {
    const type = typeOf(key);
    if (type === undefined) continue;
    let codes = codesByType.get(type);
    if (codes === undefined) codesByType.set(type, (codes = new Map()));
    // A market is asked once per type; of two wanted depths the deeper serves both.
    codes.set(key.market, Math.max(codes.get(key.market) ?? 0, key.kind === "orderbook" ? key.levels : 0));
  }
  return [...codesByType].map(([type, codes]) => ({
    type,
    codes: [...codes].map(([market, levels]) => (type === "orderbook" ? `${market}.${depthOf(levels)}` : market)),
  }));
};

const typeOf = (key: StreamKey): string | undefined => {
  switch (key.kind) {
    case "ticker":
      return "ticker";
    case "trades":
      return "trade";
    case "orderbook":
      return "orderbook";
    case "candles":
      return streamType(key.interval);
  }
};

/** The depths the exchange knows. Another number is answered with 30 levels. */
const depths = [1, 5, 15, 30];
const depthOf = (levels: number): number => depths.find((depth) => depth >= levels) ?? 30;
