/** What an exchange allows, as data, and how several processes on one address divide it. */
import type { LimitShare } from "../RouterConfig.ts";

/** At most `limit` in any `windowMs`. */
export interface Limit {
  readonly limit: number;
  readonly windowMs: number;
}

export interface LimitTable {
  /** REST groups, each with its own budget per IP. */
  readonly groups: Readonly<Record<string, Limit>>;
  /** Socket connects, per IP. */
  readonly socketConnect: Limit;
  /** Messages on one connection; all of these hold at once. */
  readonly socketMessage: ReadonlyArray<Limit>;
}

/**
 * The part of a limit that a share comes to, in whole requests: of ten, the three thirds have 3, 3 and 4. All parts together are exactly the limit,
 * so processes that know nothing of each other never exceed it. A part of less than one request is one in a longer window.
 */
export const apportioned = ({ limit, windowMs }: Limit, { part, of }: LimitShare): Limit => {
  if (of === 1) return { limit, windowMs };
  const whole = Math.floor((limit * part) / of) - Math.floor((limit * (part - 1)) / of);
  return whole > 0 ? { limit: whole, windowMs } : { limit: 1, windowMs: windowMs * of };
};

/** A rate in requests per window as a limit, exact on average and never more than the next whole number in one window. */
export const atRate = (limit: Limit, rate: number): Limit => {
  const whole = Math.ceil(rate);
  return { limit: whole, windowMs: (limit.windowMs * whole) / rate };
};

/** What a share of a limit comes to, in requests per window of the limit. */
export const rateOf = (limit: Limit, share: Limit): number => (share.limit * limit.windowMs) / share.windowMs;
