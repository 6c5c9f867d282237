/**
 * Asks the ranked tiers in order until one answers: a fold of `orElse` over the list. Every failure is kept and told; tiers after the winner
 * are never touched; one deadline lies over everything. A wrong question or an unknown market ends the chain at once, because no other tier
 * can know better. The one tier that may have to wait for the market itself, `live_subscription`, is hedged: the next one starts beside it.
 *
 * The outcome of each call is told to `ModeControl`, whose mode stands in every answer.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type * as Stream from "effect/Stream";
import type { Mode, ModeChange } from "../domain/Mode.ts";
import type { TierName } from "../domain/Provenance.ts";
import type { Question } from "../domain/Question.ts";
import { type Attempt, DataUnavailable, type MarketDataError, TimeoutError } from "../errors/MarketDataError.ts";
import { Health } from "../health/HealthLedger.ts";
import { RouterConfig } from "../RouterConfig.ts";
import { type AskOptions, type Tier, type TierAnswer, TierMiss } from "../tiers/Tier.ts";
import * as TimerQueue from "../transport/TimerQueue.ts";
import { headStartMs, hedge } from "./hedge.ts";
import { ModeControl } from "./ModeControl.ts";
import { orElse } from "./orElse.ts";

export interface FallbackAnswer {
  readonly tier: TierName;
  readonly answer: TierAnswer;
  /** In the order tried, the answering one last. */
  readonly attempts: ReadonlyArray<Attempt>;
}

/** Nobody answered. `error` is what the caller gets when no last known value helps. */
export interface FallbackFailure {
  readonly error: MarketDataError;
  readonly attempts: ReadonlyArray<Attempt>;
}

export class FallbackManager extends Context.Service<
  FallbackManager,
  {
    /**
     * Asks `ranked` in order. `deadlineMs` covers all of it. `hedgeMs` is the head start of a socket that must be waited for, before priority
     * shortens it (the knob `hedgeAfterMs`): a long way gives the socket longer. `hasWaited`: whether calls
     * had to wait for our own limit within the last so many milliseconds; a deadline that cuts a call short then says nothing about anybody.
     */
    readonly run: (
      question: Question,
      ranked: ReadonlyArray<Tier>,
      deadlineMs: number,
      hedgeMs?: number,
      hasWaited?: (withinMs: number) => boolean,
    ) => Effect.Effect<FallbackAnswer, FallbackFailure>;
    /**
     * What this tier can answer without waiting, in the mode `normal`; undefined where {@link run} has to be asked. Synchronous, and for memory: there
     * is nothing to fall back from.
     */
    readonly atOnce: (question: Question, tier: Tier) => FallbackAnswer | undefined;
    readonly mode: () => Mode;
    /** Every change of mode from now on. A reader that falls 64 changes behind loses the oldest. */
    readonly modeChanges: Stream.Stream<ModeChange>;
  }
>()("@naru/router/fallback/FallbackManager") {
  static readonly layer: Layer.Layer<FallbackManager, never, Health | ModeControl> = Layer.effect(
    FallbackManager,
    Effect.suspend(() => make),
  );
  /** The live one with a ledger and a mode of its own. */
  static readonly layerTest: Layer.Layer<FallbackManager> = FallbackManager.layer.pipe(
    Layer.provide(ModeControl.layer),
    Layer.provide(Health.layer),
  );
}

const make = Effect.gen(function* () {
  const health = yield* Health;
  const { hedgeAfterMs } = yield* RouterConfig;
  const clock = yield* Clock.Clock;
  const control = yield* ModeControl;
  const timers = yield* TimerQueue.make;
  /** When a call last met a failing tier. An answer that was confirmed before it proves nothing about now. */
  let troubleNanos: bigint | undefined;

  const settle = (outcome: "clean" | "patched" | "unanswered", reason: string): Effect.Effect<void> => {
    if (outcome !== "clean") troubleNanos = clock.monotonicTimeNanosUnsafe();
    return control.routed(outcome, reason);
  };

  /** A fault is one; what came from the disk alone says nothing about the exchange, however current it is. */
  const settleAnswer = ({ troubled, errors }: Trail, { kept, confirmedNanos }: TierAnswer): Effect.Effect<void> => {
    if (troubled) return settle("patched", errors.at(-1)?.message ?? "a tier crashed");
    const isProof = kept?.isAll !== true && (troubleNanos === undefined || confirmedNanos > troubleNanos);
    return isProof ? settle("clean", "answered") : Effect.void;
  };

  const run = (
    question: Question,
    ranked: ReadonlyArray<Tier>,
    deadlineMs: number,
    hedgeMs = hedgeAfterMs,
    hasWaited: (withinMs: number) => boolean = () => false,
  ): Effect.Effect<FallbackAnswer, FallbackFailure> =>
    Effect.suspend(() => {
      const deadlineNanos = clock.monotonicTimeNanosUnsafe() + BigInt(Math.round(deadlineMs * 1e6));
      const trail: Trail = { question, deadlineNanos, clock, health, hasWaited, ...nothingTried() };
      const { attempts } = trail;
      const late = () => Effect.fail(new TimeoutError({ phase: "deadline", timeoutMs: deadlineMs, detail: describe(attempts) }));
      return Effect.matchEffect(timers.within(chained(trail, ranked, hedgeMs), deadlineMs, late), {
        onSuccess: (won) => Effect.as(settleAnswer(trail, won.answer), { ...won, attempts: answeredLast(attempts) }),
        onFailure: (error) => {
          const settled = isFinal(error) || !trail.reachedNetwork ? Effect.void : settle("unanswered", error.message);
          return Effect.andThen(settled, Effect.fail<FallbackFailure>({ error, attempts }));
        },
      });
    });

  const atOnce = (question: Question, tier: Tier): FallbackAnswer | undefined => {
    if (tier.atOnce === undefined || control.mode() !== "normal") return undefined;
    const startedNanos = clock.monotonicTimeNanosUnsafe();
    const answer = tier.atOnce(question);
    if (answer === undefined) return undefined;
    const durationMs = Number(clock.monotonicTimeNanosUnsafe() - startedNanos) / 1e6;
    const attempt: Attempt = { tier: tier.name, outcome: "answered", reason: "ok", durationMs };
    health.attempted(question.kind, attempt);
    if (troubleNanos === undefined || answer.confirmedNanos > troubleNanos) control.routedAtOnce();
    return { tier: tier.name, answer, attempts: [attempt] };
  };

  return FallbackManager.of({ run, atOnce, mode: control.mode, modeChanges: control.modeChanges });
});

/** What one call has tried so far. */
interface Trail {
  readonly question: Question;
  readonly deadlineNanos: bigint;
  readonly attempts: Array<Attempt>;
  readonly errors: Array<MarketDataError>;
  /** Some failure came from beyond ourselves. */
  reachedNetwork: boolean;
  /** Some tier failed, and not for our own limits or slots. */
  troubled: boolean;
  readonly hasWaited: (withinMs: number) => boolean;
  /** The tiers asked from now on are asked beside one that still waits. */
  hedged: boolean;
  /** Some tier has answered: what is interrupted now lost a race. */
  answered: boolean;
  readonly clock: Clock.Clock;
  readonly health: Health["Service"];
}

const nothingTried = () => ({ attempts: [], errors: [], reachedNetwork: false, troubled: false, hedged: false, answered: false });

type Asked = Effect.Effect<FallbackAnswer, MarketDataError | TierMiss>;

const chained = (trail: Trail, ranked: ReadonlyArray<Tier>, hedgeMs: number): Effect.Effect<FallbackAnswer, MarketDataError> => {
  const { question, attempts, errors } = trail;
  const hedging = { afterMs: headStartMs(question.intent.priority, hedgeMs), isFinal, onHedge: () => void (trail.hedged = true) };
  const nothing: Asked = Effect.failSync(() => new TierMiss({ reason: "nobody_left" }));
  // The chain: tier 1 orElse tier 2 orElse … orElse the summary of all failures.
  const chain = ranked.reduceRight(
    (rest, tier, index) =>
      isHedged(question, tier, ranked.slice(index + 1))
        ? hedge(ask(tier, trail), rest, hedging)
        : orElse(ask(tier, trail), (error) => (isFinal(error) ? Effect.fail(error) : rest)),
    nothing,
  );
  return Effect.mapError(chain, (error) => (error._tag === "TierMiss" || !isFinal(error) ? summary(question, attempts, errors) : error));
};

/** An attempt that its caller's deadline cut short says something about the network only if it had this long, in milliseconds. */
const patientMs = 2_000;

/** Asks one tier and writes down how it went. A tier that crashes costs the call nothing but itself. */
const ask = (tier: Tier, trail: Trail): Asked =>
  Effect.suspend(() => {
    const { question, deadlineNanos, attempts, errors, clock, health } = trail;
    let started = clock.monotonicTimeNanosUnsafe();
    const { hedged } = trail;
    const note = (outcome: Attempt["outcome"], reason: string) => {
      const now = clock.monotonicTimeNanosUnsafe();
      const attempt: Attempt = { tier: tier.name, outcome, reason, durationMs: Number(now - started) / 1e6 };
      started = now;
      attempts.push(attempt);
      health.attempted(question.kind, attempt);
      return attempt;
    };
    const options: AskOptions = { deadlineNanos, missed: (reason) => void note("missed", reason) };
    return tier.ask(question, options).pipe(
      Effect.map((answer) => {
        trail.answered = true;
        note("answered", hedged ? "hedged" : "ok");
        return { tier: tier.name, answer, attempts };
      }),
      Effect.tapError((error) =>
        Effect.sync(() => {
          if (error._tag === "TierMiss") return void note("missed", error.reason);
          errors.push(error);
          if (isFromNetwork(error)) trail.reachedNetwork = true;
          if (isFromNetwork(error) || error._tag === "CircuitOpen") trail.troubled = true;
          const reason = `${error._tag}: ${error.message}`;
          note("failed", tier.causeOf === undefined ? reason : `${tier.causeOf(error)}: ${reason}`);
        }),
      ),
      Effect.catchDefect((defect) => {
        note("failed", "crashed");
        trail.reachedNetwork = true;
        trail.troubled = true;
        return Effect.andThen(Effect.logError(`the tier ${tier.name} crashed`, defect), Effect.fail(new TierMiss({ reason: "crashed" })));
      }),
      Effect.onInterrupt(() =>
        Effect.sync(() => {
          if (trail.answered) return void note("interrupted", "interrupted: another tier answered first");
          const { durationMs } = note("failed", "interrupted, by the deadline or by the caller");
          if (durationMs < patientMs || trail.hasWaited(durationMs)) return;
          trail.reachedNetwork = true;
          trail.troubled = true;
        }),
      ),
    );
  });

/** The order told: as tried, but for the answering attempt, which is the last even where the loser of a race ended after it. */
const answeredLast = (attempts: ReadonlyArray<Attempt>): ReadonlyArray<Attempt> => [
  ...attempts.filter(({ outcome }) => outcome !== "answered"),
  ...attempts.filter(({ outcome }) => outcome === "answered"),
];

/** Whether the next tier may start beside this one: it may wait for the market to speak, and REST, which need not, has its turn after it. */
const isHedged = ({ intent }: Question, { name }: Tier, rest: ReadonlyArray<Tier>): boolean =>
  name === "live_subscription" && intent.realtime && intent.strategy === "auto" && intent.priority !== "low" && rest.some(isRest);

const isRest = ({ name }: Tier): boolean => name !== "hot_cache" && name !== "live_subscription";

/** No other tier can know better. */
const isFinal = (error: MarketDataError | TierMiss): boolean =>
  error._tag === "MarketUnknown" || error._tag === "NeverTraded" || error._tag === "InvalidRequest" || error._tag === "Closed";

/** Whether an error says anything about the network. What our own limits, breakers or slots refused was never asked. */
const isFromNetwork = (error: MarketDataError): boolean => {
  if (isOwnRefusal(error)) return false;
  if (error._tag === "TimeoutError" && error.phase === "deadline") return error.timeoutMs >= patientMs;
  return error._tag !== "CircuitOpen" && error._tag !== "Overloaded";
};

const isOwnRefusal = (error: MarketDataError): boolean => error._tag === "RateLimited" && error.status === null;

/**
 * What a call that nobody answered fails with. When every tier that failed did so for one reason, the caller gets that reason itself, so that
 * `RateLimited` stays catchable as such; different reasons become `DataUnavailable` with all of them. A breaker that opened on the way is
 * the consequence of a reason, not one; neither is what our own limits refused after the exchange had refused it.
 */
const summary = (question: Question, attempts: ReadonlyArray<Attempt>, errors: ReadonlyArray<MarketDataError>): MarketDataError => {
  const causes = errors.filter((error) => error._tag !== "CircuitOpen");
  const last = causes.at(-1) ?? errors.at(-1);
  if (last !== undefined && causes.every((error) => error._tag === last._tag))
    return causes.findLast((error) => !isOwnRefusal(error)) ?? last;
  return new DataUnavailable({ kind: question.kind, market: question.market, attempts });
};

const describe = (attempts: ReadonlyArray<Attempt>): string | null =>
  attempts.length === 0 ? null : attempts.map((attempt) => `${attempt.tier}: ${attempt.reason}`).join("; ");
