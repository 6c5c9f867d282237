/**
 * Why the trade gate let no quote through: one error with a `reason` that carries the numbers, so that `Effect.catchReason("TradeRefused",
 * "WideSpread", …)` tells a wide market from a blind client. It is no part of `MarketDataError`: only `guard` refuses, and nothing but the
 * caller's own conditions makes it refuse a value that is there.
 */
import * as Runtime from "effect/Runtime";
import * as Schema from "effect/Schema";
import { MarketDataError } from "./MarketDataError.ts";

/** Neither a ticker nor a book, or not both, could be had in time. The error says why. */
export const Unavailable = Schema.TaggedStruct("Unavailable", { kind: Schema.String, error: MarketDataError });

/** The younger knowledge there is of `kind` is older than the caller takes. */
export const TooOld = Schema.TaggedStruct("TooOld", {
  kind: Schema.String,
  confirmedAgeMs: Schema.Finite,
  maxConfirmedAgeMs: Schema.Finite,
});

/** Nobody offers, or nobody bids, or neither. */
export const EmptySide = Schema.TaggedStruct("EmptySide", { side: Schema.Literals(["ask", "bid", "both"]) });

/** The best bid is at or above the best ask: no book to trade on. Prices in plain notation. */
export const Crossed = Schema.TaggedStruct("Crossed", { bid: Schema.String, ask: Schema.String });

export const WideSpread = Schema.TaggedStruct("WideSpread", { spreadPercent: Schema.Finite, maxSpreadPercent: Schema.Finite });

/** The client is not in one of the modes that the caller trades in, or was not when the quote was made. */
export const WrongMode = Schema.TaggedStruct("WrongMode", { mode: Schema.String, modes: Schema.Array(Schema.String) });

/** The price was made up by an emulated exchange. */
export const Simulated = Schema.TaggedStruct("Simulated", { venue: Schema.String });

export const RefusalReason = Schema.Union([Unavailable, TooOld, EmptySide, Crossed, WideSpread, WrongMode, Simulated]);
export type RefusalReason = typeof RefusalReason.Type;

/** The gate is shut: no order on this. */
export class TradeRefused extends Schema.TaggedError<TradeRefused>()("TradeRefused", {
  market: Schema.String,
  reason: RefusalReason,
}) {
  /** Whether asking again can help. A made-up price stays one. */
  get retryable(): boolean {
    return this.reason._tag === "Unavailable" ? this.reason.error.retryable : this.reason._tag !== "Simulated";
  }
  get retryAfterMs(): number | null {
    return this.reason._tag === "Unavailable" ? this.reason.error.retryAfterMs : null;
  }
  override get message(): string {
    return `No order in ${this.market}: ${describe(this.reason)}`;
  }
  override readonly [Runtime.errorExitCode] = 75;
}

const describe = (reason: RefusalReason): string => {
  switch (reason._tag) {
    case "Unavailable":
      return `no ${reason.kind}: ${reason.error.message}`;
    case "TooOld":
      return `the ${reason.kind} was confirmed ${Math.ceil(reason.confirmedAgeMs)} ms ago, at most ${reason.maxConfirmedAgeMs} ms are accepted`;
    case "EmptySide":
      return reason.side === "both" ? "the book is empty" : `the book has no ${reason.side}`;
    case "Crossed":
      return `the book is crossed, best bid ${reason.bid} at or above best ask ${reason.ask}`;
    case "WideSpread":
      return `the spread is ${reason.spreadPercent.toPrecision(3)} %, at most ${reason.maxSpreadPercent} % are accepted`;
    case "WrongMode":
      return `the client is in the mode ${reason.mode}, accepted are ${reason.modes.join(", ")}`;
    case "Simulated":
      return `the price of ${reason.venue} is made up`;
  }
};
