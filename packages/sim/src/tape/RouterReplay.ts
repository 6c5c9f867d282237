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
  layerRouterOver(tape, makeReplay(tape, { ...options, speed: options.speed === "asap" ? "asap" : 1 }), options);

/** The same over a replay at hand, whose speed should be 1 or `asap`: the clock here is what runs faster. */
export const layerRouterOver = (
  tape: Tape,
  replay: Replay,
  options: RouterReplayOptions = {},
): Layer.Layer<Supervisor.Services | Venue | Transport> =>
  Layer.unwrap(
    Effect.map(Clock.Clock, (clock) => {
      const speed = options.speed === "asap" ? 1 : (options.speed ?? 1);
      return Supervisor.layer.pipe(
        Layer.provideMerge(Layer.merge(layerOf(profileOf(tape)), Layer.succeed(Transport, replay.transport))),
        Layer.provide(RouterConfig.layer(options.config ?? {})),
        Layer.provide(Layer.succeed(Clock.Clock, replayClock(clock, tape.startedWall, speed))),
        Layer.provide(Layer.effect(Random.Random, Random.withSeed(Random.Random, options.seed ?? 1))),
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
