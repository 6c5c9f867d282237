/** Rule 3: sells by plan. A third of the holding at each of three targets above the mean price paid; the last one sells the rest. */
import { Decimal } from "@naru/router";
import { isAtLeast } from "../Holding.ts";
import { machine } from "../Rule.ts";

const targets = ["1.0010", "1.0020", "1.0035"].map((target) => Decimal.of(target));

interface State {
  /** The holding the plan is for, and how many targets were met. */
  readonly sinceMs: number;
  readonly met: number;
}

const start: State = { sinceMs: 0, met: 0 };

export const takeProfit = machine("planned take-profit", start, (state, event, holding) => {
  if (event._tag !== "Trade" || holding === undefined) return [state];
  const met = state.sinceMs === holding.sinceMs ? state.met : 0;
  const { price } = event.trade;
  const target = targets[met];
  if (target === undefined || !isAtLeast(holding, price, target)) return [state];
  const isLast = met + 1 === targets.length;
  return [
    { sinceMs: holding.sinceMs, met: met + 1 },
    { action: isLast ? "exit" : "reduce", price, why: `target ${met + 1} of ${targets.length}, ${target} times what was paid` },
  ];
});
