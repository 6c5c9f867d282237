/** One request of a question over REST, and what its pages have in common: whose rows count, how long each may take, and what they make an answer. */
import type * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type { Question } from "../domain/Question.ts";
import type { DecodeError } from "../errors/MarketDataError.ts";
import type { Rest, RestResult } from "../transport/RestCall.ts";
import type { RestCall, Venue } from "../transport/Venue.ts";
import type * as TradeHistory from "./tradeHistory.ts";
import type { TierAnswer } from "./Tier.ts";

/** What the pages of a question are read with. */
export interface Asking {
  readonly rest: Rest["Service"];
  readonly venue: Venue["Service"];
  readonly clock: Clock.Clock;
  readonly trades: Effect.Success<typeof TradeHistory.make>;
}

/** One request of a question, about its market only. */
export const run = <A extends { readonly market: string }>(
  { rest }: Asking,
  call: RestCall<A>,
  question: Question,
  deadlineNanos: bigint,
) => rest.run(call, { priority: question.intent.priority, deadlineNanos, expects: (row) => row.market === question.market });

/** Every page has the whole deadline: a long history may take its time, a stuck page may not. */
export const pageDeadline = ({ clock }: Asking, question: Question): bigint =>
  clock.monotonicTimeNanosUnsafe() + BigInt(Math.round(question.intent.deadlineMs * 1e6));

/** The first page saw the market's present; later ones only reach back. */
export const answered = (
  { clock }: Asking,
  result: RestResult<unknown> | undefined,
  value: unknown,
  exchangeTimeMs: number | null,
): TierAnswer => {
  const receivedNanos = result?.receivedNanos ?? clock.monotonicTimeNanosUnsafe();
  return {
    value,
    channel: "rest",
    exchangeTimeMs,
    receivedNanos,
    receivedMs: result?.receivedMs ?? clock.currentTimeMillisUnsafe(),
    confirmedNanos: receivedNanos,
    exchangeNowMs: result?.exchangeNowMs,
  };
};

/** A page of history must be whole: a missing row in the middle would look like a quiet window. */
export const whole = <A>(result: RestResult<A>): Effect.Effect<RestResult<A>, DecodeError> => {
  const [rejected] = result.rejected;
  return rejected === undefined ? Effect.succeed(result) : Effect.fail(rejected);
};
