/**
 * Rule 4: lets profit run, and not run away. Once the price was high enough above what was paid, it sells everything when the price has fallen
 * back by a share of the highest price since.
 */
import { Decimal } from "@naru/router";
import { gainPercent, type Holding, isAtLeast } from "../Holding.ts";
import { machine } from "../Rule.ts";

const arms = Decimal.of("1.0008");
const keeps = Decimal.of("0.9993");

/** The highest price since the stop was armed for a holding. */
interface Armed {
  readonly sinceMs: number;
  readonly high: Decimal;
}

const none: Armed | undefined = undefined;

export const trailingStop = machine<Armed | undefined>("trailing stop", none, (armed, event, holding) => {
  if (event._tag !== "Trade" || holding === undefined) return [armed];
  const { price } = event.trade;
  if (armed?.sinceMs !== holding.sinceMs) return [arm(holding, price)];
  if (price.compare(armed.high) > 0) return [{ ...armed, high: price }];
  if (price.compare(armed.high.times(keeps)) > 0) return [armed];
  return [none, { action: "exit", price, why: `back from ${armed.high}, ${gainPercent(holding, price)} % on what was paid` }];
});

const arm = (holding: Holding, price: Decimal): Armed | undefined =>
  isAtLeast(holding, price, arms) ? { sinceMs: holding.sinceMs, high: price } : none;
