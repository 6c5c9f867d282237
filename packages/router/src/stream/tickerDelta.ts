/** The fields of a ticker that differ from the one before. The market never does. */
import { Decimal } from "../domain/Decimal.ts";
import type { Ticker } from "../domain/Ticker.ts";

type Fields = Omit<Ticker, "market">;

/** Fields with their new values; null for one that the newer ticker does not have. */
export type TickerChange = { readonly [K in keyof Fields]?: Fields[K] | null };

export const changeOfTicker = (before: Ticker, after: Ticker): TickerChange => {
  const change: Record<string, unknown> = {};
  const fields: Readonly<Record<string, unknown>> = after;
  const former: Readonly<Record<string, unknown>> = before;
  for (const name in fields) if (fields[name] !== undefined && !isSame(former[name], fields[name])) change[name] = fields[name];
  for (const name in former) if (former[name] !== undefined && fields[name] === undefined) change[name] = null;
  return change;
};

export const tickerFrom = (before: Ticker, change: TickerChange): Ticker => {
  const fields: Record<string, unknown> = { ...before };
  for (const [name, value] of Object.entries(change)) {
    if (value === null) delete fields[name];
    else fields[name] = value;
  }
  // Every name comes from a ticker, and none that a ticker must have is ever gone in one.
  return fields as unknown as Ticker;
};

const isSame = (a: unknown, b: unknown): boolean => a === b || (a instanceof Decimal && b instanceof Decimal && a.equals(b));
