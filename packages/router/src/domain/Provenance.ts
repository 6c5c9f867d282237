/** Where an answer came from, how old it is, and why it was got this way. It goes with every value. */
import * as Schema from "effect/Schema";
import { Attempt } from "../errors/MarketDataError.ts";
import { Mode } from "./Mode.ts";

/** The ways to an answer, best known first. The order of an actual call is `rank`'s. */
export const tiers = ["hot_cache", "live_subscription", "batch_snapshot", "warm_cache_rest", "cold_rest"] as const;
export const TierName = Schema.Literals(tiers);
export type TierName = typeof TierName.Type;

/**
 * A tier; `direct_rest_fallback` when the router itself was out; `history_store` where closed candles or trades were kept from before and the exchange
 * was not asked.
 */
export const Source = Schema.Literals([...tiers, "direct_rest_fallback", "history_store"]);
export type Source = typeof Source.Type;

/** The channel the value came over when it was read from the exchange, also when a cache serves it now. */
export const Channel = Schema.Literals(["rest", "websocket"]);
export type Channel = typeof Channel.Type;

export const StaleReason = Schema.Literals([
  "disconnected",
  "silent",
  "fallback",
  "limited",
  "banned",
  "maintenance",
  "clock",
  "restored",
  "upstream",
  "transition",
]);
export type StaleReason = typeof StaleReason.Type;

export const Provenance = Schema.Struct({
  /** The venue's id: `upbit`, `upbit-sg`, … */
  venue: Schema.String,
  /** Made by the emulated exchange: not a real price. */
  simulated: Schema.Boolean,
  tier: Source,
  channel: Channel,
  /** When the exchange made the value, epoch milliseconds. */
  exchangeTimeMs: Schema.NullOr(Schema.Int),
  /** When it reached this process, wall clock, epoch milliseconds. For display. */
  receivedTimeMs: Schema.Int,
  /** Milliseconds since the exchange made the value: receipt is monotonic, the way to us is the wall clocks' difference, never below zero. */
  valueAgeMs: Schema.Finite,
  /** Milliseconds since the value was last known to be current: an answer just read, or a subscription whose link was just proved alive. */
  confirmedAgeMs: Schema.Finite,
  /** `confirmedAgeMs` exceeds what the caller accepts, and the value was not read for this very call: what was just read is current. */
  stale: Schema.Boolean,
  staleReason: Schema.NullOr(StaleReason),
  /** Why the tiers stood in this order: a reason code of the ranking. */
  reason: Schema.String,
  /** How sure the ranking was, 0 to 1. */
  confidence: Schema.Finite,
  /** The ranking's score of every tier that was not gated out. */
  scores: Schema.Record(Schema.String, Schema.Finite),
  /** What was tried, in order, the answering tier last. */
  attempts: Schema.Array(Attempt),
  mode: Mode,
  requestId: Schema.String,
});
export type Provenance = typeof Provenance.Type;
