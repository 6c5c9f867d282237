/**
 * The state of one market: last price, the day's figures and the rolling 24 hours. REST and both socket formats decode into this one type.
 *
 * "Day" is the exchange's day, which starts at 00:00 UTC (09:00 in Korea). The exchange's `high_price` and `low_price` are of that day and
 * are named so here; they are not 24-hour figures. Those are computed, and only for who asks (`tiers/RollingDay.ts`).
 */
import * as Schema from "effect/Schema";
import { Decimal } from "./Decimal.ts";
import { Market } from "./Market.ts";

/** The direction against the previous day's close. */
export const Change = Schema.Literals(["RISE", "EVEN", "FALL"]);
export type Change = typeof Change.Type;

/** The side of the taker: `buy` took the offer, `sell` hit the bid. */
export const Side = Schema.Literals(["buy", "sell"]);
export type Side = typeof Side.Type;

export const Ticker = Schema.Struct({
  market: Market,
  /** Price of the last trade, in quote currency. */
  price: Decimal.schema,
  /** First price of the UTC day. Absent for a market that has not traded. */
  open: Schema.optionalKey(Decimal.schema),
  /** Highest price since 00:00 UTC. */
  dayHigh: Schema.optionalKey(Decimal.schema),
  /** Lowest price since 00:00 UTC. */
  dayLow: Schema.optionalKey(Decimal.schema),
  /** Close of the previous UTC day. */
  previousClose: Schema.optionalKey(Decimal.schema),
  change: Change,
  /** `price - previousClose`, signed. */
  changeAmount: Decimal.schema,
  /** `changeAmount / previousClose`, signed, as the exchange rounds it (10 decimals). */
  changeRatio: Decimal.schema,
  /** `changeRatio × 100`, exact. */
  changePercent: Decimal.schema,
  /** Size of the last trade, in base currency. */
  lastVolume: Decimal.schema,
  /** Base currency traded since 00:00 UTC. */
  dayVolume: Decimal.schema,
  /** Quote currency traded since 00:00 UTC. */
  dayValue: Decimal.schema,
  /** Base currency traded in the last 24 hours. */
  volume24h: Decimal.schema,
  /** Quote currency traded in the last 24 hours. */
  value24h: Decimal.schema,
  /**
   * Highest price of the last 24 hours, where that was asked for (`rolling24h`) and is known: absent, null in JSON, until all of it is covered and where
   * nobody traded. It counts from the start of the minute that was 24 hours ago.
   */
  high24h: Schema.optionalKey(Decimal.schema),
  /** Lowest price of the last 24 hours; as `high24h`. */
  low24h: Schema.optionalKey(Decimal.schema),
  high52w: Schema.optionalKey(Decimal.schema),
  /** `yyyy-MM-dd`. */
  high52wDate: Schema.optionalKey(Schema.String),
  low52w: Schema.optionalKey(Decimal.schema),
  /** `yyyy-MM-dd`. */
  low52wDate: Schema.optionalKey(Schema.String),
  /** Time of the last trade, epoch milliseconds. The wire's date and time texts say the same and are not kept. */
  tradeTimeMs: Schema.Int,
  /** When the exchange made this snapshot, epoch milliseconds. Newer wins by this. */
  timestampMs: Schema.Int,
  /** Taker's side of the last trade. Socket only. */
  lastSide: Schema.optionalKey(Side),
  /** Base currency sold by takers since 00:00 UTC. Socket only. */
  dayAskVolume: Schema.optionalKey(Decimal.schema),
  /** Base currency bought by takers since 00:00 UTC. Socket only. */
  dayBidVolume: Schema.optionalKey(Decimal.schema),
  /** `PREVIEW`, `ACTIVE` or `DELISTED`; other words are passed on as they are. Socket only. */
  marketState: Schema.optionalKey(Schema.String),
  /** Socket only; absent where the wire says null. */
  delistingDate: Schema.optionalKey(Schema.String),
  /** Deprecated by the exchange in Korea. Socket only. */
  marketWarning: Schema.optionalKey(Schema.String),
  /** Deprecated by the exchange. Socket only. */
  tradingSuspended: Schema.optionalKey(Schema.Boolean),
});
export type Ticker = typeof Ticker.Type;
