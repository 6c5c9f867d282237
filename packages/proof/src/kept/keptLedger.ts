/** The candles and trades that the writer of the kill proof keeps: a function of their place, so that whoever reads them knows each. */
import type { TimeRange } from "@naru/router/cache/Coverage";
import type { CandleSeries, TradeSeries } from "@naru/router/cache/HistoryStore";
import type { Candle } from "@naru/router/domain/Candle";
import { Decimal } from "@naru/router/domain/Decimal";
import type { Market } from "@naru/router/domain/Market";
import type { Trade } from "@naru/router/domain/Trade";

const minuteMs = 60_000;
const start = Date.UTC(2026, 0, 5);

export const series: CandleSeries = { venue: "sim", market: "KRW-BTC" as Market, interval: "1m" };

/** The nth part that is written: two hundred windows, as long as a page of the exchange. */
export const partOf = (nth: number): TimeRange => ({ fromMs: start + nth * 200 * minuteMs, toMs: start + (nth + 1) * 200 * minuteMs });

/** How many whole parts a range from the start makes. */
export const partsIn = ({ fromMs, toMs }: TimeRange): number => (fromMs === start ? (toMs - start) / (200 * minuteMs) : Number.NaN);

export const trades: TradeSeries = { venue: series.venue, market: series.market };

const secondMs = 1_000;
/** Seconds of a part of trades: no block of five minutes ends where one does, but for every third of a hundred. */
const partSeconds = 97;

/** The nth part of trades that is written. */
export const tradePartOf = (nth: number): TimeRange => ({
  fromMs: start + nth * partSeconds * secondMs,
  toMs: start + (nth + 1) * partSeconds * secondMs,
});

/** How many whole parts of trades a range from the start makes. */
export const tradePartsIn = ({ fromMs, toMs }: TimeRange): number =>
  fromMs === start ? (toMs - start) / (partSeconds * secondMs) : Number.NaN;

/** The trades of a range: three in every second but each seventh, two of them in one millisecond. */
export const tradesIn = ({ fromMs, toMs }: TimeRange): ReadonlyArray<Trade> => {
  const rows: Array<Trade> = [];
  for (let at = (fromMs - start) / secondMs; at < (toMs - start) / secondMs; at++)
    if (at % 7 !== 3) rows.push(tradeAt(at, 7, 0), tradeAt(at, 7, 1), tradeAt(at, 901, 0));
  return rows;
};

/** The candles of a range: none in every seventh window. */
export const candlesIn = ({ fromMs, toMs }: TimeRange): ReadonlyArray<Candle> => {
  const rows: Array<Candle> = [];
  for (let at = (fromMs - start) / minuteMs; at < (toMs - start) / minuteMs; at++) if (at % 7 !== 3) rows.push(candleAt(at));
  return rows;
};

/** With its fields in the order in which a store gives them back: the two are compared as text. */
const candleAt = (at: number): Candle => {
  const price = (offset: number) => Decimal.make(BigInt(91_368_000 + ((at * 7_919 + offset) % 100_000)), 0);
  return {
    ...{ market: series.market, interval: series.interval, openTimeMs: start + at * minuteMs },
    ...{ open: price(0), high: price(1), low: price(2), close: price(3) },
    ...{ volume: Decimal.make(BigInt(1 + ((at * 104_729) % 100_000_000)), 8), value: Decimal.make(9_136_800_012_345_678n + BigInt(at), 8) },
    ...{ lastTradeTimeMs: start + at * minuteMs + 59_000, state: "closed" },
  };
};

/** With its fields in the order in which a store gives them back. */
const tradeAt = (at: number, ms: number, nth: number): Trade => {
  const tradeTimeMs = start + at * secondMs + ms;
  return {
    ...{ market: trades.market, id: `${tradeTimeMs}${String(nth).padStart(4, "0")}` },
    ...{
      price: Decimal.make(BigInt(91_368_000 + ((at * 7_919 + nth) % 100_000)), 0),
      volume: Decimal.make(BigInt(1 + ((at * 104_729) % 10_000_000)), 8),
    },
    ...{ side: nth === 0 ? "buy" : "sell", tradeTimeMs, previousClose: Decimal.of("91424000") },
  };
};
