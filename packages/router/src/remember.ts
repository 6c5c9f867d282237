/** What an answer over REST leaves in memory, for the questions after it. */
import { mayAnswer, type Parts } from "./askParts.ts";
import type { Candle } from "./domain/Candle.ts";
import { asksColumns, asksNewest, type Question } from "./domain/Question.ts";
import { keyId, type StreamKey } from "./domain/StreamKey.ts";
import { liveKeyOf } from "./domain/liveKey.ts";
import type { FallbackAnswer } from "./fallback/FallbackManager.ts";

/** Puts what REST brought into the hot store. An older row than the held one loses, and the held one is what the caller gets. */
export const remember = ({ cache, lookup }: Parts, question: Question, won: FallbackAnswer): FallbackAnswer => {
  const key = liveKeyOf(question) ?? newestKeyOf(question);
  const row = newestRow(question, won.answer.value);
  if (won.answer.channel !== "rest" || won.tier === "hot_cache" || key === undefined || row === undefined) return won;
  const { exchangeTimeMs, receivedNanos, receivedMs, confirmedNanos } = won.answer;
  if (exchangeTimeMs === null) return won;
  const depth = question.kind === "orderbook" ? question.levels : undefined;
  const kept = cache.hot.put(keyId(key), { value: row, exchangeTimeMs, receivedNanos, receivedMs, confirmedNanos, channel: "rest", depth });
  const newer = kept ? undefined : lookup(question);
  if (newer === undefined || !mayAnswer(question, newer)) return won;
  return { ...won, answer: { ...newer, confirmedNanos: newer.confirmedNanos > confirmedNanos ? newer.confirmedNanos : confirmedNanos } };
};

/** Even a question about many trades knows the newest one. */
const newestKeyOf = (question: Question): StreamKey | undefined =>
  question.kind === "trades" && asksNewest(question) ? { kind: "trades", market: question.market } : undefined;

/** The single row that the hot store keeps of an answer. */
const newestRow = (question: Question, value: unknown): unknown => {
  if (question.kind === "ticker" || question.kind === "orderbook") return value;
  if (asksColumns(question)) return undefined;
  const rows = value as ReadonlyArray<unknown>;
  if (question.kind === "trades") return rows.at(-1);
  // Only a forming candle is live; a closed one would be stale the moment it is kept.
  const last = rows.at(-1) as Candle | undefined;
  return last?.state === "forming" ? last : undefined;
};
