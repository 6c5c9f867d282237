/** The candles that the writer of the kill proof keeps: a function of their place, so that whoever reads them knows each. */
import type { TimeRange } from "@naru/router/cache/Coverage";
import type { CandleSeries } from "@naru/router/cache/HistoryStore";
import type { Candle } from "@naru/router/domain/Candle";
import { Decimal } from "@naru/router/domain/Decimal";
import type { Market } from "@naru/router/domain/Market";

const minuteMs = 60_000;
const start = Date.UTC(2026, 0, 5);

export const series: CandleSeries = { venue: "sim", market: "KRW-BTC" as Market, interval: "1m" };

/** The nth part that is written: two hundred windows, as long as a page of the exchange. */
export const partOf = (nth: number): TimeRange => ({ fromMs: start + nth * 200 * minuteMs, toMs: start + (nth + 1) * 200 * minuteMs });

/** How many whole parts a range from the start makes. */
export const partsIn = ({ fromMs, toMs }: TimeRange): number => (fromMs === start ? (toMs - start) / (200 * minuteMs) : Number.NaN);

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
