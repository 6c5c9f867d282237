/**
 * The older shape of an answer, for callers written against it: `{ success, data, metadata }`. It is made from an answer or an error, so it
 * can never say `success: true` over an error. Cache hits and first answers have the same fields.
 */
import { type Answer, errorToJson, valueToJson } from "./domain/Answer.ts";
import type { MarketDataError } from "./errors/MarketDataError.ts";

export interface EnvelopeMetadata {
  /** Where this answer came from: a cache serves what another channel brought. */
  readonly channel: "rest" | "websocket" | "cache";
  readonly tier: string;
  /** Why the tiers stood in this order. */
  readonly reason: string;
  readonly confidence: number;
  /** Sum of all attempts of the call. */
  readonly responseTimeMs: number;
  readonly requestId: string;
  /** The channel that brought the value, also when a cache serves it. */
  readonly source: "rest" | "websocket";
  readonly ageMs: number;
  readonly stale: boolean;
}

export type Envelope =
  | { readonly success: true; readonly data: unknown; readonly metadata: EnvelopeMetadata }
  | { readonly success: false; readonly error: unknown };

export const toEnvelope = (answer: Answer<unknown>): Envelope => {
  const { provenance } = answer;
  const cached = provenance.tier === "hot_cache";
  return {
    success: true,
    data: valueToJson(answer.kind, answer.value),
    metadata: {
      channel: cached ? "cache" : provenance.channel,
      tier: provenance.tier,
      reason: provenance.reason,
      confidence: provenance.confidence,
      responseTimeMs: provenance.attempts.reduce((sum, attempt) => sum + attempt.durationMs, 0),
      requestId: provenance.requestId,
      source: provenance.channel,
      ageMs: provenance.confirmedAgeMs,
      stale: provenance.stale,
    },
  };
};

export const errorEnvelope = (error: MarketDataError): Envelope => ({ success: false, error: errorToJson(error) });
