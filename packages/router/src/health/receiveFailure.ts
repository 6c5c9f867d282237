/** Why the live side did not bring what was expected of it, as one of six causes: what to count, and where to look first. */
import * as Schema from "effect/Schema";
import type { MarketDataError } from "../errors/MarketDataError.ts";

/**
 * `connection`: there was no link, or it broke. `subscription`: the exchange refused what was asked for, or did not take it over. `data`: subscribed
 * on an open link, and nothing came in time, or not all of it. `limited`: a limit stood in the way. `decode`: it came and could not be read.
 * `stale`: what came is too old to be used.
 */
export const ReceiveFailure = Schema.Literals(["connection", "subscription", "data", "limited", "decode", "stale"]);
export type ReceiveFailure = typeof ReceiveFailure.Type;

export const receiveFailures: ReadonlyArray<ReceiveFailure> = ReceiveFailure.literals;

/** The cause behind an error of the live side. */
export const receiveFailureOf = (error: MarketDataError): ReceiveFailure => {
  switch (error._tag) {
    case "RateLimited":
    case "Overloaded":
      return "limited";
    case "DecodeError":
      return "decode";
    case "StaleData":
      return "stale";
    case "InvalidRequest":
    case "MarketUnknown":
    case "Unauthorized":
      return "subscription";
    case "TimeoutError":
      return error.phase === "first-frame" || error.phase === "deadline" ? "data" : "connection";
    case "NeverTraded":
    case "DataUnavailable":
    case "StreamGap":
    case "SlowConsumer":
      return "data";
    case "NetworkError":
    case "UpstreamError":
    case "CircuitOpen":
    case "StorageError":
    case "ConfigError":
    case "Closed":
      return "connection";
  }
};
