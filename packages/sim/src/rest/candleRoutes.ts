/** Candles of every unit: only those with trades, newest first, the one in progress included. */
import { type Candle, candlesBefore, prevCloseOf } from "../market/Figures.ts";
import { dayMs, type MarketTape } from "../market/MarketTape.ts";
import { endOf } from "../market/Trade.ts";
import type { CandleUnit } from "../market/Windows.ts";
import { parseTo } from "../wire/Dates.ts";
import { candleRow, type DayExtra } from "../wire/RestRows.ts";
import { invalidParameter } from "./Query.ts";
import { type Answering, type Asked, askedCount, askedTape, rows } from "./Route.ts";

/** Seconds candles reach back three months. */
const secondsReachMs = 90 * dayMs;

export const candles =
  (unit: CandleUnit): Answering =>
  (asked) => {
    const { wire, query, nowMs } = asked;
    const { zoneOffsetMs, quotes } = wire.profile;
    const tape = askedTape(asked);
    const to = query.get("to") ?? "";
    const toMs = to === "" ? nowMs + 1 : parseTo(to, zoneOffsetMs);
    if (toMs === undefined) throw invalidParameter();
    const wanted = askedCount(asked, 1, 200);
    const sinceMs = unit === "1s" ? nowMs - secondsReachMs : 0;
    const found = candlesBefore(tape, unit, toMs, wanted, nowMs, { sinceMs, zoneOffsetMs });
    const convert = unit === "1d" ? query.get("converting_price_unit") : null;
    if (convert !== null && convert !== quotes[0]) throw invalidParameter();
    return rows(
      found.map((candle) => candleRow(wire, tape.spec, unit, candle, unit === "1d" ? dayExtra(asked, tape, candle, convert) : undefined)),
    );
  };

const dayExtra = (asked: Asked, tape: MarketTape, candle: Candle, convert: string | null): DayExtra => ({
  prevClose: prevCloseOf(tape, candle.startMs, asked.wire.profile.zoneOffsetMs) ?? candle.fold.open,
  converted: convert === null ? undefined : converted(asked, tape, candle, convert),
});

/** The close in national money at the day's end, with the noise of the double arithmetic the exchange uses; null where there is nothing to convert. */
const converted = ({ world, nowMs }: Asked, tape: MarketTape, { fold, startMs }: Candle, fiat: string): string => {
  if (tape.spec.quote === fiat) return "null";
  const bridge = world.tape(`${fiat}-${tape.spec.quote}`);
  const rate = bridge?.last(endOf(Math.min(nowMs, startMs + dayMs - 1)));
  if (bridge === undefined || rate === undefined) return "null";
  return String((fold.close / 10 ** tape.spec.decimals) * (rate.price / 10 ** bridge.spec.decimals));
};
