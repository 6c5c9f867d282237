/**
 * From what `--venue` says to a running client. The emulated exchange runs inside this process; everything else is reached over the
 * network.
 */
import type { ConfigError, MarketDataError } from "@naru/router/errors/MarketDataError";
import type { MarketData } from "@naru/router/MarketData";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import type { CommandFailed } from "./CommandFailed.ts";
import { reporting } from "./failure.ts";
import type { Shared } from "./flags.ts";

/** Runs a command's body on the client that the flags name, closes it, and reports what went wrong. */
export const withMarketData = <A, R>(
  flags: Shared,
  body: Effect.Effect<A, MarketDataError | CommandFailed, MarketData | R>,
): Effect.Effect<A, CommandFailed, Exclude<R, MarketData>> => reporting(flags, Effect.provide(body, layerOf(flags)));

/** `MarketData` of the venue that the flags name. Only the venue's own code is loaded. */
const layerOf = (flags: Pick<Shared, "venue" | "seed" | "simulated">): Layer.Layer<MarketData, ConfigError> =>
  Layer.unwrap(
    flags.venue === "sim"
      ? Effect.map(
          Effect.promise(() => import("@naru/sim/Sim")),
          ({ layerTest }) => layerTest({ seed: flags.seed }),
        )
      : Effect.map(
          Effect.promise(() => import("@naru/upbit/Upbit")),
          ({ layerFor }) => layerFor({ venue: flags.venue, profile: { simulated: isSimulated(flags) } }),
        ),
  );

/**
 * What answers at an address on this machine is taken for an emulated exchange unless the user says otherwise: a real price labelled SIM
 * is a nuisance, a made-up one without the label is a loss.
 */
export const isSimulated = ({ venue, simulated }: Pick<Shared, "venue" | "simulated">): boolean =>
  Option.getOrElse(simulated, () => URL.canParse(venue) && loopback.test(new URL(venue).hostname));

const loopback = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;
