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
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Option from "effect/Option";
import * as References from "effect/References";
import * as Result from "effect/Result";
import { type Asker, endedAtOnce, pagesOf } from "./Asker.ts";
import { ActiveMarkets } from "./direct/ActiveMarkets.ts";
import { DirectClient } from "./DirectClient.ts";
import type { Answer } from "./domain/Answer.ts";
import { liveKeyOf } from "./domain/liveKey.ts";
import type { Question } from "./domain/Question.ts";
import { type Attempt, Closed, DataUnavailable, type MarketDataError } from "./errors/MarketDataError.ts";
import { type CallEnd, endOfAnswer, endOfError, isTelling, patientMs } from "./fallback/rescue.ts";
import { ModeControl } from "./fallback/ModeControl.ts";
import type { InFlight } from "./InFlight.ts";
import { RouterConfig } from "./RouterConfig.ts";
import { type Instance, RouterSide } from "./RouterSide.ts";
import { type Refutation, Shadow } from "./shadow/Shadow.ts";
import { Subscriptions } from "./stream/Subscriptions.ts";
import { FlightRecorder } from "./tape/FlightRecorder.ts";
import * as TimerQueue from "./transport/TimerQueue.ts";
import { Venue } from "./transport/Venue.ts";

type Answered = Answer<unknown>;
type Outcome = Exit.Exit<Answered, MarketDataError>;
type Running = Fiber.Fiber<Answered, MarketDataError>;
type Asked = Effect.Effect<Answered, MarketDataError>;

export type SupervisedAsker = Pick<Asker, "begin">;

export const make = Effect.fnUntraced(function* (inFlight: InFlight) {
  const { smartRouting } = yield* RouterConfig;
  const parts: Parts = {
    inFlight,
    control: yield* ModeControl,
    side: yield* RouterSide,
    direct: yield* DirectClient,
    clock: yield* Clock.Clock,
    timers: yield* TimerQueue.make,
    rescueAfterShare: (yield* RouterConfig).rescueAfterShare,
    paging: (yield* Venue).paging,
  };
  const active = yield* ActiveMarkets;
  const flight = yield* FlightRecorder;
  const shadow = yield* Shadow;
  const supervised: SupervisedAsker = {
    begin: (question, markets) => {
      // What memory knows is nothing to give out after the end.
      const closed = inFlight.closed();
      if (closed !== undefined) return closed;
      active.asked(question);
      flight.asked(question, markets);
      const instance = smartRouting[question.kind] ? parts.side.current() : undefined;
      if (instance === undefined || !parts.control.asksRouter())
        return withoutRouter(parts, began(parts, question, parts.clock.monotonicTimeNanosUnsafe()));
      return shadow.isOn
        ? besides(shadow, parts, instance, question, () => withRouter(parts, instance, question, markets))
        : withRouter(parts, instance, question, markets);
    },
  };
  return supervised;
});

/** The answer as it is, told to the shadow, which may say that the live key behind it lies. */
const besides = (shadow: Shadow["Service"], { clock }: Parts, instance: Instance, question: Question, begin: () => Asked): Asked => {
  const startedNanos = clock.monotonicTimeNanosUnsafe();
  const key = liveKeyOf(question);
  const refute = (refutation: Refutation): boolean =>
    key !== undefined && Context.get(instance.services, Subscriptions).refute(key, refutation);
  return Effect.map(begin(), (answer) => {
    shadow.saw(question, answer, Number(clock.monotonicTimeNanosUnsafe() - startedNanos) / 1e6, refute);
    return answer;
  });
};

/** What a question passes through. */
interface Parts {
  readonly inFlight: InFlight;
  readonly control: ModeControl["Service"];
  readonly side: RouterSide["Service"];
  readonly direct: DirectClient["Service"];
  readonly clock: Clock.Clock;
  readonly timers: TimerQueue.TimerQueue;
  readonly rescueAfterShare: number;
  readonly paging: Venue["Service"]["paging"];
}

/** What only a question needs that the router does not answer at once. */
interface Begun {
  readonly question: Question;
  readonly startedNanos: bigint;
  readonly totalMs: number;
  readonly deadlineNanos: bigint;
}

const began = ({ clock, paging }: Parts, question: Question, startedNanos: bigint): Begun => {
  const totalMs = question.intent.deadlineMs * pagesOf(question, paging, clock.currentTimeMillisUnsafe());
  return { question, startedNanos, totalMs, deadlineNanos: startedNanos + BigInt(Math.round(totalMs * 1e6)) };
};

/** The direct client's answer. More is written to the log while the router is out. */
const directly = ({ control, direct, inFlight }: Parts, call: Begun, attempts: ReadonlyArray<Attempt>): Asked => {
  const { logLevel } = control.monitoring();
  const asked = inFlight.run(direct.ask(call.question, { ...call, attempts, mode: control.mode }));
  return logLevel === null ? asked : Effect.provideService(logged(asked, call.question), References.MinimumLogLevel, logLevel);
};

/** A line for each direct answer, or for what there was instead. */
const logged = (asked: Asked, { kind, market }: Question): Asked =>
  asked.pipe(
    Effect.tap(({ provenance }) => Effect.logDebug(`the direct client answered ${kind} ${market} over ${provenance.channel}`)),
    Effect.tapError((error) => Effect.logDebug(`the direct client did not answer ${kind} ${market}: ${error._tag}: ${error.message}`)),
  );

const withoutRouter = (parts: Parts, call: Begun): Asked =>
  directly(parts, call, []).pipe(
    Effect.tap((answer) => toldServed(parts, answer, "carried", "the direct client answered")),
    Effect.catch((error) => {
      if (parts.inFlight.closed() !== undefined) return Effect.fail(error);
      const isSilent = endOfError(error) === "final" || !isTelling(error);
      const told = isSilent ? Effect.void : parts.control.tell("lost", error.message);
      return Effect.andThen(
        told,
        Effect.suspend(() => settled(parts, call, error)),
      );
    }),
  );

/** Nobody answered, and there was no router to say what it knew. */
const settled = ({ control, direct }: Parts, { question }: Begun, error: MarketDataError): Asked =>
  endOfError(error) === "final" && error._tag !== "RateLimited"
    ? Effect.fail(error)
    : Effect.fromResult(Option.getOrElse(direct.lastKnown(question, error, control.mode()), () => Result.fail(error)));

/** Between two looks whether there is room in the limit again. */
const roomEveryMs = 100;

/** The router's answer, or the direct client's where it comes too late. What memory answers is there before anything else is started. */
const withRouter = (parts: Parts, instance: Instance, question: Question, markets: number): Asked => {
  const startedNanos = parts.clock.monotonicTimeNanosUnsafe();
  const begun = begunBy(instance.asker, question, markets);
  const ended = endedAtOnce(begun);
  if (ended !== undefined) return judged(parts, question, startedNanos, instance, ended);
  // No generator here: each one made for a call leaves a shape behind that keeps what it closes over until the old garbage is collected.
  return Effect.flatMap(Effect.forkChild(begun, { startImmediately: true }), (running) => {
    const early = running.pollUnsafe();
    return early === undefined
      ? parts.inFlight.holding(running, awaited(parts, instance, began(parts, question, startedNanos), running))
      : judged(parts, question, startedNanos, instance, early);
  });
};

/** A router that crashes before there is an Effect has crashed all the same. */
const begunBy = (asker: Asker, question: Question, markets: number): Asked => {
  try {
    return asker.begin(question, markets);
  } catch (defect) {
    return Exit.die(defect);
  }
};

const awaited = (parts: Parts, instance: Instance, call: Begun, running: Running): Asked => {
  const { question, startedNanos, totalMs } = call;
  // A long history takes as long as it takes: its pages have deadlines of their own.
  const patienceMs = totalMs > question.intent.deadlineMs ? Number.POSITIVE_INFINITY : totalMs * parts.rescueAfterShare;
  const waited = (ms: number): Asked =>
    Effect.flatMap(parts.timers.ended(running, ms), (exit) => {
      if (exit !== undefined) return judged(parts, question, startedNanos, instance, exit);
      // Who waits for the limit would wait for it as well when asked directly: that says nothing about the router, and helps nobody.
      if (!parts.direct.isFree(question)) return waited(roomEveryMs);
      // Both run from here; the first good answer wins.
      const done = Fiber.await(running);
      const stays = Effect.flatMap(done, (outcome) => (isGood(outcome) ? outcome : Effect.never));
      return Effect.raceFirst(stays, beside(parts, call, patienceMs, done));
    });
  return waited(patienceMs);
};

/** The direct client beside a router that has not answered yet. */
const beside = (parts: Parts, call: Begun, afterMs: number, done: Effect.Effect<Outcome>): Asked =>
  Effect.gen(function* () {
    const reason = `no answer within ${Math.round(afterMs)} ms`;
    const result = yield* Effect.result(directly(parts, call, [{ tier: "router", outcome: "interrupted", reason, durationMs: afterMs }]));
    if (Result.isSuccess(result)) {
      // A short deadline says nothing about anybody, nor does a time in which calls had to wait for the limit.
      const spentMs = Number(parts.clock.monotonicTimeNanosUnsafe() - call.startedNanos) / 1e6;
      const isNobodysFault = call.totalMs < patientMs || parts.direct.hasWaited(call.question, spentMs);
      yield* toldServed(parts, result.success, isNobodysFault ? "carried" : "rescued", reason);
      return result.success;
    }
    if (parts.inFlight.closed() !== undefined) return yield* Effect.fail(result.failure);
    const outcome = yield* done;
    if (!isGood(outcome)) yield* toldLost(parts, call, outcome, result.failure);
    return yield* saidOf(call.question, outcome);
  });

/** What the router's call came to. */
const judged = (parts: Parts, question: Question, startedNanos: bigint, instance: Instance, outcome: Outcome): Asked => {
  const end = endOf(outcome);
  if (end === "failed" || end === "dead") return rescued(parts, began(parts, question, startedNanos), instance, outcome);
  if (end === "limited") return Effect.andThen(parts.control.tell("lost", reasonOf(outcome)), outcome);
  if (Exit.isSuccess(outcome)) parts.direct.note(question, outcome.value);
  return outcome;
};

/** The router did not answer: the direct client does, if time is left; its failure leaves what the router said. */
const rescued = (parts: Parts, call: Begun, instance: Instance, outcome: Outcome): Asked =>
  Effect.gen(function* () {
    const { clock, inFlight, side } = parts;
    const closed = inFlight.closed();
    if (closed !== undefined) return yield* closed;
    if (side.isClosing()) return yield* saidOf(call.question, outcome);
    const reason = reasonOf(outcome);
    const isDead = endOf(outcome) === "dead";
    if (isDead) yield* side.died(instance, reason);
    const spentMs = Number(clock.monotonicTimeNanosUnsafe() - call.startedNanos) / 1e6;
    const attempt: Attempt = { tier: "router", outcome: "failed", reason, durationMs: spentMs };
    const result = yield* Effect.result(directly(parts, call, [attempt]));
    if (Result.isSuccess(result)) {
      yield* toldServed(parts, result.success, "rescued", reason);
      return result.success;
    }
    if (inFlight.closed() !== undefined) return yield* Effect.fail(result.failure);
    yield* toldLost(parts, call, outcome, result.failure);
    return yield* isDead ? settled(parts, call, result.failure) : saidOf(call.question, outcome);
  });

/** The direct client answered, and that the exchange is there. What the disk gave alone says nothing of the exchange. */
const toldServed = ({ control }: Parts, { provenance }: Answered, event: "carried" | "rescued", reason: string): Effect.Effect<void> =>
  provenance.tier === "history_store" ? Effect.void : control.tell(event, reason);

const toldLost = ({ clock, control, direct }: Parts, call: Begun, outcome: Outcome, directError: MarketDataError): Effect.Effect<void> => {
  const error = Option.getOrUndefined(Exit.findErrorOption(outcome));
  const spentMs = Number(clock.monotonicTimeNanosUnsafe() - call.startedNanos) / 1e6;
  // A time that was over while calls waited for our own limit says nothing about anybody.
  if (error?._tag === "TimeoutError" && error.phase === "deadline" && direct.hasWaited(call.question, spentMs)) return Effect.void;
  const tells = error === undefined || isTelling(error) || (isTelling(directError) && endOfError(directError) === "failed");
  return tells ? control.tell("lost", reasonOf(outcome)) : Effect.void;
};

const endOf = (outcome: Outcome): CallEnd => {
  if (Exit.isSuccess(outcome)) return endOfAnswer(outcome.value.provenance);
  const error = Option.getOrUndefined(Exit.findErrorOption(outcome));
  // Interrupted, and not by its caller, who would not be here to see it: somebody it waited for has gone.
  return error === undefined ? "failed" : endOfError(error);
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
