/**
 * Upbit with batteries: the router over this venue and Node's transport. A long-running app makes one `ManagedRuntime` of a layer from here;
 * every building of a layer opens a socket of its own, while limits are shared by the whole process whoever builds it.
 */
import * as AlertTargets from "@naru/node/AlertTargets";
import * as FileStateStore from "@naru/node/FileStateStore";
import * as FlightFolder from "@naru/node/FlightFolder";
import * as SqliteHistory from "@naru/node/history/SqliteHistory";
import * as HostClock from "@naru/node/HostClock";
import * as HostProbe from "@naru/node/HostProbe";
import * as NodeTransport from "@naru/node/NodeTransport";
import type * as Telemetry from "@naru/node/Telemetry";
import type { TransportOptions } from "@naru/node/TransportOptions";
import { ConfigError, type InvalidRequest, type StorageError } from "@naru/router/errors/MarketDataError";
import type * as Backtest from "@naru/router/backtest/Backtest";
import type { MarketData } from "@naru/router/MarketData";
import { checkedConfig } from "@naru/router/checkConfig";
import * as Supervisor from "@naru/router/Supervisor";
import * as RouterConfig from "@naru/router/RouterConfig";
import type { Transport } from "@naru/router/transport/Transport";
import { Venue } from "@naru/router/transport/Venue";
import type * as Config from "effect/Config";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Result from "effect/Result";
import { isProfileName, profileFromUrl, profiles, type ProfileOptions, type UpbitProfile } from "./profiles.ts";
import * as UpbitVenue from "./UpbitVenue.ts";

/** `MarketData`, the five services, and what they stand on. */
export type Services = Supervisor.Services | Venue | Transport;

export interface UpbitOptions {
  /**
   * A region (`upbit`, `upbit-sg`, `upbit-id`, `upbit-th`) or an address that speaks the protocol.
   * @default upbit
   * @env NARU_VENUE
   */
  readonly venue?: string | undefined;
  /** For an address: its name, whether its prices are made up, and which region it is like. */
  readonly profile?: ProfileOptions | undefined;
  /** Knobs of the router. */
  readonly config?: Partial<RouterConfig.RouterConfigShape> | undefined;
  /** How the venue speaks, such as the socket format. */
  readonly dialect?: UpbitVenue.VenueOptions | undefined;
  /** Timeouts and bounds of the network. */
  readonly transport?: TransportOptions | undefined;
  /**
   * Where alerts go beside the stream of them.
   * @default the log
   */
  readonly alerts?: ReadonlyArray<AlertTargets.AlertTarget> | undefined;
  /**
   * Where closed candles are kept: the file, and how large it may become. Of a region it is `history.sqlite` in the state folder unless said otherwise;
   * of an address, which may be anybody, nothing is kept unless said otherwise. `"off"` keeps nothing.
   */
  readonly history?: HistoryOptions | "off" | undefined;
  /** A collector for traces, logs and metrics (none). */
  readonly telemetry?: Telemetry.TelemetryOptions | undefined;
}

export interface HistoryOptions extends SqliteHistory.SqliteHistoryOptions {
  /**
   * The file; made when something is kept.
   * @default `history.sqlite` in the state folder
   */
  readonly path?: string | undefined;
}

/** The exchange and the network of some options. Fails on a venue that is neither a region nor a usable address, and on knobs that cannot be used. */
export const layerFor = (options: UpbitOptions): Layer.Layer<Services, ConfigError> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const profile = yield* Effect.fromResult(profileOf(options));
      yield* Effect.fromResult(checkedConfig(options.config ?? {}));
      const alone = layerWith(UpbitVenue.layerOf(profile, options.dialect), options);
      const router = options.alerts === undefined ? alone : Layer.provide(alone, AlertTargets.layer(options.alerts));
      if (options.telemetry === undefined) return router;
      const { layer } = yield* loaded("telemetry", () => import("@naru/node/Telemetry"));
      return Layer.provideMerge(router, layer(options.telemetry));
    }),
  );

/** Upbit Korea over the network, with every default. */
export const layer: Layer.Layer<Services> = layerWith(UpbitVenue.layer, {});

/** The venue that `NARU_VENUE` and `NARU_URL` name. */
export const layerConfig: Layer.Layer<Services, ConfigError | Config.ConfigError> = layerWith(UpbitVenue.layerConfig, {});

export interface BacktestOptions extends Backtest.BacktestOptions, Pick<UpbitOptions, "venue" | "profile" | "config" | "history"> {}

/**
 * What was kept of the exchange, played again: the same `MarketData`, with the clock of the play (`backtest/Backtest.ts`). Nothing is asked of the
 * exchange.
 */
export const layerBacktest = (options: BacktestOptions): Layer.Layer<MarketData | Venue, ConfigError | InvalidRequest | StorageError> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const profile = yield* Effect.fromResult(profileOf(options));
      yield* Effect.fromResult(checkedConfig(options.config ?? {}));
      const { layer } = yield* loaded("backtest", () => import("@naru/router/backtest/Backtest"));
      return layer(options).pipe(
        Layer.provide(historyOf(options)),
        Layer.provideMerge(UpbitVenue.layerOf(profile)),
        Layer.provide(RouterConfig.layer(options.config ?? {})),
      );
    }),
  );

/** The region or address that `venue` names. */
export const profileOf = ({ venue = "upbit", profile }: UpbitOptions): Result.Result<UpbitProfile, ConfigError> =>
  isProfileName(venue) ? Result.succeed(profiles[venue]) : profileFromUrl(venue, profile);

/** A part that most programs do not use. */
const loaded = <M>(setting: string, importing: () => Promise<M>): Effect.Effect<M, ConfigError> =>
  Effect.tryPromise({
    try: importing,
    catch: (cause) => new ConfigError({ setting, input: "", reason: `cannot be loaded: ${cause instanceof Error ? cause.message : "?"}` }),
  });

function layerWith<E>(venue: Layer.Layer<Venue, E>, options: UpbitOptions): Layer.Layer<Services, E> {
  return Supervisor.layer.pipe(
    Layer.provide(historyOf(options)),
    Layer.provideMerge(Layer.merge(venue, NodeTransport.layer(options.transport))),
    Layer.provide(
      Layer.mergeAll(RouterConfig.layer(options.config ?? {}), FileStateStore.layer, FlightFolder.layer, HostProbe.layer, HostClock.layer),
    ),
  );
}

/** Candles of a region, as it is. An address may be anybody, under whatever name: what it says is kept only where somebody says so. */
function historyOf({ history }: UpbitOptions): Layer.Layer<never, never, Venue> {
  if (history === "off") return Layer.empty;
  return Layer.unwrap(
    Effect.map(Venue, ({ id, host }) => {
      if (history === undefined && !(isProfileName(id) && profiles[id].host === host)) return Layer.empty;
      return history?.path === undefined ? SqliteHistory.layer(history) : SqliteHistory.layerAt(history.path, history);
    }),
  );
}
