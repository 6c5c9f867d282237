/**
 * From a tier's answer to the caller's: ages measured, staleness judged, provenance written. Also what is left when no tier answered: the
 * last known value, labelled, or an error that carries it.
 */
import * as Result from "effect/Result";
import type { Market } from "./domain/Market.ts";
import type { Mode } from "./domain/Mode.ts";
import type { Provenance, Source, StaleReason } from "./domain/Provenance.ts";
import type { Question } from "./domain/Question.ts";
import { type Answer, valueToJson } from "./domain/Answer.ts";
import { type MarketDataError, StaleData } from "./errors/MarketDataError.ts";
import type { FallbackAnswer } from "./fallback/FallbackManager.ts";

/** What an answer needs beside the tier's own: who answered, and how it looked when the call began. */
export interface CallFacts {
  readonly venue: string;
  readonly simulated: boolean;
  readonly mode: Mode;
  readonly requestId: string;
  /** Why it was asked this way: the ranking, or that there was none. */
  readonly ranked: {
    readonly reason: string;
    readonly confidence: number;
    readonly tiers: ReadonlyArray<{ readonly tier: string; readonly score: number }>;
  };
  /** Monotonic time at which the call began. */
  readonly startedNanos: bigint;
}

/** An answer with whoever gave it: a tier, or the direct client. */
export type Won = Omit<FallbackAnswer, "tier"> & { readonly tier: Source };

/** A value from one of the stores, and the tier whose store it is. */
export type Known = Pick<Won, "tier" | "answer">;

/** The answer of the tier that won. */
export const answerOf = (question: Question, won: Won, call: CallFacts, nowNanos: bigint): Answer<unknown> => {
  const confirmedAgeMs = millisBetween(won.answer.confirmedNanos, nowNanos);
  // A value read for this very call is current, however strict the caller.
  const stale = confirmedAgeMs > question.intent.maxAgeMs && won.answer.confirmedNanos < call.startedNanos;
  return label(question, won, call, nowNanos, stale ? "silent" : null);
};

/** The last known value with a label, for callers that accept one. */
export const staleAnswerOf = (
  question: Question,
  known: Known,
  attempts: FallbackAnswer["attempts"],
  call: CallFacts,
  nowNanos: bigint,
  reason: StaleReason,
): Answer<unknown> => label(question, { ...known, attempts }, call, nowNanos, reason);

/** The error that carries the last known value, for callers that do not. */
export const staleErrorOf = (
  question: Question,
  { answer }: Known,
  { simulated }: Pick<CallFacts, "simulated">,
  nowNanos: bigint,
  reason: StaleReason,
): StaleData =>
  new StaleData({
    kind: question.kind,
    market: question.market,
    confirmedAgeMs: millisBetween(answer.confirmedNanos, nowNanos),
    maxAgeMs: question.intent.maxAgeMs,
    staleReason: reason,
    simulated,
    lastKnown: valueToJson(question.kind, answer.value),
  });

/**
 * An answer that waited `waitedMs` for the others of its list, which took `callMs` from its beginning: ages go on meanwhile. What was read for
 * the call stays current; what memory held may have become too old for its caller.
 */
export const waitedAnswer = <A>(
  question: Question,
  answer: Answer<A>,
  { waitedMs, callMs }: { readonly waitedMs: number; readonly callMs: number },
): Result.Result<Answer<A>, StaleData> => {
  if (waitedMs <= 0) return Result.succeed(answer);
  const { provenance } = answer;
  const confirmedAgeMs = provenance.confirmedAgeMs + waitedMs;
  const isOld = provenance.stale || (confirmedAgeMs > question.intent.maxAgeMs && confirmedAgeMs > callMs);
  if (isOld && question.intent.onStale === "fail") {
    const { kind, market, intent } = question;
    const { simulated } = provenance;
    const lastKnown = valueToJson(question.kind, answer.value);
    return Result.fail(
      new StaleData({ kind, market, confirmedAgeMs, maxAgeMs: intent.maxAgeMs, staleReason: "silent", simulated, lastKnown }),
    );
  }
  return Result.succeed({
    ...answer,
    provenance: {
      ...provenance,
      valueAgeMs: provenance.valueAgeMs + waitedMs,
      confirmedAgeMs,
      stale: isOld,
      staleReason: isOld ? (provenance.staleReason ?? "silent") : null,
    },
  });
};

/** Why the last known value is old, from what stood in the way of a new one. */
export const staleReasonOf = (error: MarketDataError, connected: boolean): StaleReason => {
  if (error._tag === "RateLimited") return error.scope === "ip" ? "banned" : "limited";
  if (error._tag === "UpstreamError" || error._tag === "DecodeError") return "upstream";
  return connected ? "upstream" : "disconnected";
};

export const millisBetween = (from: bigint, to: bigint): number => Math.max(0, Number(to - from) / 1e6);

const label = (question: Question, won: Won, call: CallFacts, nowNanos: bigint, staleReason: StaleReason | null): Answer<unknown> => {
  const { answer } = won;
  const onTheWayMs = answer.exchangeTimeMs === null ? 0 : Math.max(0, answer.receivedMs - answer.exchangeTimeMs);
  const provenance: Provenance = {
    venue: call.venue,
    simulated: call.simulated,
    tier: answer.kept?.isAll === true ? "history_store" : won.tier,
    channel: answer.channel,
    exchangeTimeMs: answer.exchangeTimeMs,
    receivedTimeMs: answer.receivedMs,
    valueAgeMs: millisBetween(answer.receivedNanos, nowNanos) + onTheWayMs,
    confirmedAgeMs: millisBetween(answer.confirmedNanos, nowNanos),
    stale: staleReason !== null,
    staleReason,
    reason: call.ranked.reason,
    confidence: call.ranked.confidence,
    scores: scoresOf(call.ranked),
    attempts: attemptsOf(won),
    mode: call.mode,
    requestId: call.requestId,
  };
  const market: Market = question.market;
  return { kind: question.kind, market, value: answer.value, provenance };
};

/** With what was kept of the past as an attempt of its own: before the tier that brought the rest, or in its place. */
const attemptsOf = ({ answer: { kept }, attempts }: Won): FallbackAnswer["attempts"] => {
  const last = attempts.at(-1);
  if (kept === undefined || last === undefined) return attempts;
  const before = attempts.slice(0, -1);
  const reason = `${kept.rows} rows`;
  if (kept.isAll) return [...before, { ...last, tier: "history_store", reason }];
  return [...before, { tier: "history_store", outcome: "partial", reason, durationMs: 0 }, last];
};

/** The scores of the tiers that were in the running. */
const scoresOf = (ranked: CallFacts["ranked"]): Record<string, number> => {
  const scores: Record<string, number> = {};
  for (const { tier, score } of ranked.tiers) scores[tier] = score;
  return scores;
};
