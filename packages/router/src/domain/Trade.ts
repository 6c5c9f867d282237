/**
 * One trade. `id` is text because today's ids have 17 digits and a double would merge neighbours; it is unique within a market, is the only
 * key for removing duplicates, and its order means nothing.
 */
import * as Schema from "effect/Schema";
import { Decimal } from "./Decimal.ts";
import { Market } from "./Market.ts";
import { Change, Side } from "./Ticker.ts";

export const Trade = Schema.Struct({
  market: Market,
  /** The exchange's `sequential_id`, digits as on the wire. The same trade has the same id over REST and socket. */
  id: Schema.String.check(Schema.isPattern(/^\d{1,30}$/)),
  price: Decimal.schema,
  /** In base currency. */
  volume: Decimal.schema,
  /** The taker's side. */
  side: Side,
  /** When it happened, epoch milliseconds. */
  tradeTimeMs: Schema.Int,
  /** Close of the previous UTC day. */
  previousClose: Schema.optionalKey(Decimal.schema),
  change: Schema.optionalKey(Change),
  /** `price - previousClose`, signed. */
  changeAmount: Schema.optionalKey(Decimal.schema),
  /** When the frame was made, epoch milliseconds. Socket only. */
  sentTimeMs: Schema.optionalKey(Schema.Int),
  /** The best quotes after the trade. Socket only, and there not always. */
  bestAsk: Schema.optionalKey(Decimal.schema),
  bestAskSize: Schema.optionalKey(Decimal.schema),
  bestBid: Schema.optionalKey(Decimal.schema),
  bestBidSize: Schema.optionalKey(Decimal.schema),
});
export type Trade = typeof Trade.Type;
