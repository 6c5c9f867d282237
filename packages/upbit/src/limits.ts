/**
 * What Upbit allows, and what its `Remaining-Req` header says is left. The header's group names are not those of the documentation, so they
 * are mapped here; a group nobody knows keeps its own name. The header's `min` is a deprecated constant and is not read.
 */
import type { LimitTable } from "@naru/router/limits/LimitTable";
import type { RemainingBudget } from "@naru/router/transport/Venue";

const tenPerSecond = { limit: 10, windowMs: 1_000 };

/** Upbit's table of 2026-10-07. Quotation groups are counted per IP, socket messages per connection. */
export const limits = {
  groups: { market: tenPerSecond, candle: tenPerSecond, trade: tenPerSecond, ticker: tenPerSecond, orderbook: tenPerSecond },
  socketConnect: { limit: 5, windowMs: 1_000 },
  socketMessage: [
    { limit: 5, windowMs: 1_000 },
    { limit: 100, windowMs: 60_000 },
  ],
} as const satisfies LimitTable;

export type Group = keyof typeof limits.groups;

/** The group names of the socket's two limits, which have no REST group. */
export const connectGroup = "websocket-connect";
export const messageGroup = "websocket-message";

/** The header's names and ours. */
const groups: ReadonlyMap<string, string> = new Map([
  ["market", "market"],
  ["candles", "candle"],
  ["candle", "candle"],
  ["crix-trades", "trade"],
  ["trade", "trade"],
  ["ticker", "ticker"],
  ["orderbook", "orderbook"],
  ["websocket", connectGroup],
  // Something on the way added an Origin header: one request in ten seconds from here on.
  ["origin", "origin"],
]);

/** A real header has 34 characters. */
const maxHeader = 400;

/**
 * Reads `group=ticker; min=600; sec=9`. Parts may come in any order and case, with any blanks; of a repeated header the lowest count holds.
 * `undefined` for anything else: no group, two different groups, no count, a count that is no whole number of at most four digits.
 */
export const parseRemainingReq = (header: string | undefined): RemainingBudget | undefined => {
  if (header === undefined || header.length > maxHeader) return undefined;
  let group: string | undefined;
  let remaining: number | undefined;
  for (const part of header.split(/[;,]/)) {
    const equals = part.indexOf("=");
    if (equals === -1) continue;
    const name = part.slice(0, equals).trim().toLowerCase();
    const value = part.slice(equals + 1).trim();
    if (name === "group") {
      const found = value.toLowerCase();
      if (!isGroupName(found) || (group !== undefined && group !== found)) return undefined;
      group = found;
    } else if (name === "sec") {
      if (!isCount(value)) return undefined;
      remaining = Math.min(remaining ?? Number.POSITIVE_INFINITY, Number(value));
    }
  }
  return group === undefined || remaining === undefined ? undefined : { group: groups.get(group) ?? group, remaining };
};

const isGroupName = (text: string): boolean => /^[a-z0-9][a-z0-9._-]{0,39}$/.test(text);
const isCount = (text: string): boolean => /^\d{1,4}$/.test(text);
