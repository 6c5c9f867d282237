/** Calls written into the ledger as they ended for their callers, whoever answered: done once, by whoever stands nearest to the caller. */
import type * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { millisBetween } from "./answering.ts";
import type { Asker } from "./Asker.ts";
import type { Health } from "./health/HealthLedger.ts";

/** The same asker with every call written into the ledger as it ended for its caller. Probes are nobody's calls. */
export const counted = <A extends Pick<Asker, "ask">>(asker: A, health: Health["Service"], clock: Clock.Clock): A => ({
  ...asker,
  ask: (question, markets) =>
    Effect.suspend(() => {
      const { kind, market } = question;
      const startedNanos = clock.monotonicTimeNanosUnsafe();
      const tookMs = () => millisBetween(startedNanos, clock.monotonicTimeNanosUnsafe());
      return asker.ask(question, markets).pipe(
        Effect.tap(({ provenance }) =>
          Effect.sync(() =>
            health.called({ kind, market, durationMs: tookMs(), outcome: provenance.stale ? "stale" : "answered", answer: provenance }),
          ),
        ),
        Effect.tapError((error) => Effect.sync(() => health.called({ kind, market, durationMs: tookMs(), outcome: error._tag }))),
      );
    }),
});
