/**
 * The contract of a tier: one way to answer a question. A tier either answers with a value and its times, says that it has nothing that
 * fits (`TierMiss`, which is no fault of anything), or fails with an error of the union. It never decides who is asked next.
 */
import * as Data from "effect/Data";
import type * as Effect from "effect/Effect";
import type { Channel, TierName } from "../domain/Provenance.ts";
import type { Question } from "../domain/Question.ts";
import type { MarketDataError } from "../errors/MarketDataError.ts";

export interface TierAnswer {
  /** `ValueOf[question.kind]`; trades and candles oldest first. */
  readonly value: unknown;
  /** The channel the value was read over, also when it was kept since. */
  readonly channel: Channel;
  /** The exchange's time of the value, epoch milliseconds; null when the answer is an empty list. */
  readonly exchangeTimeMs: number | null;
  readonly receivedNanos: bigint;
  readonly receivedMs: number;
  /** Monotonic time at which the value was last known to be current. */
  readonly confirmedNanos: bigint;
  /** Rows that came from what is kept of the past; `isAll` where the exchange was not asked at all. Missing where nothing was kept. */
  readonly kept?: { readonly rows: number; readonly isAll: boolean } | undefined;
  /** The exchange's clock at receipt, epoch milliseconds, by what it said with this very answer; over REST only. */
  readonly exchangeNowMs?: number | undefined;
}

/** The tier has nothing that fits. `reason` is a code: `absent`, `too_old`, `too_shallow`, `not_live`. */
export class TierMiss extends Data.TaggedError("TierMiss")<{ readonly reason: string }> {}

export interface AskOptions {
  /** Monotonic time by which the whole call must be answered. */
  readonly deadlineNanos: bigint;
  /** Told of every attempt within the tier that brought nothing while the tier goes on, with its reason. */
  readonly missed?: ((reason: string) => void) | undefined;
}

export interface Tier {
  readonly name: TierName;
  readonly ask: (question: Question, options: AskOptions) => Effect.Effect<TierAnswer, MarketDataError | TierMiss>;
  /** What it can answer without waiting for anything; undefined where it has nothing that fits. A tier of memory only. Synchronous. */
  readonly atOnce?: ((question: Question) => TierAnswer | undefined) | undefined;
  /** The cause that an error of this tier stands for; it is told before the error. */
  readonly causeOf?: ((error: MarketDataError) => string) | undefined;
}
