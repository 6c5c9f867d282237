/**
 * What a question is given where its caller says nothing, and which part of the limits this process may use.
 * A class only so that a knob is one entry: what it means, its type, its default.
 */
import type { Kind } from "../domain/Question.ts";

/** One of several equal parts of every limit, counted from 1. */
export interface LimitShare {
  /** Which one, from 1. @unit part */
  readonly part: number;
  /** How many there are. @unit parts */
  readonly of: number;
}

export class QuestionKnobs {
  /**
   * Which part of every limit this process may use. Of three processes on one address that know nothing of each other, one is part 1 of
   * 3, one 2 of 3, one 3 of 3; together they use exactly the limit. The first router for a host decides for its process.
   * @unit parts
   * @costs A smaller part makes a program wait for the limit sooner, and lets its neighbours on the address through.
   */
  readonly limitShare: LimitShare = { part: 1, of: 1 };
  /**
   * The oldest confirmation accepted by default, in milliseconds, by kind.
   * @costs Older answers come from memory in microseconds; younger ones cost a request, and the limit, unless the key is subscribed.
   */
  readonly maxAgeMs: Readonly<Record<Kind, number>> = { ticker: 2_000, orderbook: 2_000, trades: 5_000, candles: 5_000 };
  /**
   * The same when `realtime` is asked.
   * @costs Smaller lets fewer answers come from memory.
   */
  readonly maxAgeRealtimeMs: number = 1_000;
  /** A last known value older than this is not served nor carried, whatever the caller accepts, in milliseconds. */
  readonly maxStaleMs: number = 30_000;
  /**
   * Budget of one call, in milliseconds; per page for candles and trades.
   * @costs Longer lets more calls wait for the limit and succeed; shorter frees callers earlier when the exchange is slow.
   */
  readonly deadlineMs: number = 5_000;
}
