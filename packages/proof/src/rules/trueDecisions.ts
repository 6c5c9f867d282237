/**
 * What the rules decide when they are fed by the exchange's own tape instead of the streams: its trades from the first one that was streamed,
 * and the candles those trades fold into. Nothing of the router stands in between.
 *
 * A window counts as closed once a later one has a trade, as on the socket, so the last minute of a watch cannot be judged.
 */
import { type CandleFeed, candleFeeds, historyCount } from "@naru/examples/seven-rules/feeds";
import type { Decision, MarketEvent } from "@naru/examples/seven-rules/Rule";
import { sevenRules } from "@naru/examples/seven-rules/sevenRules";
import { Timeline } from "@naru/examples/seven-rules/Timeline";
import type { Candle } from "@naru/router/domain/Candle";
import { Decimal } from "@naru/router/domain/Decimal";
import { nextWindowStart, windowStart } from "@naru/router/domain/Interval";
import type { Market } from "@naru/router/domain/Market";
import type { Trade } from "@naru/router/domain/Trade";
import { type Candle as Folded, candlesBefore } from "@naru/sim/market/Figures";
import type { MarketTape } from "@naru/sim/market/MarketTape";
import { sequentialId, type TapePoint, type TradeRow } from "@naru/sim/market/Trade";
import { plain } from "@naru/sim/wire/Spelling";
import type { Truth } from "../world/Truth.ts";

export interface TrueSpan {
  /** The first trade that was streamed. */
  readonly from: TapePoint;
  /** Decisions begin after it. */
  readonly openedMs: number;
  /** And end here. */
  readonly untilMs: number;
}

export const trueDecisions = (truth: Truth, tape: MarketTape, market: Market, span: TrueSpan): ReadonlyArray<Decision> => {
  const timeline = new Timeline(market, sevenRules, { memory: Number.POSITIVE_INFINITY });
  timeline.open(span.openedMs);
  const upTo = { ms: span.untilMs, n: -1 };
  const trades = truth.tradesBetween(market, { ms: span.from.ms, n: span.from.n - 1 }, upTo).map((row) => tradeOf(tape, market, row));
  const candles = candleFeeds.flatMap((feed) => trueCandles(tape, market, feed, span));
  const events: Array<MarketEvent> = [
    ...candles.map((candle): MarketEvent => ({ _tag: "Candle", atMs: nextWindowStart(candle.interval, candle.openTimeMs), candle })),
    ...trades.map((trade): MarketEvent => ({ _tag: "Trade", atMs: trade.tradeTimeMs, trade })),
  ];
  // In order, so that nothing is ever put back: the timeline's going back is what is proved here.
  events.sort((a, b) => a.atMs - b.atMs || rank(a) - rank(b));
  const decisions = events.flatMap((event) => timeline.add(event).decided);
  if (timeline.putBack > 0) throw new Error("the truth was not in order");
  return decisions;
};

/** The closed candles of the history and of the span, oldest first. */
const trueCandles = (tape: MarketTape, market: Market, feed: CandleFeed, { openedMs, untilMs }: TrueSpan): ReadonlyArray<Candle> => {
  const windows = Math.ceil((untilMs - openedMs) / (nextWindowStart(feed, 0) - windowStart(feed, 0)));
  return candlesBefore(tape, feed, untilMs, historyCount[feed] + windows, untilMs)
    .map((folded) => candleOf(tape, market, feed, folded))
    .filter((candle) => nextWindowStart(feed, candle.openTimeMs) <= untilMs)
    .reverse();
};

const rank = (event: MarketEvent): number => (event._tag === "Candle" ? candleFeeds.indexOf(event.candle.interval as CandleFeed) : 3);

const tradeOf = ({ spec }: MarketTape, market: Market, row: TradeRow): Trade => ({
  market,
  id: sequentialId(row),
  price: Decimal.of(plain(row.price, spec.decimals)),
  volume: Decimal.of(plain(row.size, 8)),
  side: row.bid ? "buy" : "sell",
  tradeTimeMs: row.ms,
});

const candleOf = ({ spec }: MarketTape, market: Market, interval: CandleFeed, { startMs, fold }: Folded): Candle => {
  const price = (units: number) => Decimal.of(plain(units, spec.decimals));
  return {
    market,
    interval,
    openTimeMs: startMs,
    open: price(fold.open),
    high: price(fold.high),
    low: price(fold.low),
    close: price(fold.close),
    volume: Decimal.of(plain(fold.volume, 8)),
    value: Decimal.of(plain(fold.money, spec.decimals + 8)),
    lastTradeTimeMs: fold.last.ms,
    state: "closed",
  };
};
