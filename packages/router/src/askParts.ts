/** What a request passes through: the services, the tiers made of them, and what all of them say at one moment. */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Random from "effect/Random";
import { RouterConfig, type RouterConfigShape } from "./RouterConfig.ts";
import { millisBetween } from "./answering.ts";
import { Cache } from "./cache/Cache.ts";
import { MarketList } from "./cache/MarketList.ts";
import type { TierName } from "./domain/Provenance.ts";
import { allows, type Kind, type Priority, type Question } from "./domain/Question.ts";
import { liveKeyOf } from "./domain/liveKey.ts";
import { FallbackManager } from "./fallback/FallbackManager.ts";
import * as Foresight from "./Foresight.ts";
import { Health } from "./health/HealthLedger.ts";
import { RateLimiter } from "./limits/RateLimiter.ts";
import { ChannelSelector } from "./select/ChannelSelector.ts";
import type { RankFacts } from "./select/TierRank.ts";
import { Subscriptions } from "./stream/Subscriptions.ts";
import * as BatchSnapshot from "./tiers/BatchSnapshot.ts";
import * as ColdRest from "./tiers/ColdRest.ts";
import * as HotCache from "./tiers/HotCache.ts";
import * as LiveSubscription from "./tiers/LiveSubscription.ts";
import type { Tier, TierAnswer } from "./tiers/Tier.ts";
import * as WarmRest from "./tiers/WarmRest.ts";
import { groupsOf } from "./tiers/groups.ts";
import * as RestAnswer from "./tiers/restAnswer.ts";
import { Rest } from "./transport/RestCall.ts";
import { Venue } from "./transport/Venue.ts";

/** What a request passes through. */
export interface Parts {
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
  /** Told of every question; undefined where nothing is done ahead. */
  readonly foresight: Foresight.Foresight | undefined;
}

export const makeParts = Effect.gen(function* () {
  const venue = yield* Venue;
  const restAnswer = yield* RestAnswer.make;
  const warm = yield* WarmRest.make(restAnswer);
  const prefix = (yield* Random.nextIntBetween(0, 0x7fffffff)).toString(36);
  let asked = 0;
  const parts: Omit<Parts, "foresight"> = {
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
      warm_cache_rest: warm,
      cold_rest: ColdRest.make(restAnswer),
    },
    lookup: yield* HotCache.hotLookup,
    transition: yield* HotCache.transitionLookup,
    groups: groupsOf(venue),
    nextRequestId: () => `${prefix}-${++asked}`,
  };
  const foresight = yield* Foresight.make({ ...parts, warm });
  return { ...parts, foresight } satisfies Parts;
});

/** The facts of the moment, for a ranking. */
export const factsOf = (parts: Parts, question: Question, markets: number): RankFacts => {
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

/** A value that the caller does not forbid. */
export const mayAnswer = ({ intent }: Question, { channel }: TierAnswer): boolean => allows(intent.strategy, channel);

/** Whether calls had to wait for a place in the question's limit within the last so many milliseconds. */
export const hasWaited = ({ groups, limiter }: Parts, { kind }: Question, withinMs: number): boolean =>
  limiter.snapshot().some(({ group, waitedAgoMs }) => group === groups[kind] && waitedAgoMs <= withinMs);
