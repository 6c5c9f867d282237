/**
 * What a caller asks, with what they intend. A question says nothing about channels: `strategy` exists for tests and for people who must,
 * and defaults to `auto`.
 */
import * as Schema from "effect/Schema";
import { Interval } from "./Interval.ts";
import { Market } from "./Market.ts";
import type { Channel } from "./Provenance.ts";

export const Kind = Schema.Literals(["ticker", "orderbook", "trades", "candles"]);
export type Kind = typeof Kind.Type;

/** What the answer is for. It sets the order of the tiers and the default of `onStale`. */
export const Context = Schema.Literals(["realtime_trading", "market_scanning", "monitoring", "backtesting", "research"]);
export type Context = typeof Context.Type;

/** Order in queues. It never shortens a deadline. */
export const Priority = Schema.Literals(["critical", "high", "normal", "low"]);
export type Priority = typeof Priority.Type;

export const Strategy = Schema.Literals(["auto", "rest_only", "websocket_only"]);
export type Strategy = typeof Strategy.Type;

/** Whether a value that came over this channel may answer: who forbids a channel does not want its old values either. */
export const allows = (strategy: Strategy, channel: Channel): boolean =>
  strategy === "auto" || (strategy === "rest_only" ? "rest" : "websocket") === channel;

export const OnStale = Schema.Literals(["fail", "serve"]);
export type OnStale = typeof OnStale.Type;

/** What may be said with every question. All optional; the defaults are in `RouterConfig`. */
export interface Intent {
  /** The oldest acceptable confirmation of the value, in milliseconds. Default by kind: 2,000 for tickers and books (1,000 when `realtime`). */
  readonly maxAge?: number | undefined;
  /** Budget over queueing, every attempt and every tier, in milliseconds (5,000); per page for candles and trades in many pages. */
  readonly deadline?: number | undefined;
  /** Order in queues ("normal"). */
  readonly priority?: Priority | undefined;
  /** Prefer a live subscription, and start one (false). */
  readonly realtime?: boolean | undefined;
  /** Forbid a channel ("auto"). */
  readonly strategy?: Strategy | undefined;
  /** What the answer is for ("realtime_trading"). */
  readonly context?: Context | undefined;
  /** What to do when only an older value is known: an error that carries it, or the value with a label. Default by context. */
  readonly onStale?: OnStale | undefined;
}

/** An intent with every default filled in. */
export const ResolvedIntent = Schema.Struct({
  maxAgeMs: Schema.Finite,
  deadlineMs: Schema.Finite,
  priority: Priority,
  realtime: Schema.Boolean,
  strategy: Strategy,
  context: Context,
  onStale: OnStale,
});
export type ResolvedIntent = typeof ResolvedIntent.Type;

export const TickerQuestion = Schema.Struct({ kind: Schema.tag("ticker"), market: Market, intent: ResolvedIntent });
export const OrderbookQuestion = Schema.Struct({
  kind: Schema.tag("orderbook"),
  market: Market,
  /** Price levels per side, 1 to 30. */
  levels: Schema.Int,
  intent: ResolvedIntent,
});
export const TradesQuestion = Schema.Struct({
  kind: Schema.tag("trades"),
  market: Market,
  /** Rows wanted, newest ones; null when `fromMs` bounds the question instead. */
  count: Schema.NullOr(Schema.Int),
  /** Only trades before this one (a trade id), to page back. */
  before: Schema.optionalKey(Schema.String),
  /** All trades from this moment on, epoch milliseconds, inclusive. */
  fromMs: Schema.optionalKey(Schema.Int),
  /** Only trades before this moment, epoch milliseconds, exclusive. */
  toMs: Schema.optionalKey(Schema.Int),
  intent: ResolvedIntent,
});
export const CandlesQuestion = Schema.Struct({
  kind: Schema.tag("candles"),
  market: Market,
  interval: Interval,
  /** Rows wanted, newest ones; null when `fromMs` bounds the question instead. */
  count: Schema.NullOr(Schema.Int),
  /** First window start wanted, epoch milliseconds, inclusive. */
  fromMs: Schema.NullOr(Schema.Int),
  /** Upper bound of window starts, epoch milliseconds, exclusive; null for now. */
  toMs: Schema.NullOr(Schema.Int),
  forming: Schema.Literals(["include", "exclude"]),
  fill: Schema.Literals(["none", "flat"]),
  /** Answered as columns and not as rows. */
  columns: Schema.optionalKey(Schema.Literal(true)),
  intent: ResolvedIntent,
});

/** Whether a question about trades is about the newest ones. */
export const asksNewest = ({ before, fromMs, toMs }: TradesQuestion): boolean =>
  before === undefined && fromMs === undefined && toMs === undefined;

/** A checked question about one market. */
export const Question = Schema.Union([TickerQuestion, OrderbookQuestion, TradesQuestion, CandlesQuestion]);
export type Question = typeof Question.Type;
export type TickerQuestion = typeof TickerQuestion.Type;
export type OrderbookQuestion = typeof OrderbookQuestion.Type;
export type TradesQuestion = typeof TradesQuestion.Type;
export type CandlesQuestion = typeof CandlesQuestion.Type;

/** Whether the answer is columns of typed arrays and no rows. */
export const asksColumns = (question: Question): boolean => question.kind === "candles" && question.columns === true;
