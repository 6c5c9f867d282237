/**
 * The emulated exchange with batteries: the whole router over it, in memory under a test clock or over real sockets on loopback. Everything
 * above the transport is the live code: limits, decoding, sessions, tiers. Values carry `simulated: true`.
 *
 * In memory the exchange's time begins at `originMs` when the test clock reads 0. The router built here reads the same wall clock, so that
 * ages and dates make sense; sleeping and waiting follow the test clock itself.
 */
import * as NodeTransport from "@naru/node/NodeTransport";
import * as Supervisor from "@naru/router/Supervisor";
import * as Router from "@naru/router/Router";
import * as RouterConfig from "@naru/router/RouterConfig";
import { Transport } from "@naru/router/transport/Transport";
import { Venue } from "@naru/router/transport/Venue";
import { layerOf } from "@naru/upbit/UpbitVenue";
import { type ProfileName, profiles, type UpbitProfile } from "@naru/upbit/profiles";
import * as Clock from "effect/Clock";
import type * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Random from "effect/Random";
import { Exchange } from "./Exchange.ts";
import { layerMemoryTransport, type MemoryTransportOptions } from "./MemoryTransport.ts";
import { defaultOriginMs, type ExchangeOptions } from "./Options.ts";
import { FaultProxy, layerBeforeServer } from "./proxy/FaultProxy.ts";
import { layerLoopbackServer, type LoopbackOptions, LoopbackServer } from "./server/LoopbackServer.ts";
import type { ExchangeClock } from "./time/ExchangeClock.ts";

export {
  ban,
  clearRestFaults,
  cutSockets,
  delist,
  endFault,
  failRest,
  fault,
  halt,
  list,
  maintenance,
  path,
  refuseUpgrades,
  resume,
  silenceSockets,
  trade,
} from "./Script.ts";
export { Exchange } from "./Exchange.ts";

/** `MarketData`, the five services, what they stand on, and the exchange itself with its ledger and script. */
export type Services = Supervisor.Services | Venue | Transport | Exchange;

export interface SimOptions extends ExchangeOptions {
  /** Which region of Upbit is emulated, and spoken to as such. Default upbit. */
  readonly profile?: ProfileName | undefined;
  /** Knobs of the router. */
  readonly config?: Partial<RouterConfig.RouterConfigShape> | undefined;
  /** Virtual latencies of the in-memory network. */
  readonly network?: MemoryTransportOptions | undefined;
  /** Put around the two ports the router stands on: to record what passes, or to break it on purpose. */
  readonly decorate?: Decorations | undefined;
}

export interface Decorations {
  readonly transport?: ((inner: Transport["Service"]) => Transport["Service"]) | undefined;
  readonly venue?: ((inner: Venue["Service"]) => Venue["Service"]) | undefined;
  /** Put in the place of every router that is built, to see what is left when it is broken. */
  readonly router?: ((inner: RouterLayer) => Layer.Layer<Router.SideServices, unknown, Layer.Services<RouterLayer>>) | undefined;
}

/** One router over what outlives it. */
export type RouterLayer = typeof Router.side;

/** Everything in memory, on Effect's clock: under a test clock nothing moves but by `TestClock.adjust`. */
export const layerTest = (options: SimOptions = {}): Layer.Layer<Services> =>
  Layer.unwrap(
    Effect.map(Clock.Clock, (clock) => {
      // Limits are one per host: an exchange in memory is a host of its own.
      const host = `memory-${++built}`;
      const profile: UpbitProfile = { ...simulated(options), restUrl: `http://${host}/v1`, socketUrl: `ws://${host}/websocket/v1`, host };
      return routerOver(profile, options).pipe(
        Layer.provideMerge(decorated(Transport, layerMemoryTransport(options.network), options.decorate?.transport)),
        Layer.provideMerge(Exchange.layer(options)),
        Layer.provide(Layer.succeed(Clock.Clock, atOrigin(clock, options.originMs ?? defaultOriginMs))),
        Layer.provide(seededRandom(options.seed ?? 1)),
      );
    }),
  );

/**
 * The exchange behind real HTTP and WebSocket on a free port of 127.0.0.1, and the live network layer to it. With a `speed` the exchange lives
 * that much faster than the router, which sees its clock run away.
 */
export function layerLoopback(options?: SimOptions & LoopbackOptions): Layer.Layer<Services | LoopbackServer | ExchangeClock>;
/** With `proxy`, the {@link FaultProxy} stands between the two. */
export function layerLoopback(
  options: SimOptions & LoopbackOptions & ProxiedOptions,
): Layer.Layer<Services | LoopbackServer | ExchangeClock | FaultProxy>;
export function layerLoopback(
  options: SimOptions & LoopbackOptions & Partial<ProxiedOptions> = {},
): Layer.Layer<Services | LoopbackServer | ExchangeClock | FaultProxy> | Layer.Layer<Services | LoopbackServer | ExchangeClock> {
  const server = layerLoopbackServer(options).pipe(Layer.provideMerge(Exchange.layer(options)));
  if (options.proxy !== true)
    return Layer.unwrap(Effect.map(LoopbackServer, (at) => routerAt(at, options))).pipe(Layer.provideMerge(server));
  return Layer.unwrap(Effect.map(FaultProxy, (at) => routerAt(at, options))).pipe(
    Layer.provideMerge(layerBeforeServer({ seed: options.seed })),
    Layer.provideMerge(server),
  );
}

export interface ProxiedOptions {
  readonly proxy: true;
}

const routerAt = ({ url, socketUrl }: { readonly url: string; readonly socketUrl: string }, options: SimOptions) => {
  const profile: UpbitProfile = { ...simulated(options), restUrl: `${url}/v1`, socketUrl, host: new URL(url).host };
  return routerOver(profile, options).pipe(Layer.provideMerge(decorated(Transport, NodeTransport.layer(), options.decorate?.transport)));
};

const simulated = ({ profile }: SimOptions): UpbitProfile => ({ ...profiles[profile ?? "upbit"], id: "sim", simulated: true });

let built = 0;

const routerOver = (profile: UpbitProfile, options: SimOptions): Layer.Layer<Supervisor.Services | Venue, never, Transport> =>
  Supervisor.layerOver(options.decorate?.router?.(Router.side) ?? Router.side).pipe(
    Layer.provideMerge(decorated(Venue, layerOf(profile), options.decorate?.venue)),
    Layer.provide(RouterConfig.layer(options.config ?? {})),
  );

const decorated = <I, S, R>(
  key: Context.Key<I, S>,
  layer: Layer.Layer<I, never, R>,
  decorate: ((inner: S) => S) | undefined,
): Layer.Layer<I, never, R> => (decorate === undefined ? layer : Layer.effect(key, Effect.map(key, decorate)).pipe(Layer.provide(layer)));

/** Jitter of the seed, so that a test sees the same reconnects and retries every time. */
const seededRandom = (seed: number): Layer.Layer<never> => Layer.effect(Random.Random, Random.withSeed(Random.Random, seed));

/** A test clock near 0 read as the exchange's time; any other clock as it is. */
const atOrigin = (clock: Clock.Clock, originMs: number): Clock.Clock => {
  if (clock.currentTimeMillisUnsafe() >= testClockBelowMs) return clock;
  const originNanos = BigInt(originMs) * 1_000_000n;
  return {
    currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + originMs,
    currentTimeMillis: Effect.map(clock.currentTimeMillis, (ms) => ms + originMs),
    currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe() + originNanos,
    currentTimeNanos: Effect.map(clock.currentTimeNanos, (nanos) => nanos + originNanos),
    monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: clock.monotonicTimeNanos,
    sleep: (duration) => clock.sleep(duration),
  };
};

/** 1973 in milliseconds: what a test clock shows, and a real one does not. */
const testClockBelowMs = 1e11;
