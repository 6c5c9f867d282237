/**
 * The whole client: `MarketData` with a router that answers, and the direct clients behind it for when it does not. The direct clients are built
 * first and know nothing of the router; a router that cannot be built, dies or hangs costs no answer, and is built again when that may help.
 *
 * What belongs to one router (`Cache`, `Subscriptions`, …) can be had from here too: it is always the present router's, and dies with `Closed`
 * while there is none.
 */
import * as Clock from "effect/Clock";
import type * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { Alerts } from "./alerts/Alerts.ts";
import { Cache } from "./cache/Cache.ts";
import { MarketList } from "./cache/MarketList.ts";
import * as callbacks from "./callbacks.ts";
import { counted } from "./counted.ts";
import * as dailyCheck from "./dailyCheck.ts";
import { ActiveMarkets } from "./direct/ActiveMarkets.ts";
import { DirectRest } from "./direct/DirectRest.ts";
import { DirectSocket } from "./direct/DirectSocket.ts";
import { DirectClient } from "./DirectClient.ts";
import { Closed } from "./errors/MarketDataError.ts";
import { FallbackManager } from "./fallback/FallbackManager.ts";
import * as flight from "./flight.ts";
import { ModeControl } from "./fallback/ModeControl.ts";
import * as guard from "./guard.ts";
import { Health } from "./health/HealthLedger.ts";
import * as InFlight from "./InFlight.ts";
import { LiveLedger } from "./health/LiveLedger.ts";
import { metricsText } from "./health/metricsText.ts";
import { RateLimiter } from "./limits/RateLimiter.ts";
import { MarketData } from "./MarketData.ts";
import * as reportHealth from "./reportHealth.ts";
import * as Recovery from "./Recovery.ts";
import * as Router from "./Router.ts";
import * as joinedCandles from "./joinedCandles.ts";
import { questionsTo, streamsOf } from "./named.ts";
import * as rolling24h from "./rolling24h.ts";
import { RouterConfig } from "./RouterConfig.ts";
import { Shadow } from "./shadow/Shadow.ts";
import { RouterSide } from "./RouterSide.ts";
import { ChannelSelector } from "./select/ChannelSelector.ts";
import * as SupervisedAsker from "./SupervisedAsker.ts";
import * as supervisedStreams from "./supervisedStreams.ts";
import { Subscriptions } from "./stream/Subscriptions.ts";
import * as FlightRecorder from "./tape/FlightRecorder.ts";
import { HistoryKeeper } from "./tiers/HistoryKeeper.ts";
import { Rest } from "./transport/RestCall.ts";
import type { Transport } from "./transport/Transport.ts";
import type { Venue } from "./transport/Venue.ts";
import * as Awake from "./transport/Awake.ts";
import * as Wiretap from "./transport/Wiretap.ts";
import * as Workers from "./transport/Workers.ts";

/** The router's services, and what stands behind them. */
export type Services = Router.RouterServices | ModeControl | DirectRest | DirectSocket | FlightRecorder.FlightRecorder | Shadow;

const make = Effect.gen(function* () {
  const side = yield* RouterSide;
  const control = yield* ModeControl;
  const config = yield* RouterConfig;
  const clock = yield* Clock.Clock;
  const live = yield* LiveLedger;
  const ledger = yield* Health;
  const rest = yield* DirectRest;
  const alerts = yield* Alerts;
  const inFlight = yield* InFlight.make;
  const asker = counted(yield* SupervisedAsker.make(inFlight), ledger, clock);
  const streams = yield* supervisedStreams.make;
  const rolling = rolling24h.make(asker, config, clock);

  /** The router's own, while there is one. */
  const router = Effect.suspend(() =>
    side.current() === undefined ? Effect.fail(new Closed({ what: "The router" })) : Effect.sync(() => side.service(MarketData)),
  );

  const bareReport = yield* reportHealth.makeBare(control.mode);

  return MarketData.of({
    ...questionsTo(asker, rolling, config, clock),
    getMarkets: (options = {}) =>
      inFlight.run(
        Effect.suspend(() => {
          if (side.current() !== undefined) return side.service(MarketData).getMarkets(options);
          const deadlineNanos = clock.monotonicTimeNanosUnsafe() + BigInt(Math.round(config.deadlineMs * 1e6));
          const isWanted = ({ quote }: { readonly quote: string }) => options.quote === undefined || quote === options.quote.toUpperCase();
          return Effect.map(rest.markets(deadlineNanos), (markets) => markets.filter(isWanted));
        }),
      ),
    ...streamsOf(streams, rolling, joinedCandles.make({ asker, config, clock, streams })),
    subscribe: yield* callbacks.make(streams),
    guard: guard.make({ asker, config, clock, mode: control.mode, told: ledger.guarded }),
    explain: (question) => Effect.flatMap(router, (data) => data.explain(question)),
    health: Effect.suspend(() => (side.current() === undefined ? bareReport : side.service(MarketData).health)),
    liveMetrics: Effect.sync(() => live.toMetrics(Number(clock.monotonicTimeNanosUnsafe()) / 1e6)),
    modeChanges: control.modeChanges,
    alerts: alerts.stream,
    metrics: metricsText,
  });
});

/** The present router's service under its own name. Members are looked up at every use; their `this` is the service itself. */
const present = <I extends Router.SideServices, S extends object>(key: Context.Key<I, S>): Layer.Layer<I, never, RouterSide> =>
  Layer.effect(
    key,
    Effect.map(RouterSide, (side) => {
      const member = (name: string | symbol): unknown => {
        const service = side.service(key);
        const value: unknown = Reflect.get(service, name, service);
        return typeof value === "function" ? value.bind(service) : value;
      };
      // Every member is answered by the present service, which is of this type.
      return new Proxy({} as S, { get: (_, name) => member(name), has: (_, name) => name in side.service(key) });
    }),
  );

/** The same over another router: one that a test breaks. */
export const layerOver = <R>(
  side: Layer.Layer<Router.SideServices, unknown, R>,
): Layer.Layer<
  Services,
  never,
  Exclude<R, RateLimiter | Health | LiveLedger | Alerts | ModeControl | HistoryKeeper> | Venue | Transport
> => {
  const ofRouter = Layer.mergeAll(
    present(Cache),
    present(ChannelSelector),
    present(FallbackManager),
    present(Subscriptions),
    present(MarketList),
    present(Rest),
  );
  return dailyCheck.layer.pipe(
    Layer.provideMerge(Layer.effect(MarketData, make)),
    Layer.provideMerge(Layer.mergeAll(ofRouter, Recovery.layer, flight.layerModes)),
    Layer.provideMerge(Layer.provide(RouterSide.layer(side), flight.layerBreakers)),
    Layer.provideMerge(Layer.merge(DirectClient.layer, Shadow.layer)),
    Layer.provideMerge(Layer.mergeAll(DirectRest.layer, DirectSocket.layer, ActiveMarkets.layer, ModeControl.layerWithDirect)),
    Layer.provide(HistoryKeeper.layer),
    Layer.provideMerge(Alerts.layer),
    Layer.provideMerge(
      Layer.mergeAll(
        Layer.provide(FlightRecorder.layerLimiter, Layer.provide(Wiretap.layerLimiter, RateLimiter.layer)),
        Health.layer,
        LiveLedger.layer,
      ),
    ),
    Layer.provide(FlightRecorder.layerTransport),
    Layer.provideMerge(FlightRecorder.FlightRecorder.layer),
    Layer.provide(Awake.layer),
    Layer.provide(Workers.layer),
    Layer.provide(Wiretap.layerTransport),
  ) as Layer.Layer<
    Services,
    never,
    Exclude<R, RateLimiter | Health | LiveLedger | Alerts | ModeControl | HistoryKeeper> | Venue | Transport
  >;
};

/** The whole client over a venue and a transport. */
export const layer: Layer.Layer<Services, never, Venue | Transport> = layerOver(Router.side);
