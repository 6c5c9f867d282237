/**
 * What the decisions of one market have bought and not sold again, in equal lots. Money is compared exactly: the mean price is never divided
 * out, both sides of a comparison are multiplied by the number of lots instead.
 */
import { Decimal } from "@naru/router";
import type { Decision } from "./Rule.ts";

export interface Holding {
  /** When it was entered; tells one holding of a market from the next. */
  readonly sinceMs: number;
  /** Lots bought so far, and what they cost together. */
  readonly bought: number;
  readonly paid: Decimal;
  /** Lots not sold yet. */
  readonly lots: number;
  readonly lastBuy: Decimal;
}

const lotsOfEntry = 3;

/** The holding after a decision. What does not fit what is held changes nothing. */
export const afterDecision = (holding: Holding | undefined, { action, price, atMs }: Decision): Holding | undefined => {
  if (action === "enter" && holding === undefined) {
    const paid = price.times(whole(lotsOfEntry));
    return { sinceMs: atMs, bought: lotsOfEntry, paid, lots: lotsOfEntry, lastBuy: price };
  }
  if (holding === undefined || action === "exit") return undefined;
  if (action === "add")
    return { ...holding, bought: holding.bought + 1, paid: holding.paid.plus(price), lots: holding.lots + 1, lastBuy: price };
  if (action === "reduce") return { ...holding, lots: holding.lots - Math.max(1, Math.floor(holding.lots / 3)) };
  return holding;
};

/** Whether `price` is at least `factor` times the mean price paid. Exact. */
export const isAtLeast = ({ bought, paid }: Holding, price: Decimal, factor: Decimal): boolean =>
  price.times(whole(bought)).compare(paid.times(factor)) >= 0;

/** `price` against the mean price paid, in percent. For reading: rounded to two digits. */
export const gainPercent = ({ bought, paid }: Holding, price: Decimal): string =>
  (((price.number * bought) / paid.number - 1) * 100).toFixed(2);

const whole = (count: number): Decimal => Decimal.of(String(count));
