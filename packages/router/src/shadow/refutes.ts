/**
 * Whether REST's word proves that what a socket says of a key is not so. That the market has moved proves nothing by itself: it may have moved
 * since, or the frame be on its way. It does where it moved clearly before the moment for which the socket's value was held to be current. Pure.
 */
import type { Orderbook } from "../domain/Orderbook.ts";
import type { Kind } from "../domain/Question.ts";
import type { Ticker } from "../domain/Ticker.ts";
import type { Trade } from "../domain/Trade.ts";
import { areBooksAlike, compareAnswers } from "./compareAnswers.ts";

/** REST and the socket may be so far apart at one moment, in milliseconds; the exchange tells its own clock in whole seconds. */
export const marginMs = 2_000;

/**
 * `said` and `row` are values of this kind, as a question of it is answered: the socket's, and REST's. `claimedMs` is the moment for which the
 * first was held to be current, by the exchange's clock.
 */
export const refutes = (kind: Kind, said: unknown, row: unknown, claimedMs: number): boolean => {
  const { newerMs, verdict } = compareAnswers(kind, said, row);
  // Windows are corrected after they ended, which their own audit knows how to judge.
  if (kind === "candles" || verdict === "equal" || verdict === "behind") return false;
  if (verdict === "different") return true;
  // The time of a book may go on without its levels, and trades of one millisecond come in any order.
  if (kind === "orderbook" && areBooksAlike(said as Orderbook, row as Orderbook)) return false;
  if (kind === "trades" && newerMs <= 0) return false;
  return happenedMs(kind, row) + marginMs <= claimedMs;
};

/** When that happened which REST tells of, by the exchange's clock. */
const happenedMs = (kind: Exclude<Kind, "candles">, row: unknown): number => {
  if (kind === "ticker") return (row as Ticker).tradeTimeMs;
  return kind === "orderbook" ? (row as Orderbook).timestampMs : ((row as ReadonlyArray<Trade>).at(-1)?.tradeTimeMs ?? Infinity);
};
