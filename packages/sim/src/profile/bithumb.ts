/**
 * Bithumb, which speaks the same wire with its own habits: days begin at Korean midnight, tickers over REST carry epochs nine hours ahead,
 * books count microseconds on the socket and hold levels of size 0, and errors may come with HTTP 200. Not recorded, and therefore assumed:
 * the short names and the texts of errors (taken from Upbit), that a trades query counts its days in UTC, and the exact difference between
 * the ids of a trade over REST and over the socket.
 */
import { kstOffsetMs } from "../wire/Dates.ts";
import type { Profile } from "./Profile.ts";
import { english, upbitKorea } from "./upbit.ts";

const ticker = [
  "type",
  "code",
  "opening_price",
  "high_price",
  "low_price",
  "trade_price",
  "prev_closing_price",
  "change",
  "change_price",
  "signed_change_price",
  "change_rate",
  "signed_change_rate",
  "trade_volume",
  "acc_trade_volume",
  "acc_trade_volume_24h",
  "acc_trade_price",
  "acc_trade_price_24h",
  "trade_date",
  "trade_time",
  "trade_timestamp",
  "ask_bid",
  "acc_ask_volume",
  "acc_bid_volume",
  "highest_52_week_price",
  "highest_52_week_date",
  "lowest_52_week_price",
  "lowest_52_week_date",
  "market_state",
  "is_trading_suspended",
  "market_warning",
  "timestamp",
  "stream_type",
];

const trade = [
  "type",
  "code",
  "trade_price",
  "trade_volume",
  "ask_bid",
  "prev_closing_price",
  "change",
  "change_price",
  "trade_date",
  "trade_time",
  "trade_timestamp",
  "timestamp",
  "sequential_id",
  "stream_type",
];

const orderbook = ["type", "code", "total_ask_size", "total_bid_size", "orderbook_units", "level", "timestamp", "stream_type"];

export const bithumb: Profile = {
  ...upbitKorea,
  id: "bithumb",
  seedSalt: 0x425448,
  quotes: ["KRW", "BTC"],
  endpoints: {
    "/v1/market/all": "other",
    "/v1/market/virtual_asset_warning": "other",
    "/v1/ticker": "ticker",
    "/v1/orderbook": "orderbook",
    "/v1/trades/ticks": "trade",
    "/v1/candles/minutes": "candle",
    "/v1/candles/days": "candle",
    "/v1/candles/weeks": "candle",
    "/v1/candles/months": "candle",
  },
  zoneOffsetMs: kstOffsetMs,
  list: { koreanNames: true, detailFlags: ["isDetails"], warning: "market_warning" },
  rest: { errorStatus: "ok", limitHeaders: false, candleKst: true, tickerEpochOffsetMs: kstOffsetMs, changeRatePlaces: 4 },
  book: {
    grouping: false,
    levelWithoutGrouping: "ignored",
    count: false,
    restLevels: 30,
    socketLevels: 15,
    depths: Array.from({ length: 15 }, (_, i) => i + 1),
    plainLevel: "1",
    socketLevel: "understood",
    socketTimestamp: "microseconds",
    zeroSizes: true,
  },
  socket: {
    formats: ["DEFAULT", "SIMPLE"],
    streams: ["ticker", "trade", "orderbook"],
    listSubscriptions: false,
    // The second is how the documentation misspells the first.
    onlySnapshot: ["isOnlySnapshot", "isOnlySanpshot"],
    onlyRealtime: ["isOnlyRealtime"],
    datesOffsetMs: kstOffsetMs,
    tradeIdOffset: 903_193_308_000_000_000n,
    changeRatePlaces: 8,
    members: { ticker, trade, orderbook, candle: [] },
    texts: english,
  },
  spelling: "plain",
  defaults: {
    limits: { perWindow: 150, connectsPerSecond: 10, originWindowMs: 0, banMs: 600_000 },
    socket: { idleMs: 120_000, statusRepeats: false },
  },
};
