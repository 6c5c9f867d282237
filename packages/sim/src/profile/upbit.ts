/**
 * Upbit in its four regions. Korea and Indonesia have been probed on the wire; Singapore and Thailand are taken to be like Indonesia, which is
 * an assumption. So are, outside Korea, the missing best quotes of trades and the missing `candle_date_time_kst`: both are only known to be
 * absent at times, and a client must do without.
 */
import type { Quote } from "../market/TickSize.ts";
import type { Profile, SocketTexts } from "./Profile.ts";

const ticker = [
  "type",
  "code",
  "opening_price",
  "high_price",
  "low_price",
  "trade_price",
  "prev_closing_price",
  "acc_trade_price",
  "change",
  "change_price",
  "signed_change_price",
  "change_rate",
  "signed_change_rate",
  "ask_bid",
  "trade_volume",
  "acc_trade_volume",
  "trade_date",
  "trade_time",
  "trade_timestamp",
  "acc_ask_volume",
  "acc_bid_volume",
  "highest_52_week_price",
  "highest_52_week_date",
  "lowest_52_week_price",
  "lowest_52_week_date",
  "market_state",
  "is_trading_suspended",
  "delisting_date",
  "market_warning",
  "timestamp",
  "acc_trade_price_24h",
  "acc_trade_volume_24h",
  "stream_type",
] as const;

const trade = [
  "type",
  "code",
  "timestamp",
  "trade_date",
  "trade_time",
  "trade_timestamp",
  "trade_price",
  "trade_volume",
  "ask_bid",
  "prev_closing_price",
  "change",
  "change_price",
  "sequential_id",
  "best_ask_price",
  "best_ask_size",
  "best_bid_price",
  "best_bid_size",
  "stream_type",
] as const;

const orderbook = ["type", "code", "timestamp", "total_ask_size", "total_bid_size", "orderbook_units", "stream_type", "level"] as const;

const candle = [
  "type",
  "code",
  "candle_date_time_utc",
  "candle_date_time_kst",
  "opening_price",
  "high_price",
  "low_price",
  "trade_price",
  "candle_acc_trade_volume",
  "candle_acc_trade_price",
  "timestamp",
  "stream_type",
] as const;

/** The texts for a missing type, missing codes and too many messages are not recorded. */
const korean: SocketTexts = {
  invalidAuth: "인증 정보가 올바르지 않습니다.",
  wrongFormat: "Format 이 맞지 않습니다.",
  noTicket: "티켓이 존재하지 않거나, 유효하지 않습니다.",
  noType: "type 필드가 존재하지 않습니다.",
  noCodes: "codes 필드가 존재하지 않습니다.",
  tooMany: "요청 수 제한을 초과했습니다.",
  unknownType: (name) => `${name} 은 지원하지 않는 타입입니다.`,
  unknownMethod: (name) => `${name} 은 지원하지 않는 메서드입니다.`,
};

/** As recorded in Indonesia, but for authentication, a missing type, too many messages and methods. */
export const english: SocketTexts = {
  invalidAuth: "Authentication information is not valid.",
  wrongFormat: "Requested using wrong format.",
  noTicket: "Ticket field must be contained.",
  noType: "type field not exists.",
  noCodes: "codes field not exists.",
  tooMany: "Too many requests.",
  unknownType: (name) => `type ${name} is not supported.`,
  unknownMethod: (name) => `method ${name} is not supported.`,
};

const endpoints = {
  "/v1/market/all": "market",
  "/v1/ticker": "ticker",
  "/v1/ticker/all": "ticker",
  "/v1/orderbook": "orderbook",
  "/v1/orderbook/instruments": "orderbook",
  "/v1/trades/ticks": "crix-trades",
  "/v1/candles/seconds": "candles",
  "/v1/candles/minutes": "candles",
  "/v1/candles/days": "candles",
  "/v1/candles/weeks": "candles",
  "/v1/candles/months": "candles",
  "/v1/candles/years": "candles",
} as const;

export const upbitKorea: Profile = {
  id: "upbit",
  seedSalt: 0,
  quotes: ["KRW", "BTC", "USDT"],
  endpoints: { ...endpoints, "/v1/orderbook/supported_levels": "orderbook" },
  zoneOffsetMs: 0,
  list: { koreanNames: true, detailFlags: ["is_details", "isDetails"], warning: "market_event" },
  rest: { errorStatus: "http", limitHeaders: true, candleKst: true, tickerEpochOffsetMs: 0, changeRatePlaces: 10 },
  book: {
    grouping: true,
    levelWithoutGrouping: "refused",
    count: true,
    restLevels: 30,
    socketLevels: 30,
    depths: [1, 5, 15, 30],
    plainLevel: "0",
    socketLevel: "understood",
    socketTimestamp: "milliseconds",
    zeroSizes: false,
  },
  socket: {
    formats: ["DEFAULT", "SIMPLE", "JSON_LIST", "SIMPLE_LIST"],
    streams: ["ticker", "trade", "orderbook", "1s", "1m", "3m", "5m", "10m", "15m", "30m", "60m", "240m"],
    listSubscriptions: true,
    onlySnapshot: ["is_only_snapshot", "isOnlySnapshot"],
    onlyRealtime: ["is_only_realtime", "isOnlyRealtime"],
    datesOffsetMs: 0,
    tradeIdOffset: 0n,
    changeRatePlaces: 10,
    members: { ticker, trade, orderbook, candle },
    texts: korean,
  },
  spelling: "wire",
  defaults: { limits: {}, socket: {} },
};

const without = (members: ReadonlyArray<string>, gone: RegExp): ReadonlyArray<string> => members.filter((name) => !gone.test(name));

const region = (id: string, fiat: Quote, seedSalt: number): Profile => ({
  ...upbitKorea,
  id,
  seedSalt,
  quotes: [fiat, "BTC", "USDT"],
  endpoints,
  list: { koreanNames: false, detailFlags: ["is_details", "isDetails"], warning: "market_warning" },
  rest: { ...upbitKorea.rest, candleKst: false },
  book: { ...upbitKorea.book, grouping: false, socketLevel: "refused" },
  socket: {
    ...upbitKorea.socket,
    members: {
      ticker,
      trade: without(trade, /^best_/),
      orderbook: without(orderbook, /^level$/),
      candle: without(candle, /_kst$/),
    },
    texts: english,
  },
  defaults: { limits: {}, socket: { errorCloseMs: [603, 810] } },
});

export const upbitSingapore = region("upbit-sg", "SGD", 0x5347);
export const upbitIndonesia = region("upbit-id", "IDR", 0x4944);
export const upbitThailand = region("upbit-th", "THB", 0x5448);
