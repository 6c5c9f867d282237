/** Rule 5: buys one lot more each time the price stands a step below the last buy. Two lots at most for one holding: a fall may go on. */
import { Decimal } from "@naru/router";
import { machine } from "../Rule.ts";

const step = Decimal.of("0.9990");
const most = 2;

interface State {
  /** The holding that was added to, and how often. */
  readonly sinceMs: number;
  readonly adds: number;
}

const start: State = { sinceMs: 0, adds: 0 };

export const averageDown = machine("averaging down", start, (state, event, holding) => {
  if (event._tag !== "Trade" || holding === undefined) return [state];
  const adds = state.sinceMs === holding.sinceMs ? state.adds : 0;
  const { price } = event.trade;
  if (adds >= most || price.compare(holding.lastBuy.times(step)) > 0) return [state];
  return [
    { sinceMs: holding.sinceMs, adds: adds + 1 },
    { action: "add", price, why: `below the last buy of ${holding.lastBuy}, lot ${adds + 1} of ${most}` },
  ];
});
