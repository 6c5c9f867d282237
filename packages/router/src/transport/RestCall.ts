/**
 * One call of the venue, from the question "may we ask?" to decoded rows: limiter, breaker, transport, status, decoding, and retries.
 * This is the only place that retries; nothing above it multiplies attempts, and nothing below it hides any.
 *
 * A refusal to retry never hides why the first attempt failed: the error returned is the last one that the network gave.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import * as Random from "effect/Random";
import * as Result from "effect/Result";
import type { Priority } from "../domain/Question.ts";
import { CircuitOpen, type MarketDataError, TimeoutError } from "../errors/MarketDataError.ts";
import { type Grant, RateLimiter } from "../limits/RateLimiter.ts";
import type { Permit } from "./Breaker.ts";
import { type BreakerListener, HostGuard } from "./HostGuard.ts";
import { exchangeTimeMs, readAnswer } from "./readAnswer.ts";
import { afterFailure, breakerVerdict, RestPolicy } from "./RestPolicy.ts";
import { type RoadDecision, RestRoad } from "./RestRoad.ts";
import { spanned } from "./spanned.ts";
import * as TimerQueue from "./TimerQueue.ts";
import { type RestResponse, Transport } from "./Transport.ts";
import { type Decoded, type RestCall, Venue } from "./Venue.ts";

export interface RestOptions<A> {
  /** Order in the limiter's queue. */
  readonly priority: Priority;
  /** The caller's deadline on the monotonic clock. It covers queueing, every attempt and every wait between them. */
  readonly deadlineNanos: bigint;
  /** Attempts at most, the first included; the policy's number where it is absent or smaller. */
  readonly attempts?: number | undefined;
  /** Whether a row is about what was asked. One that is not fails the whole answer with a `DecodeError` of stage `answer`. */
  readonly expects?: ((row: A) => boolean) | undefined;
}

/** A decoded answer, and when it came. */
export interface RestResult<A> extends Decoded<A> {
  /** The exchange's clock at the answer, epoch milliseconds; our wall clock where its `Date` header is missing. */
  readonly exchangeNowMs: number;
  /** Monotonic time of the answer's last byte. */
  readonly receivedNanos: bigint;
  /** Wall clock of the same moment, epoch milliseconds. For display. */
  readonly receivedMs: number;
}

/** One request that went out, however it ended. */
export interface RestAttempt {
  readonly endpoint: string;
  readonly group: string;
  /** HTTP status; null where no answer came. */
  readonly status: number | null;
  readonly durationMs: number;
  /** Which attempt of its call it was, from 1. */
  readonly attempt: number;
  /** How long it had waited for its turn. */
  readonly waitedMs: number;
  /** `answered`, `interrupted`, or the tag of the error. */
  readonly outcome: "answered" | "interrupted" | MarketDataError["_tag"];
}

/** Told synchronously of every request that went out. Must not throw. Read once, when the {@link Rest} layer is built. */
export const RestObserver = Context.Reference<(attempt: RestAttempt) => void>("@naru/router/transport/RestObserver", {
  defaultValue: () => () => {},
});

/** Told synchronously when the breaker of a limit group opens, tries or closes, and for how long it lets nothing through. Must not throw. */
export const BreakerObserver = Context.Reference<BreakerListener>("@naru/router/transport/BreakerObserver", {
  defaultValue: (): BreakerListener => () => {},
});

export class Rest extends Context.Service<
  Rest,
  {
    /**
     * Runs one call of the venue. Fails at once with `RateLimited` (scope `local` or `ip`) or `CircuitOpen` when it may not be sent in
     * time, with `TimeoutError` of phase `deadline` when the caller's time is over, and with whatever the exchange or the network said
     * otherwise.
     */
    readonly run: <A>(call: RestCall<A>, options: RestOptions<A>) => Effect.Effect<RestResult<A>, MarketDataError>;
    /** What was measured of the way to the host asks of requests now. */
    readonly road: () => RoadDecision;
    /** Milliseconds for which the breaker of a limit group lets nothing through; 0 when it lets some or all. */
    readonly breakerOpenMs: (group: string) => number;
  }
>()("@naru/router/transport/Rest") {
  static readonly layer: Layer.Layer<Rest, never, Transport | Venue | RateLimiter> = Layer.effect(
    Rest,
    Effect.suspend(() => make),
  );
}

interface Deps {
  readonly transport: Transport["Service"];
  readonly venue: Venue["Service"];
  readonly limiter: RateLimiter["Service"];
  readonly clock: Clock.Clock;
  readonly timers: TimerQueue.TimerQueue;
  /** Of the layer, not of the caller, so that a seeded layer is deterministic whoever calls. */
  readonly random: () => number;
  readonly observe: (attempt: RestAttempt) => void;
  readonly guard: HostGuard;
  readonly road: RestRoad;
}

/** One attempt on its way. */
interface Ticket {
  readonly attempt: number;
  /** Monotonic milliseconds at which it began to wait for its turn. */
  readonly askedMs: number;
  permit: Permit;
  grant: Grant | undefined;
  /** Monotonic milliseconds at which the request went out; undefined while it has not. */
  sentMs: number | undefined;
  status: number | null;
}

const make = Effect.gen(function* () {
  const clock = yield* Clock.Clock;
  const guard = new HostGuard(yield* RestPolicy, yield* BreakerObserver);
  const random = yield* Random.Random;
  const deps: Deps = {
    transport: yield* Transport,
    venue: yield* Venue,
    limiter: yield* RateLimiter,
    clock,
    timers: yield* TimerQueue.make,
    random: () => random.nextDoubleUnsafe(),
    observe: yield* RestObserver,
    guard,
    road: new RestRoad(),
  };
  const run = <A>(call: RestCall<A>, options: RestOptions<A>): Effect.Effect<RestResult<A>, MarketDataError> => {
    const asked = Effect.suspend(() => {
      const left = leftMs(clock, options);
      if (left <= 0) return deadlineOver(left);
      guard.first(nowMs(clock));
      return attempts(deps, call, options, 1, undefined);
    });
    return spanned("Rest.run", asked, { endpoint: call.endpoint, group: call.group });
  };
  const road = () => deps.road.decide(guard.policy.attemptTimeoutMs);
  return Rest.of({ run, road, breakerOpenMs: (group) => guard.refusesForMs(group, nowMs(clock)) });
});

/** The attempt of this number, and those after it where the one before failed with `last`. The policy says how many at most. */
const attempts = <A>(
  deps: Deps,
  call: RestCall<A>,
  options: RestOptions<A>,
  number: number,
  last: MarketDataError | undefined,
): Effect.Effect<RestResult<A>, MarketDataError> => {
  const { clock, guard } = deps;
  const begun = { attempt: number, askedMs: nowMs(clock) };
  const ticket: Ticket = { ...begun, permit: { _tag: "pass" }, grant: undefined, sentMs: undefined, status: null };
  return Effect.catch(attempt(deps, call, options, ticket), (error) => {
    if (ticket.sentMs === undefined) return Effect.fail(last ?? error);
    if (number >= (options.attempts ?? number + 1)) return Effect.fail(error);
    const wait = guard.retryWaitMs(call.group, error, number, leftMs(clock, options), nowMs(clock), deps.random());
    if (wait === undefined) return Effect.fail(error);
    return Effect.flatMap(clock.sleep(Duration.millis(wait)), () => attempts(deps, call, options, number + 1, error));
  });
};

/** The end is booked from before the breaker was asked, so that no interruption comes between the two. */
const attempt = <A>(
  deps: Deps,
  call: RestCall<A>,
  options: RestOptions<A>,
  ticket: Ticket,
): Effect.Effect<RestResult<A>, MarketDataError> =>
  Effect.onExit(
    Effect.suspend(() => {
      ticket.permit = deps.guard.admit(call.group, nowMs(deps.clock));
      if (ticket.permit._tag === "refused") return circuitOpen(call, ticket.permit.retryAfterMs);
      const maxWaitMs = Math.max(0, leftMs(deps.clock, options));
      return Effect.flatMap(deps.limiter.acquire(call.group, { priority: options.priority, maxWaitMs }), (grant) => {
        ticket.grant = grant;
        ticket.permit = deps.guard.confirm(call.group, ticket.permit, nowMs(deps.clock));
        return ticket.permit._tag === "refused" ? circuitOpen(call, ticket.permit.retryAfterMs) : send(deps, call, options, ticket);
      });
    }),
    (exit) => settle(deps, call, ticket, exit),
  );

const send = <A>(deps: Deps, call: RestCall<A>, options: RestOptions<A>, ticket: Ticket): Effect.Effect<RestResult<A>, MarketDataError> => {
  const left = leftMs(deps.clock, options);
  if (left <= 0) return deadlineOver(left);
  const sentMs = nowMs(deps.clock);
  ticket.sentMs = sentMs;
  const { attemptTimeoutMs } = deps.road.decide(deps.guard.policy.attemptTimeoutMs);
  const late = () => (left <= attemptTimeoutMs ? deadlineOver(left) : attemptTimeout(attemptTimeoutMs, call));
  const answered = deps.timers.within(deps.transport.rest({ url: call.url, headers: {} }), Math.min(left, attemptTimeoutMs), late);
  return Effect.flatMap(answered, (response) => received(deps, call, options, ticket, response, sentMs));
};

/** What an answer says: of the limit first, which holds whatever the rows are like. */
const received = <A>(
  { clock, limiter, venue }: Deps,
  call: RestCall<A>,
  options: RestOptions<A>,
  ticket: Ticket,
  response: RestResponse,
  sentMs: number,
): Effect.Effect<RestResult<A>, MarketDataError> => {
  ticket.status = response.status;
  const receivedNanos = clock.monotonicTimeNanosUnsafe();
  const receivedMs = clock.currentTimeMillisUnsafe();
  const read = (): Effect.Effect<RestResult<A>, MarketDataError> => {
    const exchangeNowMs = exchangeTimeMs(response.headers) ?? receivedMs;
    const answer = readAnswer(call, response, { failure: venue.failure, exchangeNowMs, expects: options.expects });
    if (Result.isFailure(answer)) return Effect.fail(answer.failure);
    return Effect.succeed({ ...answer.success, exchangeNowMs, receivedNanos, receivedMs });
  };
  const budget = venue.remaining(response.headers);
  return budget === undefined ? read() : Effect.flatMap(limiter.feedback(budget.group, budget.remaining, nowMs(clock) - sentMs), read);
};

/** Books how an attempt ended, in the breaker, the limiter and the observer. Runs whatever happened, also on interruption. */
const settle = (deps: Deps, call: RestCall<unknown>, ticket: Ticket, exit: Exit.Exit<unknown, MarketDataError>): Effect.Effect<void> => {
  const { guard, limiter } = deps;
  const { attempt, askedMs, permit, sentMs, status } = ticket;
  const { endpoint, group } = call;
  const now = nowMs(deps.clock);
  // A request that was not sent after all is not on its way either.
  const over = ticket.grant === undefined ? Effect.void : limiter.ended(ticket.grant, status !== null || sentMs === undefined);
  if (sentMs === undefined) {
    guard.settle(group, permit, "none", now, 0);
    return over;
  }
  const durationMs = now - sentMs;
  const error = Exit.isSuccess(exit) ? undefined : Option.getOrUndefined(Exit.findErrorOption(exit));
  // An interruption or a defect of ours says nothing about the host.
  const silent = Exit.isFailure(exit) && error === undefined;
  if (status !== null) deps.road.answered(durationMs);
  else if (!silent) deps.road.lost(error?._tag === "TimeoutError");
  guard.settle(group, permit, silent ? "none" : breakerVerdict(guard.policy, error, durationMs), now, deps.random());
  const outcome = error?._tag ?? (silent ? "interrupted" : "answered");
  const told = Effect.map(over, () => deps.observe({ endpoint, group, status, durationMs, attempt, waitedMs: sentMs - askedMs, outcome }));
  return error === undefined ? told : Effect.andThen(refrain(deps, call, ticket, error, now), told);
};

/** What everybody must refrain from is told before the end of the request, which lets those go on who wait for its place. */
const refrain = (
  { guard, limiter }: Deps,
  { group }: RestCall<unknown>,
  { grant }: Ticket,
  error: MarketDataError,
  now: number,
): Effect.Effect<void> => {
  const after = afterFailure(guard.policy, error);
  if (after?._tag === "hold") guard.hold(group, now + after.forMs, now);
  if (after?._tag === "pause") return limiter.pauseGroup(group, after.forMs, grant);
  if (after?._tag === "block") return limiter.block(after.forMs, error._tag === "RateLimited" ? error.detail : null);
  return Effect.void;
};

const nowMs = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe()) / 1e6;

const leftMs = (clock: Clock.Clock, options: RestOptions<never>): number =>
  Number(options.deadlineNanos - clock.monotonicTimeNanosUnsafe()) / 1e6;

const deadlineOver = (left: number) =>
  Effect.fail(new TimeoutError({ phase: "deadline", timeoutMs: Math.max(0, Math.round(left)), detail: null }));

const attemptTimeout = (timeoutMs: number, call: RestCall<unknown>) =>
  Effect.fail(new TimeoutError({ phase: "attempt", timeoutMs, detail: call.endpoint }));

const circuitOpen = (call: RestCall<unknown>, retryAfterMs: number) =>
  Effect.fail(new CircuitOpen({ target: call.group, retryAfterMs: Math.ceil(retryAfterMs) }));
