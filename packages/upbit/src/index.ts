/** The Upbit venue: endpoints, subscription frames, decoders, error table and limit groups, behind the router's `Venue` port. */
export * as Upbit from "./Upbit.ts";
export { backtest, connect, type NaruClient } from "./connect.ts";
export * as UpbitVenue from "./UpbitVenue.ts";
export { isProfileName, profileFromUrl, type ProfileName, type ProfileOptions, profiles, type UpbitProfile } from "./profiles.ts";
export { limits, parseRemainingReq } from "./limits.ts";
export { restFailure, socketFailure, upgradeFailure } from "./errors.ts";
export { type SocketFormat } from "./socket/Dialect.ts";
export { decodeSocketMessage } from "./decode/SocketFrame.ts";
export { readRecorded, type Recorded, type RecordedKind, type RecordedRows } from "./recorded.ts";
export { RestTicker, SimpleTicker, SocketTicker } from "./decode/TickerShape.ts";
export { RestTrade, SimpleTrade, SocketTrade } from "./decode/TradeShape.ts";
export { RestOrderbook, SimpleOrderbook, SocketOrderbook } from "./decode/OrderbookShape.ts";
export { restCandleSchema, SimpleCandle, SocketCandle } from "./decode/CandleShape.ts";
export { RestMarket } from "./decode/MarketShape.ts";
