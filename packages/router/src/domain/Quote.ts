/**
 * What the trade gate lets through, and the judgement that does: a pure function of what was read, how old it is by now, and what the caller
 * accepts. Every condition is written so that a number that is none (`NaN`) does not pass.
 */
import * as Result from "effect/Result";
import { type RefusalReason, TradeRefused } from "../errors/TradeRefused.ts";
import type { Answer } from "./Answer.ts";
import type { Market } from "./Market.ts";
import type { Mode } from "./Mode.ts";
import type { Orderbook, PriceLevel } from "./Orderbook.ts";
import type { Decimal } from "./Decimal.ts";
import type { Ticker } from "./Ticker.ts";

/** A market as it is at this moment, fit for an order. */
export interface Quote {
  readonly market: Market;
  /** Price of the last trade. */
  readonly price: Decimal;
  /** The best of each side, with its size. */
  readonly bid: PriceLevel;
  readonly ask: PriceLevel;
  /** `(ask - bid) / mid × 100`. */
  readonly spreadPercent: number;
  /** Milliseconds since the older of ticker and book was last known to be current, when the quote was let through. */
  readonly confirmedAgeMs: number;
  readonly mode: Mode;
  /** Both with their provenance, their ages those of the moment in which the quote was let through. */
  readonly ticker: Answer<Ticker>;
  readonly orderbook: Answer<Orderbook>;
}

/** What a caller trades on, every default filled in. */
export interface GuardRules {
  readonly maxConfirmedAgeMs: number;
  readonly maxSpreadPercent: number;
  readonly modes: ReadonlyArray<Mode>;
  readonly allowSimulated: boolean;
}

/** The quote, or the first reason against it: made up, wrong mode, too old, and only then the book itself. */
export const judgeQuote = (
  ticker: Answer<Ticker>,
  orderbook: Answer<Orderbook>,
  mode: Mode,
  rules: GuardRules,
): Result.Result<Quote, TradeRefused> => {
  const { market } = ticker;
  const against =
    simulated([ticker, orderbook], rules) ?? wrongMode([ticker, orderbook], mode, rules) ?? tooOld([ticker, orderbook], rules);
  if (against !== undefined) return refuse(market, against);
  const { asks, bids, crossed, spreadPercent } = orderbook.value;
  const [ask] = asks;
  const [bid] = bids;
  if (ask === undefined || bid === undefined) {
    const side = ask !== undefined ? "bid" : bid !== undefined ? "ask" : "both";
    return refuse(market, { _tag: "EmptySide", side });
  }
  // Told by the levels themselves, and by the book, whichever says so.
  if (crossed || bid.price.compare(ask.price) >= 0) {
    return refuse(market, { _tag: "Crossed", bid: bid.price.toString(), ask: ask.price.toString() });
  }
  if (spreadPercent === null || !(spreadPercent <= rules.maxSpreadPercent)) {
    const told = spreadPercent ?? Number.MAX_VALUE;
    return refuse(market, { _tag: "WideSpread", spreadPercent: told, maxSpreadPercent: rules.maxSpreadPercent });
  }
  const confirmedAgeMs = Math.max(ticker.provenance.confirmedAgeMs, orderbook.provenance.confirmedAgeMs);
  return Result.succeed({ market, price: ticker.value.price, bid, ask, spreadPercent, confirmedAgeMs, mode, ticker, orderbook });
};

type Parts = ReadonlyArray<Answer<unknown>>;

const simulated = (parts: Parts, { allowSimulated }: GuardRules): RefusalReason | undefined => {
  const made = allowSimulated ? undefined : parts.find(({ provenance }) => provenance.simulated);
  return made === undefined ? undefined : { _tag: "Simulated", venue: made.provenance.venue };
};

const wrongMode = (parts: Parts, mode: Mode, { modes }: GuardRules): RefusalReason | undefined => {
  const wrong = [mode, ...parts.map(({ provenance }) => provenance.mode)].find((one) => !modes.includes(one));
  return wrong === undefined ? undefined : { _tag: "WrongMode", mode: wrong, modes };
};

/** An answer labelled as stale is too old whatever its age: it was not believed. */
const tooOld = (parts: Parts, { maxConfirmedAgeMs }: GuardRules): RefusalReason | undefined => {
  const old = parts.find(({ provenance }) => provenance.stale || !(provenance.confirmedAgeMs <= maxConfirmedAgeMs));
  if (old === undefined) return undefined;
  return { _tag: "TooOld", kind: old.kind, confirmedAgeMs: old.provenance.confirmedAgeMs, maxConfirmedAgeMs };
};

const refuse = (market: Market, reason: RefusalReason) => Result.fail(new TradeRefused({ market, reason }));
