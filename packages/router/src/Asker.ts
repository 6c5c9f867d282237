/**
 * One question, from ranking to answer: gathers the facts, lets the selector rank, lets the fallback manager ask, remembers what came, and
 * labels it. This is the story of a request; everything it calls is a service of its own.
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import { answerOf, type CallFacts, millisBetween, staleAnswerOf } from "./answering.ts";
import { factsOf, hasWaited, makeParts, type Parts } from "./askParts.ts";
import type { Answer } from "./domain/Answer.ts";
import type { TierName } from "./domain/Provenance.ts";
import type { Question } from "./domain/Question.ts";
import { kindOf } from "./domain/StreamKey.ts";
import { liveKeyOf } from "./domain/liveKey.ts";
import type { MarketDataError, MarketUnknown } from "./errors/MarketDataError.ts";
import type { FallbackAnswer } from "./fallback/FallbackManager.ts";
import { LiveLedger } from "./health/LiveLedger.ts";
import { leftBehind, nobody, settle } from "./lastWord.ts";
import { remember } from "./remember.ts";
import type { Selection } from "./select/ChannelSelector.ts";
import { channelOf, type RankFacts } from "./select/TierRank.ts";
import { likelyPages } from "./tiers/candlePages.ts";
import { mostTrades } from "./tiers/tradePages.ts";
import { tracedCall, tracedTiers } from "./tracing.ts";
import type { Venue } from "./transport/Venue.ts";

export interface Asker {
  /**
   * Begins to answer one question of a call about `markets` markets, and gives what is left to be done, to be run once: an `Exit` already where
   * memory answers, which costs no fiber.
   */
  readonly begin: (question: Question, markets: number) => Effect.Effect<Answer<unknown>, MarketDataError>;
  /** The facts a ranking would be made from, now. */
  readonly facts: (question: Question, markets: number) => RankFacts;
  /** The same for one market without naming neighbours: nobody's call but our own. */
  readonly probe: (question: Question) => Effect.Effect<Answer<unknown>, MarketDataError>;
}

/** How what was begun has ended, where it has already. */
export const endedAtOnce = <A, E>(begun: Effect.Effect<A, E>): Exit.Exit<A, E> | undefined =>
  Exit.isExit(begun) ? (begun as Exit.Exit<A, E>) : undefined; // the guard forgets the types, which are those of the effect

/** The router's asker, for those who stand above it. */
export class RouterAsker extends Context.Service<RouterAsker, Asker>()("@naru/router/Asker") {}

export const make = Effect.gen(function* () {
  const parts = yield* makeParts;
  // Keys are subscribed behind answers too, so how long a first element takes is seen also where nobody waited for it.
  const live = yield* LiveLedger;
  live.onFirstElement = (id, tookMs) => parts.selector.heardFirst(kindOf(id), tookMs);
  const { clock } = parts;

  /** Names the market's neighbours. */
  const named = (question: Question, markets: number) => {
    const startedNanos = clock.monotonicTimeNanosUnsafe();
    const begun = begin(parts, question, markets);
    if (Exit.isExit(begun)) return begun;
    return Effect.catchTag(begun, "MarketUnknown", (error) =>
      Effect.flatMap(withNeighbours(parts, question, error, startedNanos), Effect.fail),
    );
  };

  const asker: Asker = {
    begin: named,
    facts: (question, markets) => factsOf(parts, question, markets),
    probe: (question) => Effect.suspend(() => begin(parts, question, 1)),
  };
  return asker;
});

type Asked = Effect.Effect<Answer<unknown>, MarketDataError>;

const begin = (parts: Parts, question: Question, markets: number): Asked => {
  const { clock, marketList, subscriptions } = parts;
  const startedNanos = clock.monotonicTimeNanosUnsafe();
  // Nothing to wait for, and nothing to refuse.
  if (marketList.isSettled(question.market) && question.intent.strategy !== "websocket_only") {
    subscriptions.open();
    return ranked(parts, question, markets, startedNanos);
  }
  return Effect.gen(function* () {
    // First the refresh: a list that refuses its caller must not stay old because of that.
    yield* marketList.refresh;
    yield* marketList.check(question.market);
    subscriptions.open();
    yield* awaitSocket(parts, question);
    return yield* ranked(parts, question, markets, startedNanos);
  });
};

const ranked = (parts: Parts, question: Question, markets: number, startedNanos: bigint): Asked => {
  const { clock, fallback, selector, tiers, venue } = parts;
  // Whoever asks the router while the direct clients answer for it means it: a probe, or the last resort.
  const facts: RankFacts = { ...factsOf(parts, question, markets), mode: "normal" };
  const selection = selector.select(question, facts);
  follow(parts, question, selection);
  parts.foresight?.asked(question);
  const call: CallFacts = {
    venue: venue.id,
    simulated: venue.simulated,
    mode: fallback.mode(),
    requestId: parts.nextRequestId(),
    ranked: selection.ranked,
    startedNanos,
  };
  const left = leftBehind(parts, question, facts);
  if (left !== undefined) {
    const attempts = [{ tier: left.tier, outcome: "answered", reason: "transition", durationMs: 0 }] as const;
    return Exit.succeed(staleAnswerOf(question, left, attempts, call, clock.monotonicTimeNanosUnsafe(), "transition"));
  }
  if (selection.ranked.tiers.length === 0) {
    return settle(parts, question, { error: nobody(parts, question, selection.ranked), attempts: [] }, call);
  }
  const order = orderOf(parts, question, selection);
  const [first] = order.tiers;
  const won = facts.hot === "fresh" && first !== undefined ? fallback.atOnce(question, tiers[first]) : undefined;
  if (won !== undefined) return Exit.succeed(answered(parts, question, facts, won, call));
  return asked(parts, question, facts, order, call);
};

/** Asks the tiers in their order. Every call and every attempt has a span: what memory answers at once never comes here. */
const asked = (parts: Parts, question: Question, facts: RankFacts, order: Order, call: CallFacts): Asked => {
  const { clock, fallback, selector, tiers, venue } = parts;
  const spentMs = millisBetween(call.startedNanos, clock.monotonicTimeNanosUnsafe());
  const deadlineMs = question.intent.deadlineMs * pagesOf(question, venue.paging, clock.currentTimeMillisUnsafe()) - spentMs;
  const list = tracedTiers(order.tiers.map((tier) => tiers[tier]));
  const run = fallback
    .run(question, list, Math.max(1, deadlineMs), order.headStartMs, (ms) => hasWaited(parts, question, ms))
    .pipe(
      Effect.map((won) => answered(parts, question, facts, won, call)),
      Effect.catch((failure) => {
        selector.learn(question, facts, { attempts: failure.attempts, ageMs: Number.NaN });
        if (failure.error._tag === "MarketUnknown") parts.marketList.refused(question.market);
        return settle(parts, question, failure, call);
      }),
    );
  return tracedCall(run, question, call.requestId);
};

/** What a tier's answer comes to: learned from, remembered and labelled. */
const answered = (parts: Parts, question: Question, facts: RankFacts, won: FallbackAnswer, call: CallFacts): Answer<unknown> => {
  const nowNanos = parts.clock.monotonicTimeNanosUnsafe();
  parts.selector.learn(question, facts, { attempts: won.attempts, ageMs: millisBetween(won.answer.confirmedNanos, nowNanos) });
  return answerOf(question, remember(parts, question, won), { ...call, mode: parts.fallback.mode() }, nowNanos);
};

/** The tiers in the order they are asked, and how long the socket is waited for before REST is asked beside it. */
interface Order {
  readonly tiers: ReadonlyArray<TierName>;
  readonly headStartMs: number;
}

/**
 * The ranked order, but for one case. A question that wants the socket subscribes to its key whoever answers, so where REST goes first the socket
 * is listened to beside it: its first element costs nothing, and may come sooner all the same. That is a race in which the socket has no start.
 *
 * Where the socket goes first, its start is as the line says, or the knob, and as long as a first element usually takes, where that is longer: a
 * second request before the first answer can be late only doubles the load.
 */
const orderOf = ({ config, subscriptions }: Parts, { intent }: Question, { ranked, lateAfterMs }: Selection): Order => {
  const tiers = ranked.tiers.map(({ tier }) => tier);
  const isListening =
    intent.realtime && intent.strategy === "auto" && intent.priority !== "low" && channelOf(tiers[0] ?? "cold_rest") === "rest";
  if (isListening && tiers.includes("live_subscription")) {
    return { tiers: ["live_subscription", ...tiers.filter((tier) => tier !== "live_subscription")], headStartMs: 0 };
  }
  return { tiers, headStartMs: Math.max(subscriptions.line()?.hedgeAfterMs ?? config.hedgeAfterMs, lateAfterMs ?? 0) };
};

/** The error with the known markets spelt most alike, if the list can be had before the caller's time is over. */
const withNeighbours = ({ clock, marketList }: Parts, question: Question, error: MarketUnknown, startedNanos: bigint) => {
  if (error.near.length > 0) return Effect.succeed(error);
  const leftMs = question.intent.deadlineMs - millisBetween(startedNanos, clock.monotonicTimeNanosUnsafe());
  return Effect.timeoutOrElse(marketList.unknown(question.market), {
    duration: Math.max(0, leftMs),
    orElse: () => Effect.succeed(error),
  });
};

/** Subscribes behind the answer where the selector found a reason; each read that has one keeps the subscription. */
const follow = ({ subscriptions }: Parts, question: Question, selection: Selection): void => {
  const key = selection.follow === undefined ? undefined : liveKeyOf(question);
  if (key !== undefined) subscriptions.wantForReads(key, question.intent.priority);
};

/** A caller who forbids REST waits for the socket instead of being refused while it opens; on an open one the tier waits for the market. */
const awaitSocket = ({ subscriptions, venue }: Parts, question: Question): Effect.Effect<void> => {
  const key = liveKeyOf(question);
  if (question.intent.strategy !== "websocket_only" || key === undefined || !venue.socket.supports(key)) return Effect.void;
  if (subscriptions.connected()) return Effect.void;
  subscriptions.wantForReads(key, question.intent.priority, true);
  return subscriptions.awaitLive(key).pipe(Effect.timeoutOption(question.intent.deadlineMs), Effect.ignore);
};

/**
 * Requests a question costs in a market that trades all the time; each has the whole deadline. A quiet one can cost a few more. How many trades a range
 * has nobody knows before: as many as an answer may have.
 */
export const pagesOf = (question: Question, paging: Venue["Service"]["paging"], nowMs: number): number => {
  if (question.kind === "trades") return Math.ceil((question.count ?? mostTrades) / paging.trades);
  return question.kind === "candles" ? likelyPages(question, paging.candles, nowMs) : 1;
};
