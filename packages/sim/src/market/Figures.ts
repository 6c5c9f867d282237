/**
 * What tickers and candles say, as folds of the tape: the day, the last 24 hours, the last 52 weeks, and candles of any unit.
 */
import { type Extreme, pastExtremes } from "./Extremes.ts";
import { type Fold, FoldBuilder } from "./Fold.ts";
import { dayMs, hourMs, minuteMs, type MarketTape } from "./MarketTape.ts";
import { endOf, type TapePoint, type TradeRow } from "./Trade.ts";
import { type CandleUnit, lengthOf, windowEnd, windowStart } from "./Windows.ts";

export interface Candle {
  readonly startMs: number;
  readonly fold: Fold;
}

export interface TickerFigures {
  readonly last: TradeRow;
  /** The last price before today's midnight; today's first price where there is none. */
  readonly prevClose: number;
  /** Today's fold; `undefined` before today's first trade. */
  readonly day: Fold | undefined;
  readonly rolling: Fold | undefined;
  readonly highest: Extreme;
  readonly lowest: Extreme;
}

/** Everything a ticker says, as of a place on the tape. `undefined` when the market never traded before it. */
export const tickerFigures = (tape: MarketTape, upTo: TapePoint): TickerFigures | undefined => {
  const last = tape.last(upTo);
  if (last === undefined) return undefined;
  const today = Math.floor(upTo.ms / dayMs);
  const day = tape.fold(today * dayMs, upTo);
  const past = pastExtremes(tape, today);
  const current = { high: day?.high ?? last.price, low: day?.low ?? last.price, dayMs: today * dayMs };
  return {
    last,
    prevClose: prevCloseOf(tape, upTo.ms) ?? day?.open ?? last.price,
    day,
    rolling: tape.fold(upTo.ms - dayMs + 1, upTo),
    highest: past === undefined || current.high > past.highest.price ? { price: current.high, dayMs: current.dayMs } : past.highest,
    lowest: past === undefined || current.low < past.lowest.price ? { price: current.low, dayMs: current.dayMs } : past.lowest,
  };
};

/** What a market's ticker says between its listing and its first trade: the price it will open around, and no volume. */
export const previewFigures = (tape: MarketTape, ms: number): TickerFigures => {
  const price = tape.spec.ticks.round(tape.spec.reference);
  const extreme = { price, dayMs: Math.floor(ms / dayMs) * dayMs };
  const last = { ms, n: 0, price, size: 0, bid: true };
  return { last, prevClose: price, day: undefined, rolling: undefined, highest: extreme, lowest: extreme };
};

/** The last price before the UTC day of `ms`. */
export const prevCloseOf = (tape: MarketTape, ms: number): number | undefined =>
  tape.last(endOf(Math.floor(ms / dayMs) * dayMs - 1))?.price;

/** The candle of `unit` that holds the last trade up to `upTo`. */
export const latestCandle = (tape: MarketTape, unit: CandleUnit, upTo: TapePoint): Candle | undefined => {
  const last = tape.last(upTo);
  if (last === undefined) return undefined;
  const startMs = windowStart(unit, last.ms);
  const fold = tape.fold(startMs, upTo);
  return fold === undefined ? undefined : { startMs, fold };
};

/** Candles that begin before `toMs` and not before `sinceMs`, newest first; only those with trades. Nothing after `nowMs` exists yet. */
export const candlesBefore = (
  tape: MarketTape,
  unit: CandleUnit,
  toMs: number,
  count: number,
  nowMs: number,
  sinceMs = 0,
): Array<Candle> => {
  const out: Array<Candle> = [];
  const first = Math.max(tape.openedMs, sinceMs);
  let startMs = windowStart(unit, Math.min(toMs - 1, nowMs));
  while (out.length < count && windowEnd(unit, startMs) > first && startMs >= sinceMs) {
    const skip = emptyStretch(tape, unit, startMs, nowMs);
    if (skip !== undefined) {
      startMs = skip;
      continue;
    }
    const fold = tape.fold(startMs, endOf(Math.min(nowMs, windowEnd(unit, startMs) - 1)));
    if (fold !== undefined) out.push({ startMs, fold });
    startMs = windowStart(unit, startMs - 1);
  }
  return out;
};

/** When the minute or hour around a short window is empty, the window before it; else `undefined`. */
const emptyStretch = (tape: MarketTape, unit: CandleUnit, startMs: number, nowMs: number): number | undefined => {
  const length = lengthOf(unit) ?? Infinity;
  for (const stretch of [hourMs, minuteMs]) {
    if (length > stretch || hourMs % length !== 0) continue;
    const from = Math.floor(startMs / stretch) * stretch;
    if (from + stretch <= nowMs && tape.fold(from, endOf(from + stretch - 1)) === undefined) return windowStart(unit, from - 1);
  }
  return undefined;
};

/** Folds a list of trades: the plain definition the tape's caches are tested against. */
export const foldOf = (trades: Iterable<TradeRow>): Fold | undefined => {
  const into = new FoldBuilder();
  for (const trade of trades) into.addTrade(trade);
  return into.build();
};
