/**
 * One candle. A window without a trade has no candle on the wire; an `empty` one exists only where a caller asked for filling, and says so.
 */
import * as Schema from "effect/Schema";
import { Decimal } from "./Decimal.ts";
import { Interval, nextWindowStart } from "./Interval.ts";
import { Market } from "./Market.ts";

/**
 * `forming`: the window is still open, or its end is not proved. `closed`: the window's end has passed at the exchange, with a margin.
 * `corrected`: it was given as closed before, and turned out otherwise: take this in its place. Streams only. `empty`: no trade happened in
 * it; prices repeat the close before.
 */
export const CandleState = Schema.Literals(["forming", "closed", "corrected", "empty"]);
export type CandleState = typeof CandleState.Type;

/**
 * Why a candle of a stream is closed. `stream`: the socket went on to a later window without a break; its last trades may still be missing, which an
 * audit finds. `trades`: made from all trades of the window, proved to be without a hole up to its end. `rest`: read over REST after the end.
 */
export const CandleProof = Schema.Literals(["stream", "trades", "rest"]);
export type CandleProof = typeof CandleProof.Type;

export const Candle = Schema.Struct({
  market: Market,
  interval: Interval,
  /** Start of the window, epoch milliseconds, UTC grid. */
  openTimeMs: Schema.Int,
  open: Decimal.schema,
  high: Decimal.schema,
  low: Decimal.schema,
  close: Decimal.schema,
  /** Base currency traded in the window. */
  volume: Decimal.schema,
  /** Quote currency traded in the window. */
  value: Decimal.schema,
  /** Time of the last trade in the window, epoch milliseconds: not the window's end. */
  lastTradeTimeMs: Schema.Int,
  state: CandleState,
  /** What its end rests on. Closed and corrected candles of streams only. */
  proof: Schema.optionalKey(CandleProof),
  /** Close of the day before. Day candles over REST only. */
  previousClose: Schema.optionalKey(Decimal.schema),
  /** `close - previousClose`, signed. Day candles over REST only. */
  changeAmount: Schema.optionalKey(Decimal.schema),
  /** `changeAmount / previousClose`, signed. Day candles over REST only. */
  changeRatio: Schema.optionalKey(Decimal.schema),
  /** Close converted to another currency, where that was asked for and exists. Day candles over REST only. */
  convertedClose: Schema.optionalKey(Decimal.schema),
  /** First day of the period, `yyyy-MM-dd`. Weeks, months and years over REST only. */
  firstDay: Schema.optionalKey(Schema.String),
});
export type Candle = typeof Candle.Type;

/** How long after its end a window counts as closed when REST shows it: the exchange may book its last trades a little late. */
export const closeMarginMs = 2_000;

/** `closed` once the exchange's clock has passed the window's end by {@link closeMarginMs}. */
export const candleStateAt = (interval: Interval, openTimeMs: number, exchangeNowMs: number): CandleState =>
  exchangeNowMs >= nextWindowStart(interval, openTimeMs) + closeMarginMs ? "closed" : "forming";
