/**
 * The whole router over a tape: limits, decoding, sessions and tiers run as they do on the network, on a clock that reads the tape's time. Values
 * are labelled as the recorded ones were.
 */
import * as Supervisor from "@naru/router/Supervisor";
import * as RouterConfig from "@naru/router/RouterConfig";
import { Transport } from "@naru/router/transport/Transport";
import type { Venue } from "@naru/router/transport/Venue";
import { layerOf } from "@naru/upbit/UpbitVenue";
import { isProfileName, profiles, type UpbitProfile } from "@naru/upbit/profiles";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Random from "effect/Random";
import { FlightFolder } from "@naru/router/tape/FlightFolder";
import type { TapeEvent } from "@naru/router/tape/TapeEvent";
import { makeReplay, type Replay, type ReplayOptions } from "./Replay.ts";
import { replayClock } from "./ReplayClock.ts";
import type { Tape } from "./Tape.ts";

export interface RouterReplayOptions extends ReplayOptions {
  /** Knobs of the router. */
  readonly config?: Partial<RouterConfig.RouterConfigShape> | undefined;
  /** Decides the jitter of reconnects and retries. Default 1. */
  readonly seed?: number | undefined;
}

/** The router's services over a tape. With a speed its clock runs faster; with `asap` it runs as usual and only the tape does not wait. */
export const layerRouterReplay = (tape: Tape, options: RouterReplayOptions = {}): Layer.Layer<Supervisor.Services | Venue | Transport> =>
  layerRouterOver(tape, replayOf(tape, options), options);

/** What a router replays from. A flight recording's answers belong to their moment; those of a whole tape come one after another. */
export const replayOf = (tape: Tape, options: ReplayOptions): Replay =>
  makeReplay(tape, {
    answers: isFlight(tape) ? "nearest" : "next",
    ...options,
    speed: options.speed === "asap" ? "asap" : 1,
  });

/** The same over a replay at hand, whose speed should be 1 or `asap`: the clock here is what runs faster. */
export const layerRouterOver = (
  tape: Tape,
  replay: Replay,
  options: RouterReplayOptions = {},
): Layer.Layer<Supervisor.Services | Venue | Transport> =>
  Layer.unwrap(
    Effect.map(Clock.Clock, (outer) => {
      const speed = options.speed === "asap" ? 1 : (options.speed ?? 1);
      const clock = replayClock(outer, tape.startedWall, speed);
      return Supervisor.layer.pipe(
        Layer.provideMerge(Layer.merge(layerOf(profileOf(tape)), Layer.succeed(Transport, onClock(replay.transport, clock)))),
        Layer.provide(RouterConfig.layer({ ...recordedConfig(tape), ...options.config })),
        // What is replayed is on a tape already.
        Layer.provide(Layer.succeed(FlightFolder, undefined)),
        Layer.provide(Layer.succeed(Clock.Clock, clock)),
        Layer.provide(Layer.effect(Random.Random, Random.withSeed(Random.Random, options.seed ?? 1))),
      );
    }),
  );

/** Whoever asks, the tape's time is what counts. */
const onClock = (inner: Transport["Service"], clock: Clock.Clock): Transport["Service"] => ({
  rest: (request) => Effect.provideService(inner.rest(request), Clock.Clock, clock),
  socket: (url, handlers, options) => Effect.provideService(inner.socket(url, handlers, options), Clock.Clock, clock),
});

/** Whether it was written by the recorder that is always on. */
export const isFlight = (tape: Tape): boolean => flightOf(tape) !== undefined;

/** The beginning of a flight recording; undefined for other tapes. */
const flightOf = (tape: Tape): Extract<TapeEvent, { readonly event: "flight" }> | undefined => {
  for (const { event } of tape.events()) return event.event === "flight" ? event : undefined;
  return undefined;
};

/** The knobs that the recorded router had, as far as this program knows them. */
const recordedConfig = (tape: Tape): Partial<RouterConfig.RouterConfigShape> =>
  Object.fromEntries(
    Object.entries(flightOf(tape)?.config ?? {}).filter(([knob, value]) => {
      const known = RouterConfig.defaultRouterConfig[knob as keyof RouterConfig.RouterConfigShape] as unknown;
      return (
        Object.hasOwn(RouterConfig.defaultRouterConfig, knob) &&
        typeof known === typeof value &&
        Array.isArray(known) === Array.isArray(value)
      );
    }),
  );

/** The recorded venue under an address of its own: limits are one per host, and a replay shares them with nobody. */
const profileOf = (tape: Tape): UpbitProfile => {
  const { venue, simulated } = tape.parts[0]?.header ?? { venue: null, simulated: null };
  const host = `tape-${++built}`;
  const like = venue !== null && isProfileName(venue) ? profiles[venue] : profiles.upbit;
  return {
    ...like,
    id: venue ?? "tape",
    simulated: simulated ?? false,
    restUrl: `http://${host}/v1`,
    socketUrl: `ws://${host}/websocket/v1`,
    host,
  };
};

let built = 0;
