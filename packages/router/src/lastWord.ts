/**
 * What is left for a caller whom no tier answered: the last known value with a label, an error that carries it, or the reason why nobody could even be
 * asked. And what memory still holds of a key that reads have just turned away from.
 */
import * as Effect from "effect/Effect";
import { answerOf, type CallFacts, type Known, millisBetween, staleAnswerOf, staleErrorOf, staleReasonOf } from "./answering.ts";
import { hasWaited, mayAnswer, type Parts } from "./askParts.ts";
import { readFrom } from "./cache/Transition.ts";
import type { Answer } from "./domain/Answer.ts";
import { asksColumns, type Question } from "./domain/Question.ts";
import { CircuitOpen, InvalidRequest, type MarketDataError, NetworkError, RateLimited } from "./errors/MarketDataError.ts";
import type { FallbackFailure } from "./fallback/FallbackManager.ts";
import type { Ranked, RankFacts } from "./select/TierRank.ts";
import type { TierAnswer } from "./tiers/Tier.ts";
import * as WarmRest from "./tiers/WarmRest.ts";

/** What memory holds, and up to which age it answers. */
interface Held extends Known {
  readonly lastsMs: number;
}

const lastKnown = ({ cache, config, lookup }: Parts, question: Question, nowNanos: bigint): Held | undefined => {
  // Rows answer no question for columns.
  const entry = asksColumns(question) ? undefined : cache.peekWarm(WarmRest.warmKeyOf(question));
  // The warm store's values are the answers of its own tier.
  const warm = entry?.value as TierAnswer | undefined;
  const usable = (answer: TierAnswer | undefined): answer is TierAnswer =>
    answer !== undefined && mayAnswer(question, answer) && millisBetween(answer.confirmedNanos, nowNanos) <= config.maxStaleMs;
  const hot = lookup(question);
  if (usable(hot)) return { tier: "hot_cache", answer: hot, lastsMs: question.intent.maxAgeMs };
  return usable(warm) ? { tier: "warm_cache_rest", answer: warm, lastsMs: WarmRest.lastsMsOf(question, entry?.lifeMs ?? 0) } : undefined;
};

/** The value of a key that reads have just turned away from, for a caller who takes it at once rather than wait for REST. */
export const leftBehind = ({ clock, config, transition }: Parts, question: Question, facts: RankFacts): Known | undefined => {
  const { onStale, realtime } = question.intent;
  const live = facts.hot === "fresh" || facts.subscribed;
  const servesStale = onStale === "serve" && !realtime;
  const answer = live || !servesStale ? undefined : transition(question);
  const held =
    answer !== undefined &&
    mayAnswer(question, answer) &&
    millisBetween(answer.confirmedNanos, clock.monotonicTimeNanosUnsafe()) <= config.maxStaleMs;
  return held && readFrom({ live, held, servesStale }) === "transition" ? { tier: "hot_cache", answer } : undefined;
};

/** What is left when nobody answered. */
export const settle = (
  parts: Parts,
  question: Question,
  failure: FallbackFailure,
  call: CallFacts,
): Effect.Effect<Answer<unknown>, MarketDataError> => {
  const nowNanos = parts.clock.monotonicTimeNanosUnsafe();
  const known = isAboutTheQuestion(failure.error) ? undefined : lastKnown(parts, question, nowNanos);
  if (known === undefined) return Effect.fail(failure.error);
  const now = { ...call, mode: parts.fallback.mode() };
  // It came while the tiers were failing: nothing is old about it.
  if (millisBetween(known.answer.confirmedNanos, nowNanos) <= known.lastsMs) {
    return Effect.succeed(answerOf(question, { ...known, attempts: failure.attempts }, now, nowNanos));
  }
  const reason =
    hasRunOut(failure.error) && hasWaited(parts, question, millisBetween(call.startedNanos, nowNanos))
      ? "limited"
      : staleReasonOf(failure.error, parts.subscriptions.connected());
  return question.intent.onStale === "serve"
    ? Effect.succeed(staleAnswerOf(question, known, failure.attempts, now, nowNanos, reason))
    : Effect.fail(staleErrorOf(question, known, now, nowNanos, reason));
};

/** Why nobody could even be asked: the gate that may open again speaks before the question that cannot be answered. */
export const nobody = ({ groups, limiter, rest, venue }: Parts, question: Question, { gated }: Ranked): MarketDataError => {
  const gates = new Set(gated.map(({ gate }) => gate));
  const group = groups[question.kind];
  if (gates.has("ip_blocked")) {
    return new RateLimited({
      group: "all",
      scope: "ip",
      status: 418,
      retryAfterMs: limiter.blockedMs(),
      detail: "blocked by the exchange",
    });
  }
  if (gates.has("breaker_open")) return new CircuitOpen({ target: group, retryAfterMs: Math.ceil(rest.breakerOpenMs(group)) });
  if (gates.has("rest_wait_exceeds_deadline")) {
    return new RateLimited({
      group,
      scope: "local",
      status: null,
      retryAfterMs: limiter.waitMs(group, question.intent.priority),
      detail: "the wait exceeds the deadline",
    });
  }
  if (gates.has("not_connected") || gates.has("not_subscribed")) {
    return new NetworkError({
      phase: "socket",
      host: venue.host,
      code: null,
      detail: "the socket is not connected, or the key not subscribed",
    });
  }
  const reason = `leaves nobody to answer a question about ${question.kind}`;
  return new InvalidRequest({ field: "strategy", input: question.intent.strategy, reason });
};

const isAboutTheQuestion = (error: MarketDataError): boolean =>
  error._tag === "MarketUnknown" || error._tag === "InvalidRequest" || error._tag === "Closed" || error._tag === "Unauthorized";

const hasRunOut = (error: MarketDataError): boolean => error._tag === "TimeoutError" && error.phase === "deadline";
