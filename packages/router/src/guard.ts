/**
 * The trade gate: asks a market's ticker and its book, and lets them through as one quote only if both are good at the very moment of passing.
 * Ages go on while the slower of the two is on its way, so they are measured again at the end, and what has become too old meanwhile is asked
 * once more. It starts no subscription by being asked once: who keeps a stream of the market open is answered from memory, anybody else over
 * REST. It asks even in a mode that the caller does not trade in: an answer is what leads out of an emergency.
 */
import type * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { millisBetween } from "./answering.ts";
import { duration, oneOf, orderbookQuestion, tickerQuestion } from "./ask.ts";
import type { Asker } from "./Asker.ts";
import type { Answer, ValueOf } from "./domain/Answer.ts";
import { Mode } from "./domain/Mode.ts";
import { type GuardRules, judgeQuote, type Quote } from "./domain/Quote.ts";
import type { Intent, Question } from "./domain/Question.ts";
import { InvalidRequest, type MarketDataError, type MarketUnknown } from "./errors/MarketDataError.ts";
import { TradeRefused } from "./errors/TradeRefused.ts";
import type { RouterConfigShape } from "./RouterConfig.ts";

export interface GuardOptions {
  /** The oldest confirmation of ticker and book that may pass, in milliseconds (1,000). Measured when the quote is given out. */
  readonly maxConfirmedAgeMs?: number | undefined;
  /** The widest spread that may pass, as a percentage of the middle price (1). */
  readonly maxSpreadPercent?: number | undefined;
  /** Modes of the client in which the caller trades (`normal` and `degraded`). */
  readonly modes?: ReadonlyArray<Mode> | undefined;
  /** Whether prices made up by an emulated exchange may pass (false): for tests of a strategy, never for real orders. */
  readonly allowSimulated?: boolean | undefined;
  /** Budget of the whole check, in milliseconds (1,000). */
  readonly deadline?: number | undefined;
}

/** Beside the refusal only what is wrong with the question itself. */
export type GuardError = TradeRefused | InvalidRequest | MarketUnknown;

export type Guard = (market: string, options?: GuardOptions) => Effect.Effect<Quote, GuardError>;

/** Times that what grew too old is asked for again. */
const rounds = 2;

export interface GuardParts {
  readonly asker: Pick<Asker, "begin">;
  readonly config: RouterConfigShape;
  readonly clock: Clock.Clock;
  readonly mode: () => Mode;
  /** Told of every check: `passed`, or why not. */
  readonly told: (outcome: string) => void;
}

export const make = (parts: GuardParts): Guard => {
  const { told } = parts;
  const check = checking(parts);
  return (market, options) =>
    Effect.tapError(
      Effect.tap(check(market, options), () => Effect.sync(() => told("passed"))),
      (error) => Effect.sync(() => told(error._tag === "TradeRefused" ? error.reason._tag : error._tag)),
    );
};

const checking = ({ asker, config, clock, mode }: GuardParts): Guard => {
  const ask = <K extends "ticker" | "orderbook">(question: Extract<Question, { readonly kind: K }>) =>
    asker.begin(question, 1).pipe(
      // The asker answers a kind with that kind's value.
      Effect.map((answer) => ({ answer: answer as Answer<ValueOf[K]>, atNanos: clock.monotonicTimeNanosUnsafe() })),
      Effect.mapError((error) => refusalOf(question, error)),
    );

  return Effect.fnUntraced(function* (market: string, options: GuardOptions = {}) {
    const startedNanos = clock.monotonicTimeNanosUnsafe();
    const { rules, deadlineMs } = yield* Effect.fromResult(rulesOf(options, config));
    const intent: Intent = { maxAge: rules.maxConfirmedAgeMs, priority: "critical", context: "realtime_trading" };
    const tickerOf = () => Effect.flatMap(Effect.fromResult(tickerQuestion(market, within(), config)), ask<"ticker">);
    const bookOf = () => Effect.flatMap(Effect.fromResult(orderbookQuestion(market, { ...within(), levels: 1 }, config)), ask<"orderbook">);
    const within = (): Intent => ({
      ...intent,
      deadline: Math.max(1, deadlineMs - millisBetween(startedNanos, clock.monotonicTimeNanosUnsafe())),
    });
    const isOld = (held: Held<unknown>) => agedNow(held, clock).provenance.confirmedAgeMs > rules.maxConfirmedAgeMs;

    let [ticker, book] = yield* Effect.all([tickerOf(), bookOf()], { concurrency: 2 });
    for (let round = 1; round < rounds && (isOld(ticker) || isOld(book)); round++) {
      const again = [isOld(ticker) ? tickerOf() : Effect.succeed(ticker), isOld(book) ? bookOf() : Effect.succeed(book)] as const;
      [ticker, book] = yield* Effect.all(again, { concurrency: 2 });
    }
    return yield* Effect.fromResult(judgeQuote(agedNow(ticker, clock), agedNow(book, clock), mode(), rules));
  });
};

/** An answer and the moment it was given. */
interface Held<A> {
  readonly answer: Answer<A>;
  readonly atNanos: bigint;
}

const agedNow = <A>({ answer, atNanos }: Held<A>, clock: Clock.Clock): Answer<A> => {
  const waitedMs = millisBetween(atNanos, clock.monotonicTimeNanosUnsafe());
  if (waitedMs === 0) return answer;
  const { provenance } = answer;
  return {
    ...answer,
    provenance: {
      ...provenance,
      valueAgeMs: provenance.valueAgeMs + waitedMs,
      confirmedAgeMs: provenance.confirmedAgeMs + waitedMs,
    },
  };
};

const refusalOf = ({ kind, market }: Question, error: MarketDataError): GuardError => {
  if (error._tag === "InvalidRequest" || error._tag === "MarketUnknown") return error;
  if (error._tag === "StaleData") {
    const { confirmedAgeMs, maxAgeMs } = error;
    return new TradeRefused({ market, reason: { _tag: "TooOld", kind, confirmedAgeMs, maxConfirmedAgeMs: maxAgeMs } });
  }
  return new TradeRefused({ market, reason: { _tag: "Unavailable", kind, error } });
};

const rulesOf = (
  options: GuardOptions,
  config: RouterConfigShape,
): Result.Result<{ readonly rules: GuardRules; readonly deadlineMs: number }, InvalidRequest> =>
  Result.gen(function* () {
    const { allowSimulated = false, deadline = 1_000, maxConfirmedAgeMs = config.maxAgeRealtimeMs, maxSpreadPercent = 1 } = options;
    const modes = options.modes ?? ["normal", "degraded"];
    if (modes.length === 0)
      return yield* Result.fail(new InvalidRequest({ field: "modes", input: "", reason: "is empty: nothing could pass" }));
    for (const mode of modes) yield* oneOf("modes", mode, Mode.literals);
    if (!(maxSpreadPercent >= 0)) {
      const reason = "is not a percentage of at least 0";
      return yield* Result.fail(new InvalidRequest({ field: "maxSpreadPercent", input: String(maxSpreadPercent), reason }));
    }
    const maxAge = yield* duration("maxConfirmedAgeMs", maxConfirmedAgeMs, 1, config.maxStaleMs);
    const rules: GuardRules = { maxConfirmedAgeMs: maxAge, maxSpreadPercent, modes, allowSimulated: allowSimulated === true };
    return { rules, deadlineMs: yield* duration("deadline", deadline, 1, 60_000) };
  });
