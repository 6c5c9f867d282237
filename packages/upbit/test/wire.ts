/**
 * The protocol reference's field tables, written down a second time for the tests: every field's name in each spelling, one value, another
 * value, and which of our fields change with it. It shares nothing with the tables in `src`.
 */

export type Channel = "rest" | "full" | "simple";

export interface WireField {
  readonly names: Partial<Record<Channel, string>>;
  /** JSON text per channel, or for all. */
  readonly value: string | Partial<Record<Channel, string>>;
  readonly other: string | Partial<Record<Channel, string>>;
  /** Our fields that change when only this one does. */
  readonly to: ReadonlyArray<string>;
  readonly need: "required" | "nullable" | "optional";
  /** Our fields that are absent when this one is, where that is more than `to`. */
  readonly gone?: ReadonlyArray<string>;
}

type Need = WireField["need"];
type Spelt = WireField["value"];
const all = (
  rest: string,
  full: string,
  simple: string,
  value: Spelt,
  other: Spelt,
  to: ReadonlyArray<string>,
  need: Need = "required",
): WireField => ({
  names: { rest, full, simple },
  value,
  other,
  to,
  need,
});
const onlyRest = (rest: string, value: string, other: string, to: ReadonlyArray<string>, need: Need = "required"): WireField => ({
  names: { rest },
  value,
  other,
  to,
  need,
});
const socket = (
  full: string,
  simple: string,
  value: string,
  other: string,
  to: ReadonlyArray<string>,
  need: Need = "required",
): WireField => ({
  names: { full, simple },
  value,
  other,
  to,
  need,
});
/** One number as the three channels spell it: eight decimals, Java's doubles, plain. */
const won = (plain: string, java: string) => ({ rest: `${plain}.00000000`, full: java, simple: plain });

export const ticker: ReadonlyArray<WireField> = [
  socket("type", "ty", '"ticker"', '"ticker"', []),
  all("market", "code", "cd", '"KRW-BTC"', '"KRW-ETH"', ["market"]),
  all("opening_price", "opening_price", "op", won("109165000", "1.09165E8"), "109165001", ["open"], "nullable"),
  all("high_price", "high_price", "hp", won("110117000", "1.10117E8"), "110117001", ["dayHigh"], "nullable"),
  all("low_price", "low_price", "lp", won("108958000", "1.08958E8"), "108958001", ["dayLow"], "nullable"),
  all("trade_price", "trade_price", "tp", won("109868000", "1.09868E8"), "109868001", ["price"]),
  all("prev_closing_price", "prev_closing_price", "pcp", won("109166000", "1.09166E8"), "109166001", ["previousClose"], "nullable"),
  all("acc_trade_price", "acc_trade_price", "atp", "59726546304.62442", "59726546304.62443", ["dayValue"]),
  all("change", "change", "c", '"RISE"', '"EVEN"', ["change"]),
  all("change_price", "change_price", "cp", won("702000", "702000.0"), "702001", [], "optional"),
  all("signed_change_price", "signed_change_price", "scp", won("702000", "702000.0"), "-702000", ["changeAmount"]),
  all("change_rate", "change_rate", "cr", "0.0064305736", "0.0064305737", [], "optional"),
  all("signed_change_rate", "signed_change_rate", "scr", "0.0064305736", "-0.0064305736", ["changeRatio", "changePercent"]),
  socket("ask_bid", "ab", '"BID"', '"ASK"', ["lastSide"], "optional"),
  all("trade_volume", "trade_volume", "tv", { rest: "0.00227550", full: "0.00227550", simple: "2.2755E-3" }, "6E-8", ["lastVolume"]),
  all("acc_trade_volume", "acc_trade_volume", "atv", "545.10000000", "545.10000001", ["dayVolume"]),
  all("trade_date", "trade_date", "tdt", '"20260826"', '"20260827"', [], "optional"),
  all("trade_time", "trade_time", "ttm", '"072400"', '"072401"', [], "optional"),
  onlyRest("trade_date_kst", '"20260826"', '"20260827"', [], "optional"),
  onlyRest("trade_time_kst", '"162400"', '"162401"', [], "optional"),
  all("trade_timestamp", "trade_timestamp", "ttms", "1787729040682", "1787729040683", ["tradeTimeMs"]),
  socket("acc_ask_volume", "aav", "270.10000000", "270.2", ["dayAskVolume"], "optional"),
  socket("acc_bid_volume", "abv", "275.00000000", "275.2", ["dayBidVolume"], "optional"),
  all("highest_52_week_price", "highest_52_week_price", "h52wp", won("179869000", "1.79869E8"), "179869001", ["high52w"], "optional"),
  all("highest_52_week_date", "highest_52_week_date", "h52wdt", '"2025-10-09"', '"2025-10-10"', ["high52wDate"], "optional"),
  all("lowest_52_week_price", "lowest_52_week_price", "l52wp", won("88770000", "8.877E7"), "88770001", ["low52w"], "optional"),
  all("lowest_52_week_date", "lowest_52_week_date", "l52wdt", '"2026-07-01"', '"2026-07-02"', ["low52wDate"], "optional"),
  socket("market_state", "ms", '"ACTIVE"', '"PREVIEW"', ["marketState"], "optional"),
  socket("is_trading_suspended", "its", "false", "true", ["tradingSuspended"], "optional"),
  socket("delisting_date", "dd", '"2026-12-01"', '"2026-12-02"', ["delistingDate"], "optional"),
  socket("market_warning", "mw", '"NONE"', '"CAUTION"', ["marketWarning"], "optional"),
  all("timestamp", "timestamp", "tms", "1787729042606", "1787729042607", ["timestampMs"]),
  all("acc_trade_price_24h", "acc_trade_price_24h", "atp24h", "120000000000.12345", "120000000000.12346", ["value24h"]),
  all("acc_trade_volume_24h", "acc_trade_volume_24h", "atv24h", "1090.00000000", "1091", ["volume24h"]),
  socket("stream_type", "st", '"SNAPSHOT"', '"REALTIME"', []),
];

export const trade: ReadonlyArray<WireField> = [
  socket("type", "ty", '"trade"', '"trade"', []),
  all("market", "code", "cd", '"KRW-BTC"', '"KRW-ETH"', ["market"]),
  socket("timestamp", "tms", "1785395043831", "1785395043832", ["sentTimeMs"]),
  all("trade_date_utc", "trade_date", "td", '"2026-07-30"', '"2026-07-31"', []),
  all("trade_time_utc", "trade_time", "ttm", '"07:04:03"', '"07:04:04"', []),
  all("timestamp", "trade_timestamp", "ttms", "1785395043779", "1785395043780", ["tradeTimeMs"]),
  all("trade_price", "trade_price", "tp", { rest: "91361000.0", full: "9.1361E7", simple: "91361000" }, "91361001", ["price"]),
  all("trade_volume", "trade_volume", "tv", "0.01275549", "9.9E-7", ["volume"]),
  all("ask_bid", "ask_bid", "ab", '"ASK"', '"BID"', ["side"]),
  all("prev_closing_price", "prev_closing_price", "pcp", "91424000.0", "91424001", ["previousClose"], "nullable"),
  { ...onlyRest("change_price", "-63000.0", "-63001", ["changeAmount"], "nullable"), gone: ["change", "changeAmount"] },
  socket("change", "c", '"FALL"', '"RISE"', ["change", "changeAmount"]),
  socket("change_price", "cp", "63000.0", "63001", ["changeAmount"], "nullable"),
  all("sequential_id", "sequential_id", "sid", "17853950437790001", "17853950437790002", ["id"]),
  // A best quote's size means nothing without its price, so they go together.
  { ...socket("best_ask_price", "bap", "91370000", "91370001", ["bestAsk"], "optional"), gone: ["bestAsk", "bestAskSize"] },
  socket("best_ask_size", "bas", "0.0070459", "0.0070458", ["bestAskSize"], "optional"),
  { ...socket("best_bid_price", "bbp", "91361000", "91361001", ["bestBid"], "optional"), gone: ["bestBid", "bestBidSize"] },
  socket("best_bid_size", "bbs", "0.00196362", "0.00196363", ["bestBidSize"], "optional"),
  socket("stream_type", "st", '"REALTIME"', '"SNAPSHOT"', []),
];

export const unitNames = { full: ["ask_price", "bid_price", "ask_size", "bid_size"], simple: ["ap", "bp", "as", "bs"] } as const;

const unitsOf = (names: readonly [string, string, string, string], rows: ReadonlyArray<readonly [string, string, string, string]>) =>
  `[${rows.map((row) => `{${row.map((token, i) => `"${names[i]}":${token}`).join(",")}}`).join(",")}]`;

/** `orderbook_units` in each channel's spelling, from rows of ask price, bid price, ask size, bid size. */
export const units = (...rows: ReadonlyArray<readonly [string, string, string, string]>) => ({
  rest: unitsOf(unitNames.full, rows),
  full: unitsOf(unitNames.full, rows),
  simple: unitsOf(unitNames.simple, rows),
});

export const orderbook: ReadonlyArray<WireField> = [
  socket("type", "ty", '"orderbook"', '"orderbook"', []),
  all("market", "code", "cd", '"KRW-BTC"', '"KRW-ETH"', ["market"]),
  all("timestamp", "timestamp", "tms", "1790134742106", "1790134742206", ["timestampMs"]),
  all("total_ask_size", "total_ask_size", "tas", "0.02132481", "2.5", ["totalAskSize"]),
  all("total_bid_size", "total_bid_size", "tbs", "0.09250328", "2.5", ["totalBidSize"]),
  all(
    "orderbook_units",
    "orderbook_units",
    "obu",
    units(["1.16539E8", "1.16538E8", "0.02054761", "0.08120946"], ["116542000", "116537000", "0.00077720", "0.01129382"]),
    units(["1.16539E8", "1.16538E8", "0.02054761", "0.08120946"], ["116543000", "116536000", "0.00077720", "0.01129382"]),
    ["asks", "bids"],
  ),
  all("level", "level", "lv", "0", "10000", ["level"], "optional"),
  socket("stream_type", "st", '"REALTIME"', '"SNAPSHOT"', []),
];

const candle = (openTime: string, openTimeKorea: string, otherOpenTime: string, type: string): ReadonlyArray<WireField> => [
  socket("type", "ty", `"${type}"`, `"${type}"`, []),
  all("market", "code", "cd", '"KRW-BTC"', '"KRW-ETH"', ["market"]),
  all("candle_date_time_utc", "candle_date_time_utc", "cdttmu", `"${openTime}"`, `"${otherOpenTime}"`, ["openTimeMs"]),
  all("candle_date_time_kst", "candle_date_time_kst", "cdttmk", `"${openTimeKorea}"`, '"2026-07-30T00:00:00"', [], "optional"),
  all("opening_price", "opening_price", "op", "91157000.00000000", "91157001", ["open"]),
  all("high_price", "high_price", "hp", "91158000.00000000", "91158001", ["high"]),
  all("low_price", "low_price", "lp", "91133000.00000000", "91133001", ["low"]),
  all("trade_price", "trade_price", "tp", "91156000.00000000", "91156001", ["close"]),
  all("candle_acc_trade_volume", "candle_acc_trade_volume", "catv", "348666.78732189", "348666.78732188", ["volume"]),
  all("candle_acc_trade_price", "candle_acc_trade_price", "catp", "37189906239683.17623000", "37189906239683.17623001", ["value"]),
  all("timestamp", "timestamp", "tms", "1785397618309", "1785397618310", ["lastTradeTimeMs"]),
  socket("stream_type", "st", '"REALTIME"', '"SNAPSHOT"', []),
];

export const minuteCandle: ReadonlyArray<WireField> = [
  ...candle("2026-07-30T07:46:00", "2026-07-30T16:46:00", "2026-07-30T07:45:00", "candle.1m"),
  onlyRest("unit", "1", "1.0", []),
];
export const secondCandle = candle("2026-07-30T07:46:01", "2026-07-30T16:46:01", "2026-07-30T07:46:02", "candle.1s");
export const dayCandle: ReadonlyArray<WireField> = [
  ...candle("2026-07-30T00:00:00", "2026-07-30T09:00:00", "2026-07-29T00:00:00", ""),
  onlyRest("prev_closing_price", "91424000.00000000", "91424001", ["previousClose"], "nullable"),
  onlyRest("change_price", "-268000.00000000", "268000", ["changeAmount"], "nullable"),
  onlyRest("change_rate", "-0.0029314", "0.0029314", ["changeRatio"], "nullable"),
  onlyRest("converted_trade_price", "28139000.000001043", "28139000.000001044", ["convertedClose"], "optional"),
];
export const weekCandle: ReadonlyArray<WireField> = [
  ...candle("2026-07-27T00:00:00", "2026-07-27T09:00:00", "2026-07-20T00:00:00", ""),
  onlyRest("first_day_of_period", '"2026-07-27"', '"2026-07-28"', ["firstDay"]),
];

export const market: ReadonlyArray<WireField> = [
  onlyRest("market", '"KRW-BTC"', '"BTC-ETH"', ["market", "base", "quote"]),
  onlyRest("korean_name", '"비트코인"', '"이더리움"', ["koreanName"], "optional"),
  onlyRest("english_name", '"Bitcoin"', '"Ethereum"', ["englishName"]),
  onlyRest(
    "market_event",
    '{"warning":false,"caution":{"PRICE_FLUCTUATIONS":true,"DEPOSIT_AMOUNT_SOARING":false}}',
    '{"warning":true,"caution":{"PRICE_FLUCTUATIONS":false,"DEPOSIT_AMOUNT_SOARING":true}}',
    ["warning", "cautions"],
    "optional",
  ),
];

/** The wire's text of a field on a channel. */
export const spelt = (spelling: Spelt, channel: Channel): string => {
  if (typeof spelling === "string") return spelling;
  const token = spelling[channel];
  if (token === undefined) throw new Error(`no value on ${channel}`);
  return token;
};

/** One object's members on a channel: name and JSON text, in the order of the table. */
export const members = (fields: ReadonlyArray<WireField>, channel: Channel): Map<string, string> =>
  new Map(fields.flatMap((field) => (field.names[channel] === undefined ? [] : [[field.names[channel], spelt(field.value, channel)]])));

export const write = (object: ReadonlyMap<string, string>): string =>
  `{${[...object].map(([name, token]) => `${JSON.stringify(name)}:${token}`).join(",")}}`;

/** The object with one field changed; deleted where `token` is undefined. */
export const withField = (object: ReadonlyMap<string, string>, name: string, token: string | undefined): Map<string, string> => {
  const changed = new Map(object);
  if (token === undefined) changed.delete(name);
  else changed.set(name, token);
  return changed;
};
