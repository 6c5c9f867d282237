/** Calls written into the ledger as they ended for their callers, whoever answered: done once, by whoever stands nearest to the caller. */
import type * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import { millisBetween } from "./answering.ts";
import { type Asker, endedAtOnce } from "./Asker.ts";
import type { Answer } from "./domain/Answer.ts";
import type { Question } from "./domain/Question.ts";
import type { MarketDataError } from "./errors/MarketDataError.ts";
import type { Health } from "./health/HealthLedger.ts";

/** The same asker with every call written into the ledger as it ended for its caller. Probes are nobody's calls. */
export const counted = <A extends Pick<Asker, "begin">>(asker: A, health: Health["Service"], clock: Clock.Clock): A => ({
  ...asker,
  begin: (question, markets) => {
    const startedNanos = clock.monotonicTimeNanosUnsafe();
    const tookMs = () => millisBetween(startedNanos, clock.monotonicTimeNanosUnsafe());
    const begun = asker.begin(question, markets);
    const ended = endedAtOnce(begun);
    if (ended !== undefined && Exit.isSuccess(ended)) {
      wasAnswered(health, question, ended.value, tookMs());
      return ended;
    }
    return Effect.mapBoth(begun, {
      onSuccess: (answer) => {
        wasAnswered(health, question, answer, tookMs());
        return answer;
      },
      onFailure: (error) => {
        failed(health, question, error, tookMs());
        return error;
      },
    });
  },
});

const wasAnswered = (health: Health["Service"], { kind, market }: Question, { provenance }: Answer<unknown>, durationMs: number): void =>
  health.called({ kind, market, durationMs, outcome: provenance.stale ? "stale" : "answered", answer: provenance });

const failed = (health: Health["Service"], { kind, market }: Question, { _tag }: MarketDataError, durationMs: number): void =>
  health.called({ kind, market, durationMs, outcome: _tag });
