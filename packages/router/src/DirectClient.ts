/**
 * What answers when the router does not: the exchange asked directly, and where its limit is full or it does not answer, the last word of the
 * direct socket, if that is young enough. Every answer says so: its tier is `direct_rest_fallback`, its channel the one the value came over.
 *
 * Last known values are those of the direct socket, and the answers that the router gave before.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import * as Random from "effect/Random";
import * as Result from "effect/Result";
import { answerOf, type CallFacts, millisBetween, staleAnswerOf, staleErrorOf, staleReasonOf } from "./answering.ts";
import { confirmedAt, type HotEntry } from "./cache/HotStore.ts";
import { type Linked, Recency } from "./cache/Recency.ts";
import { DirectRest } from "./direct/DirectRest.ts";
import { DirectSocket } from "./direct/DirectSocket.ts";
import type { Answer } from "./domain/Answer.ts";
import { liveKeyOf } from "./domain/liveKey.ts";
import type { Mode } from "./domain/Mode.ts";
import { type Orderbook, trimOrderbook } from "./domain/Orderbook.ts";
import { allows, type Kind, type Question } from "./domain/Question.ts";
import { type KeyId, keyId } from "./domain/StreamKey.ts";
import { type Attempt, type MarketDataError, NetworkError, type StaleData, TimeoutError } from "./errors/MarketDataError.ts";
import { RouterConfig } from "./RouterConfig.ts";
import type { TierAnswer } from "./tiers/Tier.ts";
import { groupsOf } from "./tiers/groups.ts";
import { Awake } from "./transport/Awake.ts";
import { Venue } from "./transport/Venue.ts";

export interface DirectCall {
  readonly startedNanos: bigint;
  readonly deadlineNanos: bigint;
  /** What was tried before. */
  readonly attempts: ReadonlyArray<Attempt>;
  readonly mode: () => Mode;
}

export class DirectClient extends Context.Service<
  DirectClient,
  {
    readonly ask: (question: Question, call: DirectCall) => Effect.Effect<Answer<unknown>, MarketDataError>;
    /** The newest value known when nobody answered, as its caller wants it: labelled, or in an error. */
    readonly lastKnown: (
      question: Question,
      error: MarketDataError,
      mode: Mode,
    ) => Option.Option<Result.Result<Answer<unknown>, StaleData>>;
    /** Whether a question would be sent at once: nobody waits for its limit. */
    readonly isFree: (question: Question) => boolean;
    /** Somebody has had to wait for a place in the limit for such a question within the last so many milliseconds. */
    readonly hasWaited: (question: Question, withinMs: number) => boolean;
    /** Remembers an answer that the router gave. */
    readonly note: (question: Question, answer: Answer<unknown>) => void;
  }
>()("@naru/router/DirectClient") {
  static readonly layer: Layer.Layer<DirectClient, never, DirectRest | DirectSocket | Venue> = Layer.effect(
    DirectClient,
    Effect.suspend(() => make),
  );
}

const tier = "direct_rest_fallback" as const;
/** Answers of the router that are remembered; the one given longest ago leaves. */
const capacity = 2_000;

interface Noted extends Linked<Noted> {
  readonly id: KeyId;
  answer: Answer<unknown>;
  atNanos: bigint;
}

/** The last answer of each key, at most {@link capacity}. */
class LastAnswers {
  readonly #all = new Map<KeyId, Noted>();
  readonly #order = new Recency<Noted>();

  get(id: KeyId): Noted | undefined {
    return this.#all.get(id);
  }

  note(id: KeyId, answer: Answer<unknown>, atNanos: bigint): void {
    const before = this.#all.get(id);
    if (before !== undefined) {
      before.answer = answer;
      before.atNanos = atNanos;
      return this.#order.touch(before);
    }
    const one: Noted = { id, answer, atNanos, older: undefined, newer: undefined };
    this.#all.set(id, one);
    this.#order.add(one);
    const { oldest } = this.#order;
    if (this.#all.size <= capacity || oldest === undefined) return;
    this.#order.remove(oldest);
    this.#all.delete(oldest.id);
  }

  clear(): void {
    this.#all.clear();
    this.#order.clear();
  }
}

const make = Effect.gen(function* () {
  const venue = yield* Venue;
  const { maxStaleMs } = yield* RouterConfig;
  const clock = yield* Clock.Clock;
  const prefix = (yield* Random.nextIntBetween(0, 0x7fffffff)).toString(36);
  const ways: Ways = { rest: yield* DirectRest, socket: yield* DirectSocket, host: venue.host, groups: groupsOf(venue), clock };
  const noted = new LastAnswers();
  yield* (yield* Awake).onWake(({ unseenMs }) => void (unseenMs > 0 && noted.clear()));
  let asked = 0;

  const facts = (mode: Mode, startedNanos: bigint): CallFacts => ({
    venue: venue.id,
    simulated: venue.simulated,
    mode,
    requestId: `direct-${prefix}-${++asked}`,
    ranked: { reason: "direct", confidence: 1, tiers: [] },
    startedNanos,
  });

  const newestKnown = (question: Question, nowNanos: bigint): TierAnswer | undefined => {
    const key = liveKeyOf(question);
    const before = key === undefined ? undefined : noted.get(keyId(key));
    const [newest] = [heard(ways, question), before === undefined ? undefined : answeredBefore(before, question)]
      .filter((held) => held !== undefined && millisBetween(held.confirmedNanos, nowNanos) <= maxStaleMs && mayAnswer(question, held))
      .toSorted((a, b) => Number((b?.confirmedNanos ?? 0n) - (a?.confirmedNanos ?? 0n)));
    return newest;
  };

  return DirectClient.of({
    ask: (question, call) =>
      Effect.suspend(() => {
        const askedNanos = clock.monotonicTimeNanosUnsafe();
        return Effect.map(answer(ways, question, call), (value) => {
          const nowNanos = clock.monotonicTimeNanosUnsafe();
          const attempt: Attempt = { tier, outcome: "answered", reason: "ok", durationMs: millisBetween(askedNanos, nowNanos) };
          const won = { tier, answer: value, attempts: [...call.attempts, attempt] };
          return answerOf(question, won, facts(call.mode(), call.startedNanos), nowNanos);
        });
      }),
    isFree: ({ kind }) => ways.rest.isFree(ways.groups[kind]),
    hasWaited: ({ kind }, withinMs) => ways.rest.hasWaited(ways.groups[kind], withinMs),
    lastKnown: (question, error, mode) => {
      const nowNanos = clock.monotonicTimeNanosUnsafe();
      const known = newestKnown(question, nowNanos);
      if (known === undefined) return Option.none();
      const call = facts(mode, nowNanos);
      const reason = staleReasonOf(error, true);
      const last = { tier, answer: known } as const;
      return Option.some(
        question.intent.onStale === "serve"
          ? Result.succeed(staleAnswerOf(question, last, [], call, nowNanos, reason))
          : Result.fail(staleErrorOf(question, last, call, nowNanos, reason)),
      );
    },
    note: (question, answered) => {
      const key = liveKeyOf(question);
      if (key === undefined || answered.provenance.stale) return;
      noted.note(keyId(key), answered, clock.monotonicTimeNanosUnsafe());
    },
  });
});

/** The two ways to a value. */
interface Ways {
  readonly rest: DirectRest["Service"];
  readonly socket: DirectSocket["Service"];
  readonly host: string;
  readonly groups: Readonly<Record<Kind, string>>;
  readonly clock: Clock.Clock;
}

/** The direct socket's last word on a question, whatever its age. */
const heard = ({ socket }: Ways, question: Question): TierAnswer | undefined => {
  const key = liveKeyOf(question);
  const entry = key === undefined ? undefined : socket.latest(key);
  return entry === undefined || !isDeepEnough(entry, question) ? undefined : answerFrom(question, entry);
};

const heardFresh = (ways: Ways, question: Question): TierAnswer | undefined => {
  const held = question.intent.strategy === "rest_only" ? undefined : heard(ways, question);
  const isFresh =
    held !== undefined && millisBetween(held.confirmedNanos, ways.clock.monotonicTimeNanosUnsafe()) <= question.intent.maxAgeMs;
  return isFresh ? held : undefined;
};

const read = ({ clock, rest }: Ways, question: Question, deadlineNanos: bigint): Effect.Effect<TierAnswer, MarketDataError> => {
  const leftMs = Number(deadlineNanos - clock.monotonicTimeNanosUnsafe()) / 1e6;
  const late = () => Effect.fail(new TimeoutError({ phase: "deadline", timeoutMs: Math.max(0, Math.round(leftMs)), detail: null }));
  return leftMs <= 0 ? late() : Effect.timeoutOrElse(rest.ask(question, deadlineNanos), { duration: leftMs, orElse: late });
};

const answer = (ways: Ways, question: Question, { deadlineNanos }: DirectCall): Effect.Effect<TierAnswer, MarketDataError> => {
  const { groups, host, rest } = ways;
  const fresh = heardFresh(ways, question);
  if (question.intent.strategy === "websocket_only") {
    const detail = "the direct socket has no value that is young enough";
    return fresh === undefined ? Effect.fail(new NetworkError({ phase: "socket", host, code: null, detail })) : Effect.succeed(fresh);
  }
  if (fresh !== undefined && !rest.isFree(groups[question.kind])) return Effect.succeed(fresh);
  return Effect.catch(read(ways, question, deadlineNanos), (error) => {
    const meanwhile = heardFresh(ways, question);
    return meanwhile === undefined ? Effect.fail(error) : Effect.succeed(meanwhile);
  });
};

const mayAnswer = ({ intent }: Question, { channel }: TierAnswer): boolean => allows(intent.strategy, channel);

const isDeepEnough = ({ depth }: HotEntry, question: Question): boolean =>
  question.kind !== "orderbook" || depth === undefined || depth >= question.levels;

/** The socket gives single rows; trades and candles are answered as lists. An entry's kind is its key's. */
const answerFrom = (question: Question, entry: HotEntry): TierAnswer => ({
  // With all that it had: an entry from the socket has getters, which a copy by spreading would lose.
  ...confirmedAt(entry, entry.confirmedNanos),
  value:
    question.kind === "orderbook"
      ? trimOrderbook(entry.value as Orderbook, question.levels)
      : question.kind === "ticker"
        ? entry.value
        : [entry.value],
});

const answeredBefore = ({ answer, atNanos }: Noted, question: Question): TierAnswer | undefined => {
  const { channel, confirmedAgeMs, exchangeTimeMs, receivedTimeMs } = answer.provenance;
  // A shallower question was answered than this one.
  if (question.kind === "orderbook" && (answer.value as Orderbook).asks.length < question.levels) return undefined;
  const confirmedNanos = atNanos - BigInt(Math.round(confirmedAgeMs * 1e6));
  const value = question.kind === "orderbook" ? trimOrderbook(answer.value as Orderbook, question.levels) : answer.value;
  return { value, channel, exchangeTimeMs, receivedMs: receivedTimeMs, receivedNanos: confirmedNanos, confirmedNanos };
};
