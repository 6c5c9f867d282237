/**
 * One question, from ranking to answer: gathers the facts, lets the selector rank, lets the fallback manager ask, remembers what came, and
 * labels it. This is the story of a request; everything it calls is a service of its own.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Random from "effect/Random";
import { answerOf, type CallFacts, type Known, millisBetween, staleAnswerOf, staleErrorOf, staleReasonOf } from "./answering.ts";
import { Cache } from "./cache/Cache.ts";
import { readFrom } from "./cache/Transition.ts";
import { MarketList } from "./cache/MarketList.ts";
import type { Answer } from "./domain/Answer.ts";
import type { Candle } from "./domain/Candle.ts";
import type { TierName } from "./domain/Provenance.ts";
import { allows, type Kind, type Priority, type Question } from "./domain/Question.ts";
import { keyId, kindOf, type StreamKey } from "./domain/StreamKey.ts";
import {
  CircuitOpen,
  InvalidRequest,
  type MarketDataError,
  type MarketUnknown,
  NetworkError,
  RateLimited,
} from "./errors/MarketDataError.ts";
import { FallbackManager, type FallbackAnswer, type FallbackFailure } from "./fallback/FallbackManager.ts";
import { Health } from "./health/HealthLedger.ts";
import { LiveLedger } from "./health/LiveLedger.ts";
import { RateLimiter } from "./limits/RateLimiter.ts";
import { RouterConfig, type RouterConfigShape } from "./RouterConfig.ts";
import { ChannelSelector, type Selection } from "./select/ChannelSelector.ts";
import { channelOf, type Ranked, type RankFacts } from "./select/TierRank.ts";
import { Subscriptions } from "./stream/Subscriptions.ts";
import { likelyPages } from "./tiers/candlePages.ts";
import * as BatchSnapshot from "./tiers/BatchSnapshot.ts";
import * as ColdRest from "./tiers/ColdRest.ts";
import { groupsOf } from "./tiers/groups.ts";
import * as HotCache from "./tiers/HotCache.ts";
import * as LiveSubscription from "./tiers/LiveSubscription.ts";
import { liveKeyOf } from "./domain/liveKey.ts";
import * as RestAnswer from "./tiers/restAnswer.ts";
import type { Tier, TierAnswer } from "./tiers/Tier.ts";
import * as WarmRest from "./tiers/WarmRest.ts";
import { tracedCall, tracedTiers } from "./tracing.ts";
import { Rest } from "./transport/RestCall.ts";
import { Venue } from "./transport/Venue.ts";

export interface Asker {
  /** Answers one question of a call about `markets` markets. */
  readonly ask: (question: Question, markets: number) => Effect.Effect<Answer<unknown>, MarketDataError>;
  /** The facts a ranking would be made from, now. */
  readonly facts: (question: Question, markets: number) => RankFacts;
  /** The same for one market without naming neighbours: nobody's call but our own. */
  readonly probe: (question: Question) => Effect.Effect<Answer<unknown>, MarketDataError>;
}

/** The router's asker, for those who stand above it. */
export class RouterAsker extends Context.Service<RouterAsker, Asker>()("@naru/router/Asker") {}

export const make = Effect.gen(function* () {
  const parts = yield* makeParts;
  // Keys are subscribed behind answers too, so how long a first element takes is seen also where nobody waited for it.
  const live = yield* LiveLedger;
  live.onFirstElement = (id, tookMs) => parts.selector.heardFirst(kindOf(id), tookMs);
  const { clock } = parts;

  /** Names the market's neighbours. */
  const named = (question: Question, markets: number) =>
    Effect.suspend(() => {
      const startedNanos = clock.monotonicTimeNanosUnsafe();
      return Effect.catchTag(ask(parts, question, markets), "MarketUnknown", (error) =>
        Effect.flatMap(withNeighbours(parts, question, error, startedNanos), Effect.fail),
      );
    });

  const asker: Asker = {
    ask: named,
    facts: (question, markets) => factsOf(parts, question, markets),
    probe: (question) => ask(parts, question, 1),
  };
  return asker;
});

/** What a request passes through. */
interface Parts {
  readonly venue: Venue["Service"];
  readonly cache: Cache["Service"];
  readonly config: RouterConfigShape;
  readonly limiter: RateLimiter["Service"];
  readonly rest: Rest["Service"];
  readonly selector: ChannelSelector["Service"];
  readonly fallback: FallbackManager["Service"];
  readonly subscriptions: Subscriptions["Service"];
  readonly marketList: MarketList["Service"];
  readonly health: Health["Service"];
  readonly clock: Clock.Clock;
  readonly tiers: Readonly<Record<TierName, Tier>>;
  readonly lookup: HotCache.HotLookup;
  readonly transition: HotCache.HotLookup;
  readonly groups: Readonly<Record<Kind, string>>;
  readonly nextRequestId: () => string;
}

const makeParts = Effect.gen(function* () {
  const venue = yield* Venue;
  const restAnswer = yield* RestAnswer.make;
  const prefix = (yield* Random.nextIntBetween(0, 0x7fffffff)).toString(36);
  let asked = 0;
  const parts: Parts = {
    venue,
    cache: yield* Cache,
    config: yield* RouterConfig,
    limiter: yield* RateLimiter,
    rest: yield* Rest,
    selector: yield* ChannelSelector,
    fallback: yield* FallbackManager,
    subscriptions: yield* Subscriptions,
    marketList: yield* MarketList,
    health: yield* Health,
    clock: yield* Clock.Clock,
    tiers: {
      hot_cache: yield* HotCache.make,
      live_subscription: yield* LiveSubscription.make,
      batch_snapshot: yield* BatchSnapshot.make,
      warm_cache_rest: yield* WarmRest.make(restAnswer),
      cold_rest: ColdRest.make(restAnswer),
    },
    lookup: yield* HotCache.hotLookup,
    transition: yield* HotCache.transitionLookup,
    groups: groupsOf(venue),
    nextRequestId: () => `${prefix}-${++asked}`,
  };
  return parts;
});

const ask = Effect.fnUntraced(function* (parts: Parts, question: Question, markets: number) {
  const { clock, fallback, marketList, selector, subscriptions, tiers, venue } = parts;
  const startedNanos = clock.monotonicTimeNanosUnsafe();
  // First the refresh: a list that refuses its caller must not stay old because of that.
  yield* marketList.refresh;
  yield* marketList.check(question.market);
  yield* subscriptions.open;
  yield* awaitSocket(parts, question);
  // Whoever asks the router while the direct clients answer for it means it: a probe, or the last resort.
  const facts: RankFacts = { ...factsOf(parts, question, markets), mode: "normal" };
  const selection = selector.select(question, facts);
  const { ranked } = selection;
  yield* follow(parts, question, selection);
  const call: CallFacts = {
    venue: venue.id,
    simulated: venue.simulated,
    mode: fallback.mode(),
    requestId: parts.nextRequestId(),
    ranked,
    startedNanos,
  };
  const left = leftBehind(parts, question, facts);
  if (left !== undefined) {
    const attempts = [{ tier: left.tier, outcome: "answered", reason: "transition", durationMs: 0 }] as const;
    return staleAnswerOf(question, left, attempts, call, clock.monotonicTimeNanosUnsafe(), "transition");
  }
  if (ranked.tiers.length === 0) {
    return yield* settle(parts, question, { error: nobody(parts, question, ranked), attempts: [] }, call);
  }
  const order = orderOf(parts, question, selection);
  const list = order.tiers.map((tier) => tiers[tier]);
  // What memory answers at once shows nothing of itself, unless an answer is what changes the mode.
  const isQuiet = facts.hot === "fresh" && order.tiers[0] === "hot_cache" && call.mode === "normal";
  const spentMs = millisBetween(startedNanos, clock.monotonicTimeNanosUnsafe());
  const deadlineMs = question.intent.deadlineMs * pagesOf(question, venue.paging, clock.currentTimeMillisUnsafe()) - spentMs;
  const run = fallback.run(question, isQuiet ? list : tracedTiers(list), Math.max(1, deadlineMs), order.headStartMs).pipe(
    Effect.map((won) => {
      const nowNanos = clock.monotonicTimeNanosUnsafe();
      selector.learn(question, facts, { attempts: won.attempts, ageMs: millisBetween(won.answer.confirmedNanos, nowNanos) });
      return answerOf(question, remember(parts, question, won), { ...call, mode: fallback.mode() }, nowNanos);
    }),
    Effect.catch((failure) => {
      selector.learn(question, facts, { attempts: failure.attempts, ageMs: Number.NaN });
      return settle(parts, question, failure, call);
    }),
  );
  return yield* isQuiet ? run : tracedCall(run, question, call.requestId);
});

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

const factsOf = (parts: Parts, question: Question, markets: number): RankFacts => {
  const { limiter, subscriptions, venue } = parts;
  const key = liveKeyOf(question);
  const subscribed = key !== undefined && subscriptions.isLive(key);
  const group = parts.groups[question.kind];
  const known = parts.lookup(question);
  const held = known !== undefined && mayAnswer(question, known) ? known : undefined;
  const nowNanos = parts.clock.monotonicTimeNanosUnsafe();
  const fresh = held !== undefined && millisBetween(held.confirmedNanos, nowNanos) <= question.intent.maxAgeMs;
  return {
    connected: subscriptions.connected(),
    subscribed,
    streamable: key !== undefined && venue.socket.supports(key),
    hot: held === undefined ? "absent" : fresh ? "fresh" : "stale",
    usage: limiter.usage(group),
    restWaitMs: limiter.waitMs(group, question.intent.priority),
    blocked: limiter.blockedMs() > 0,
    breakerOpen: parts.rest.breakerOpenMs(group) > 0,
    // Memory needs no message.
    socketUsage: fresh ? 0 : subscriptions.messageUsage(),
    hasPlace:
      fresh ||
      subscribed ||
      key === undefined ||
      !question.intent.realtime ||
      subscriptions.admits(key, atLeastNormal(question.intent.priority)),
    mode: parts.fallback.mode(),
    markets,
  };
};

/** Who waits for a key wants it as much as anybody, however little his question matters. */
const atLeastNormal = (priority: Priority): Priority => (priority === "low" ? "normal" : priority);

/** Subscribes behind the answer where the selector found a reason; each read that has one keeps the subscription. */
const follow = ({ subscriptions }: Parts, question: Question, selection: Selection): Effect.Effect<void> => {
  const key = selection.follow === undefined ? undefined : liveKeyOf(question);
  return key === undefined ? Effect.void : subscriptions.wantForReads(key, question.intent.priority);
};

/** A caller who forbids REST waits for the socket instead of being refused while it opens; on an open one the tier waits for the market. */
const awaitSocket = ({ subscriptions, venue }: Parts, question: Question): Effect.Effect<void> => {
  const key = liveKeyOf(question);
  if (question.intent.strategy !== "websocket_only" || key === undefined || !venue.socket.supports(key)) return Effect.void;
  if (subscriptions.connected()) return Effect.void;
  const demanded = subscriptions.wantForReads(key, question.intent.priority, true);
  return Effect.andThen(demanded, subscriptions.awaitLive(key)).pipe(Effect.timeoutOption(question.intent.deadlineMs), Effect.ignore);
};

/** Puts what REST brought into the hot store. An older row than the held one loses, and the held one is what the caller gets. */
const remember = ({ cache, lookup }: Parts, question: Question, won: FallbackAnswer): FallbackAnswer => {
  const key = liveKeyOf(question) ?? newestKeyOf(question);
  const row = newestRow(question, won.answer.value);
  if (won.answer.channel !== "rest" || won.tier === "hot_cache" || key === undefined || row === undefined) return won;
  const { exchangeTimeMs, receivedNanos, receivedMs, confirmedNanos } = won.answer;
  if (exchangeTimeMs === null) return won;
  const depth = question.kind === "orderbook" ? question.levels : undefined;
  const kept = cache.hot.put(keyId(key), { value: row, exchangeTimeMs, receivedNanos, receivedMs, confirmedNanos, channel: "rest", depth });
  const newer = kept ? undefined : lookup(question);
  if (newer === undefined || !mayAnswer(question, newer)) return won;
  return { ...won, answer: { ...newer, confirmedNanos: newer.confirmedNanos > confirmedNanos ? newer.confirmedNanos : confirmedNanos } };
};

const lastKnown = ({ cache, config, lookup }: Parts, question: Question, nowNanos: bigint): Known | undefined => {
  // The warm store's values are the answers of its own tier.
  const warm = cache.peekWarm(WarmRest.warmKeyOf(question))?.value as TierAnswer | undefined;
  const usable = (answer: TierAnswer | undefined): answer is TierAnswer =>
    answer !== undefined && mayAnswer(question, answer) && millisBetween(answer.confirmedNanos, nowNanos) <= config.maxStaleMs;
  const hot = lookup(question);
  if (usable(hot)) return { tier: "hot_cache", answer: hot };
  return usable(warm) ? { tier: "warm_cache_rest", answer: warm } : undefined;
};

/** The value of a key that reads have just turned away from, for a caller who takes it at once rather than wait for REST. */
const leftBehind = ({ clock, config, transition }: Parts, question: Question, facts: RankFacts): Known | undefined => {
  const { onStale, realtime } = question.intent;
  const live = facts.hot === "fresh" || facts.subscribed;
  const servesStale = onStale === "serve" && !realtime;
  const answer = live || !servesStale ? undefined : transition(question);
  const held =
    answer !== undefined &&
    mayAnswer(question, answer) &&
    millisBetween(answer.confirmedNanos, clock.monotonicTimeNanosUnsafe()) <= config.maxStaleMs;
  return held && readFrom({ live, held, servesStale }) === "transition" ? { tier: "hot_cache", answer } : undefined;
};

/** What is left when nobody answered. */
const settle = (
  parts: Parts,
  question: Question,
  failure: FallbackFailure,
  call: CallFacts,
): Effect.Effect<Answer<unknown>, MarketDataError> => {
  const nowNanos = parts.clock.monotonicTimeNanosUnsafe();
  const known = isAboutTheQuestion(failure.error) ? undefined : lastKnown(parts, question, nowNanos);
  if (known === undefined) return Effect.fail(failure.error);
  const now = { ...call, mode: parts.fallback.mode() };
  // It came while the tiers were failing: nothing is old about it.
  if (millisBetween(known.answer.confirmedNanos, nowNanos) <= question.intent.maxAgeMs) {
    return Effect.succeed(answerOf(question, { ...known, attempts: failure.attempts }, now, nowNanos));
  }
  const reason = staleReasonOf(failure.error, parts.subscriptions.connected());
  return question.intent.onStale === "serve"
    ? Effect.succeed(staleAnswerOf(question, known, failure.attempts, now, nowNanos, reason))
    : Effect.fail(staleErrorOf(question, known, now, nowNanos, reason));
};

/** Why nobody could even be asked: the gate that may open again speaks before the question that cannot be answered. */
const nobody = ({ groups, limiter, rest, venue }: Parts, question: Question, { gated }: Ranked): MarketDataError => {
  const gates = new Set(gated.map(({ gate }) => gate));
  const group = groups[question.kind];
  if (gates.has("ip_blocked")) {
    return new RateLimited({
      group: "all",
      scope: "ip",
      status: 418,
      retryAfterMs: limiter.blockedMs(),
      detail: "blocked by the exchange",
    });
  }
  if (gates.has("breaker_open")) return new CircuitOpen({ target: group, retryAfterMs: Math.ceil(rest.breakerOpenMs(group)) });
  if (gates.has("rest_wait_exceeds_deadline")) {
    return new RateLimited({
      group,
      scope: "local",
      status: null,
      retryAfterMs: limiter.waitMs(group, question.intent.priority),
      detail: "the wait exceeds the deadline",
    });
  }
  if (gates.has("not_connected") || gates.has("not_subscribed")) {
    return new NetworkError({
      phase: "socket",
      host: venue.host,
      code: null,
      detail: "the socket is not connected, or the key not subscribed",
    });
  }
  const reason = `leaves nobody to answer a question about ${question.kind}`;
  return new InvalidRequest({ field: "strategy", input: question.intent.strategy, reason });
};

/** Requests a question costs in a market that trades all the time; each has the whole deadline. A quiet one can cost a few more. */
export const pagesOf = (question: Question, paging: Venue["Service"]["paging"], nowMs: number): number => {
  if (question.kind === "trades") return Math.ceil(question.count / paging.trades);
  return question.kind === "candles" ? likelyPages(question, paging.candles, nowMs) : 1;
};

/** Even a question about many trades knows the newest one. */
const newestKeyOf = (question: Question): StreamKey | undefined =>
  question.kind === "trades" && question.before === undefined ? { kind: "trades", market: question.market } : undefined;

/** The single row that the hot store keeps of an answer. */
const newestRow = (question: Question, value: unknown): unknown => {
  if (question.kind === "ticker" || question.kind === "orderbook") return value;
  const rows = value as ReadonlyArray<unknown>;
  if (question.kind === "trades") return rows.at(-1);
  // Only a forming candle is live; a closed one would be stale the moment it is kept.
  const last = rows.at(-1) as Candle | undefined;
  return last?.state === "forming" ? last : undefined;
};

const isAboutTheQuestion = (error: MarketDataError): boolean =>
  error._tag === "MarketUnknown" || error._tag === "InvalidRequest" || error._tag === "Closed" || error._tag === "Unauthorized";

const mayAnswer = ({ intent }: Question, { channel }: TierAnswer): boolean => allows(intent.strategy, channel);
