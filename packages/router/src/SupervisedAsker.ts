/**
 * One question, and who answers it: the router, and where it does not, the direct client, within the same deadline. While the router is out the
 * direct client is asked first. Whoever answered stands in the provenance, and what came of it is told to `ModeControl`.
 *
 * 1. A question of a kind that is routed goes to the router, as far as the mode gives it traffic.
 * 2. Where the router fails, dies or crashes, or has not answered in the first part of the deadline, the direct client is asked.
 * 3. Where it is not routed, the direct client is asked at once.
 * 4. When nobody answers, the last known value is what is left, with a label, or in the error, as the caller said.
 */
import * as Cause from "effect/Cause";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Option from "effect/Option";
import * as References from "effect/References";
import * as Result from "effect/Result";
import { type Asker, pagesOf } from "./Asker.ts";
import { ActiveMarkets } from "./direct/ActiveMarkets.ts";
import { DirectClient } from "./DirectClient.ts";
import type { Answer } from "./domain/Answer.ts";
import type { Question } from "./domain/Question.ts";
import { type Attempt, Closed, DataUnavailable, type MarketDataError } from "./errors/MarketDataError.ts";
import { type CallEnd, endOfAnswer, endOfError, isTelling, patientMs } from "./fallback/rescue.ts";
import { ModeControl } from "./fallback/ModeControl.ts";
import { RouterConfig } from "./RouterConfig.ts";
import { type Instance, RouterSide } from "./RouterSide.ts";
import { FlightRecorder } from "./tape/FlightRecorder.ts";
import { Venue } from "./transport/Venue.ts";

type Answered = Answer<unknown>;
type Outcome = Exit.Exit<Answered, MarketDataError>;
type Running = Fiber.Fiber<Answered, MarketDataError>;

export type SupervisedAsker = Pick<Asker, "ask">;

export const make = Effect.gen(function* () {
  const control = yield* ModeControl;
  const side = yield* RouterSide;
  const direct = yield* DirectClient;
  const active = yield* ActiveMarkets;
  const flight = yield* FlightRecorder;
  const config = yield* RouterConfig;
  const clock = yield* Clock.Clock;
  const { paging } = yield* Venue;

  /** What only a question needs that the router does not answer at once. */
  const began = (question: Question, startedNanos: bigint) => {
    const totalMs = question.intent.deadlineMs * pagesOf(question, paging, clock.currentTimeMillisUnsafe());
    return { question, startedNanos, totalMs, deadlineNanos: startedNanos + BigInt(Math.round(totalMs * 1e6)) };
  };
  type Begun = ReturnType<typeof began>;

  /** The direct client's answer. More is written to the log while the router is out. */
  const directly = (call: Begun, attempts: ReadonlyArray<Attempt>): Effect.Effect<Answered, MarketDataError> => {
    const { logLevel } = control.monitoring();
    const asked = direct.ask(call.question, { ...call, attempts, mode: control.mode });
    return logLevel === null ? asked : Effect.provideService(asked, References.MinimumLogLevel, logLevel);
  };

  const withoutRouter = (call: Begun): Effect.Effect<Answered, MarketDataError> =>
    directly(call, []).pipe(
      Effect.tap(() => control.tell("carried", "the direct client answered")),
      Effect.catch((error) => {
        const told = endOfError(error) === "final" || !isTelling(error) ? Effect.void : control.tell("lost", error.message);
        return Effect.andThen(
          told,
          Effect.suspend(() => settled(call, error)),
        );
      }),
    );

  /** Nobody answered, and there was no router to say what it knew. */
  const settled = ({ question }: Begun, error: MarketDataError): Effect.Effect<Answered, MarketDataError> =>
    endOfError(error) === "final" && error._tag !== "RateLimited"
      ? Effect.fail(error)
      : Effect.fromResult(Option.getOrElse(direct.lastKnown(question, error, control.mode()), () => Result.fail(error)));

  /** The router did not answer: the direct client does, if time is left; its failure leaves what the router said. */
  const rescued = (call: Begun, instance: Instance, outcome: Outcome): Effect.Effect<Answered, MarketDataError> =>
    Effect.gen(function* () {
      const reason = reasonOf(outcome);
      const isDead = endOf(outcome) === "dead";
      if (side.isClosing()) return yield* saidOf(call.question, outcome);
      if (isDead) yield* side.died(instance, reason);
      const spentMs = Number(clock.monotonicTimeNanosUnsafe() - call.startedNanos) / 1e6;
      const attempt: Attempt = { tier: "router", outcome: "failed", reason, durationMs: spentMs };
      const result = yield* Effect.result(directly(call, [attempt]));
      if (Result.isSuccess(result)) {
        yield* control.tell("rescued", reason);
        return result.success;
      }
      yield* toldLost(outcome, result.failure);
      if (isDead) return yield* settled(call, result.failure);
      return yield* saidOf(call.question, outcome);
    });

  /**
   * The router's answer, or the direct client's where it comes too late. An answer that takes no time is there before anything else is started,
   * so the way over memory costs one fiber more.
   */
  const withRouter = (instance: Instance, question: Question, markets: number): Effect.Effect<Answered, MarketDataError> =>
    Effect.gen(function* () {
      const startedNanos = clock.monotonicTimeNanosUnsafe();
      const running = yield* Effect.forkChild(instance.asker.ask(question, markets), { startImmediately: true });
      const early = running.pollUnsafe();
      if (early !== undefined) return yield* judged(question, startedNanos, instance, early);
      return yield* Effect.ensuring(awaited(instance, began(question, startedNanos), running), Fiber.interrupt(running));
    });

  const awaited = (instance: Instance, call: Begun, running: Running): Effect.Effect<Answered, MarketDataError> => {
    const { question, startedNanos, totalMs } = call;
    const done = Fiber.await(running);
    // A long history takes as long as it takes: its pages have deadlines of their own.
    const patienceMs = totalMs > question.intent.deadlineMs ? Number.POSITIVE_INFINITY : totalMs * config.rescueAfterShare;
    const waited = Effect.raceFirst(done, Effect.as(Effect.sleep(patienceMs), undefined));
    return Effect.flatMap(waited, (exit) => {
      if (exit !== undefined) return judged(question, startedNanos, instance, exit);
      // Both run from here; the first good answer wins.
      const stays = Effect.flatMap(done, (outcome) => (isGood(outcome) ? outcome : Effect.never));
      return Effect.raceFirst(stays, beside(call, patienceMs, done));
    });
  };

  /** The direct client beside a router that has not answered yet. */
  const beside = (call: Begun, afterMs: number, done: Effect.Effect<Outcome>): Effect.Effect<Answered, MarketDataError> =>
    Effect.gen(function* () {
      const reason = `no answer within ${Math.round(afterMs)} ms`;
      const result = yield* Effect.result(directly(call, [{ tier: "router", outcome: "interrupted", reason, durationMs: afterMs }]));
      if (Result.isSuccess(result)) {
        // A short deadline says nothing about anybody.
        yield* control.tell(call.totalMs < patientMs ? "carried" : "rescued", reason);
        return result.success;
      }
      const outcome = yield* done;
      if (!isGood(outcome)) yield* toldLost(outcome, result.failure);
      return yield* saidOf(call.question, outcome);
    });

  const judged = (
    question: Question,
    startedNanos: bigint,
    instance: Instance,
    outcome: Outcome,
  ): Effect.Effect<Answered, MarketDataError> => {
    const end = endOf(outcome);
    if (end === "failed" || end === "dead") return rescued(began(question, startedNanos), instance, outcome);
    if (end === "limited") return Effect.andThen(control.tell("lost", reasonOf(outcome)), outcome);
    if (Exit.isSuccess(outcome)) direct.note(question, outcome.value);
    return outcome;
  };

  const toldLost = (outcome: Outcome, directError: MarketDataError): Effect.Effect<void> => {
    const error = Option.getOrUndefined(Exit.findErrorOption(outcome));
    const tells = error === undefined || isTelling(error) || (isTelling(directError) && endOfError(directError) === "failed");
    return tells ? control.tell("lost", reasonOf(outcome)) : Effect.void;
  };

  const supervised: SupervisedAsker = {
    ask: (question, markets) =>
      Effect.suspend(() => {
        active.asked(question);
        flight.asked(question, markets);
        const instance = config.smartRouting[question.kind] ? side.current() : undefined;
        if (instance === undefined || !control.asksRouter()) return withoutRouter(began(question, clock.monotonicTimeNanosUnsafe()));
        return withRouter(instance, question, markets);
      }),
  };
  return supervised;
});

const endOf = (outcome: Outcome): CallEnd => {
  if (Exit.isSuccess(outcome)) return endOfAnswer(outcome.value.provenance);
  const error = Option.getOrUndefined(Exit.findErrorOption(outcome));
  if (error !== undefined) return endOfError(error);
  return Cause.hasInterruptsOnly(outcome.cause) ? "final" : "failed";
};

/** An answer, or a failure that nobody could better. */
const isGood = (outcome: Outcome): boolean => {
  const end = endOf(outcome);
  return end === "answered" || end === "final" || end === "limited";
};

const reasonOf = (outcome: Outcome): string => {
  if (Exit.isSuccess(outcome)) return `only an old value: ${outcome.value.provenance.staleReason ?? "unknown"}`;
  const error = Option.getOrUndefined(Exit.findErrorOption(outcome));
  return error === undefined ? `crashed: ${String(Cause.squash(outcome.cause)).slice(0, 200)}` : `${error._tag}: ${error.message}`;
};

/** What the router itself said; a crash as an error of the union. */
const saidOf = (question: Question, outcome: Outcome): Effect.Effect<Answered, MarketDataError> => {
  if (Exit.isSuccess(outcome) || Option.isSome(Exit.findErrorOption(outcome))) return outcome;
  if (Cause.hasInterruptsOnly(outcome.cause)) return Effect.fail(new Closed({ what: "The router" }));
  const attempts: ReadonlyArray<Attempt> = [{ tier: "router", outcome: "failed", reason: reasonOf(outcome), durationMs: 0 }];
  return Effect.fail(new DataUnavailable({ kind: question.kind, market: question.market, attempts }));
};
