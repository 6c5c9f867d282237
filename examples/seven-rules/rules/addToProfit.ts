/**
 * Rule 2: adds to what goes well. When a minute closes in profit, and above the last buy, it buys one lot more, as long as the last closed
 * quarter of an hour did not fall. Two lots at most for one holding.
 */
import { Decimal } from "@naru/router";
import { gainPercent, isAtLeast } from "../Holding.ts";
import { machine } from "../Rule.ts";

const profit = Decimal.of("1.0005");
const most = 2;

interface State {
  readonly trendIsUp: boolean;
  /** The holding that was added to, and how often. */
  readonly sinceMs: number;
  readonly adds: number;
}

const start: State = { trendIsUp: false, sinceMs: 0, adds: 0 };

export const addToProfit = machine("adding to profit", start, (state, event, holding) => {
  if (event._tag === "Hole") return [start];
  if (event._tag !== "Candle") return [state];
  const { candle } = event;
  if (candle.interval === "15m") return [{ ...state, trendIsUp: candle.close.compare(candle.open) >= 0 }];
  if (candle.interval !== "1m" || holding === undefined || !state.trendIsUp) return [state];
  const adds = state.sinceMs === holding.sinceMs ? state.adds : 0;
  const { close } = candle;
  if (adds >= most || close.compare(holding.lastBuy) <= 0 || !isAtLeast(holding, close, profit)) return [state];
  const why = `a minute closed ${gainPercent(holding, close)} % in profit, the quarter of an hour rose`;
  return [
    { ...state, sinceMs: holding.sinceMs, adds: adds + 1 },
    { action: "add", price: close, why },
  ];
});
