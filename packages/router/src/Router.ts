/**
 * The composition of one router: `MarketData` made of the five services and their neighbours. What stands behind it when it is out is added by
 * `Supervisor.ts`, whose `layer` is the one that applications build. Nothing is decided here; a call is checked (`named.ts`, `ask.ts`), told
 * to the asker (`Asker.ts`) or to the streams (`streaming.ts`), and that is all.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { Alerts } from "./alerts/Alerts.ts";
import * as Asker from "./Asker.ts";
import { Cache } from "./cache/Cache.ts";
import { MarketList } from "./cache/MarketList.ts";
import * as callbacks from "./callbacks.ts";
import { counted } from "./counted.ts";
import { questionOf, type QuestionSpec } from "./explain.ts";
import { FallbackManager } from "./fallback/FallbackManager.ts";
import type { ModeControl } from "./fallback/ModeControl.ts";
import * as guard from "./guard.ts";
import { publishControl } from "./health/controlSeries.ts";
import { Health } from "./health/HealthLedger.ts";
import type { HistoryKeeper } from "./tiers/HistoryKeeper.ts";
import { LiveLedger } from "./health/LiveLedger.ts";
import { metricsText } from "./health/metricsText.ts";
import { RateLimiter } from "./limits/RateLimiter.ts";
import { MarketData } from "./MarketData.ts";
import * as reportHealth from "./reportHealth.ts";
import * as joinedCandles from "./joinedCandles.ts";
import { questionsTo, streamsOf } from "./named.ts";
import * as rolling24h from "./rolling24h.ts";
import { RouterConfig } from "./RouterConfig.ts";
import { ChannelSelector } from "./select/ChannelSelector.ts";
import * as streaming from "./streaming.ts";
import { LinkObserver, Subscriptions } from "./stream/Subscriptions.ts";
import { Rest, type RestAttempt, RestObserver } from "./transport/RestCall.ts";
import type { Transport } from "./transport/Transport.ts";
import { Venue } from "./transport/Venue.ts";

const make = Effect.gen(function* () {
  const venue = yield* Venue;
  const config = yield* RouterConfig;
  const clock = yield* Clock.Clock;
  const cache = yield* Cache;
  const limiter = yield* RateLimiter;
  const rest = yield* Rest;
  const fallback = yield* FallbackManager;
  const selector = yield* ChannelSelector;
  const subscriptions = yield* Subscriptions;
  const marketList = yield* MarketList;
  const ledger = yield* Health;
  const live = yield* LiveLedger;
  const alerts = yield* Alerts;
  const asker = counted(yield* Asker.RouterAsker, ledger, clock);
  const streams = streaming.make(subscriptions, marketList, venue);
  const rolling = rolling24h.make(asker, config, clock);
  yield* publishControl({
    client: live.client,
    groups: Object.keys(venue.limits.groups),
    limits: limiter.snapshot,
    breakerOpenMs: rest.breakerOpenMs,
    mode: fallback.mode,
    modeSeconds: ledger.modeSeconds,
    warm: () => ({ ...cache.warmSize(), ...cache.warmCounts() }),
  });

  const explain = Effect.fn("MarketData.explain")(function* (spec: QuestionSpec) {
    const question = yield* Effect.fromResult(questionOf(spec, config, clock.currentTimeMillisUnsafe()));
    yield* marketList.check(question.market);
    const { ranked, frequency, follow = null, channel, facts, figures } = selector.explain(question, asker.facts(question, 1));
    const first = ranked.tiers[0]?.tier;
    const restRequests =
      first === undefined || first === "hot_cache" || first === "live_subscription"
        ? 0
        : Asker.pagesOf(question, venue.paging, clock.currentTimeMillisUnsafe());
    return { question, ranked, facts, restRequests, frequency, follow, channel, figures };
  });

  return MarketData.of({
    ...questionsTo(asker, rolling, config, clock),
    getMarkets: (options = {}) =>
      Effect.map(
        options.instruments === false ? Effect.map(marketList.get, (known) => [...known.values()]) : marketList.withInstruments,
        (markets) => markets.filter((info) => options.quote === undefined || info.quote === options.quote.toUpperCase()),
      ),
    ...streamsOf(streams, rolling, joinedCandles.make({ asker, config, clock, streams })),
    subscribe: yield* callbacks.make(streams),
    guard: guard.make({ asker, config, clock, mode: fallback.mode, told: ledger.guarded }),
    explain,
    health: yield* reportHealth.make,
    liveMetrics: Effect.sync(() => live.toMetrics(Number(clock.monotonicTimeNanosUnsafe()) / 1e6)),
    modeChanges: fallback.modeChanges,
    alerts: alerts.stream,
    metrics: metricsText,
  });
});

/** The services a router is made of, each to be had by itself as well. */
export type RouterServices =
  | MarketData
  | Cache
  | RateLimiter
  | ChannelSelector
  | FallbackManager
  | Subscriptions
  | MarketList
  | Health
  | LiveLedger
  | Alerts
  | Rest;

/** Every request goes into the ledger. */
const restObserver: Layer.Layer<never, never, Health> = Layer.effect(
  RestObserver,
  Effect.map(Health, (health) => (attempt: RestAttempt) => health.requested(attempt)),
);

/** So does every change of the link. Whoever observed it besides is told as before. */
const linkObserver: Layer.Layer<never, never, Health> = Layer.effect(
  LinkObserver,
  Effect.gen(function* () {
    const health = yield* Health;
    const told = yield* LinkObserver;
    return (event) => {
      health.linkChanged(event.state, event.reason);
      told(event);
    };
  }),
);

/** `MarketData` alone, its services left open. */
export const layerNoDeps: Layer.Layer<
  MarketData | Asker.RouterAsker,
  never,
  | Venue
  | Cache
  | RateLimiter
  | ChannelSelector
  | FallbackManager
  | Subscriptions
  | MarketList
  | Health
  | LiveLedger
  | Alerts
  | Rest
  | HistoryKeeper
> = Layer.effect(MarketData, make).pipe(Layer.provideMerge(Layer.effect(Asker.RouterAsker, Asker.make)));

/** What ends and is built again with a router. */
export type SideServices = Exclude<RouterServices, RateLimiter | Health | LiveLedger | Alerts> | Asker.RouterAsker;

/** One router over what outlives it: the process's limits, the ledgers, and the mode. */
export const side: Layer.Layer<
  SideServices,
  never,
  Venue | Transport | RateLimiter | Health | LiveLedger | Alerts | ModeControl | HistoryKeeper
> = layerNoDeps.pipe(
  Layer.provideMerge(
    Layer.mergeAll(FallbackManager.layer, ChannelSelector.layer, Layer.provide(Subscriptions.layer, linkObserver), MarketList.layer),
  ),
  Layer.provideMerge(Layer.provide(Rest.layer, restObserver)),
  Layer.provideMerge(Cache.layer),
);
