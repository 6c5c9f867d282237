/**
 * From what `--venue` says to a running client. The emulated exchange runs inside this process; everything else is reached over the
 * network.
 */
import type { Alerts } from "@naru/router/alerts/Alerts";
import { nearest } from "@naru/router/domain/nearest";
import { ConfigError, InvalidRequest, type MarketDataError } from "@naru/router/errors/MarketDataError";
import type { MarketList } from "@naru/router/cache/MarketList";
import type { ModeControl } from "@naru/router/fallback/ModeControl";
import type { RateLimiter } from "@naru/router/limits/RateLimiter";
import type { MarketData } from "@naru/router/MarketData";
import type { Subscriptions } from "@naru/router/stream/Subscriptions";
import type { Rest } from "@naru/router/transport/RestCall";
import type { Transport } from "@naru/router/transport/Transport";
import type { Venue } from "@naru/router/transport/Venue";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import * as Result from "effect/Result";
import type { CommandFailed } from "./CommandFailed.ts";
import { reporting } from "./failure.ts";
import { type Connection, usualSeed } from "./settings.ts";

type Services = Alerts | MarketData | ModeControl | Rest | Subscriptions | MarketList | RateLimiter | Transport | Venue;

/** A command that brings a history store of its own. */
interface Keeping {
  readonly keepsHistory: boolean;
}

/** An app that goes on may listen on an admin socket, under a name. */
interface Listening {
  readonly admin: boolean;
  readonly program: string;
}

/** Runs a command's body on the client that the flags name, closes it, and reports what went wrong. */
export const withMarketData = <A, R>(
  flags: Connection & Partial<Listening> & Partial<Keeping>,
  body: Effect.Effect<A, MarketDataError | CommandFailed, Services | R>,
): Effect.Effect<A, CommandFailed, Exclude<R, Services>> =>
  reporting(
    flags,
    Effect.flatMap(Effect.fromResult(checkVenue(flags)), () => Effect.provide(body, withAdmin(flags, layerOf(flags)))),
  );

const withAdmin = ({ admin = false, program }: Partial<Listening>, services: Layer.Layer<Services, ConfigError>) =>
  admin
    ? Layer.unwrap(
        Effect.map(
          Effect.promise(() => Promise.all([import("@naru/node/admin/AdminSocket"), import("@naru/node/HostProbe")])),
          ([socket, host]) => Layer.provideMerge(socket.layer({ program }), Layer.provide(services, host.layer)),
        ),
      )
    : services;

/** The services of the venue that the flags name. Only the venue's own code is loaded. */
const layerOf = ({ venue, seed, simulated, keepsHistory = false }: Connection & Partial<Keeping>): Layer.Layer<Services, ConfigError> =>
  Layer.unwrap(
    venue === "sim"
      ? Effect.map(
          Effect.promise(() => import("@naru/sim/Sim")),
          ({ layerTest }) => layerTest({ seed: Option.getOrElse(seed, () => usualSeed) }),
        )
      : Effect.map(
          Effect.promise(() => import("@naru/upbit/Upbit")),
          ({ layerFor }) =>
            layerFor({
              venue,
              profile: { simulated: Option.getOrUndefined(simulated) },
              ...(keepsHistory ? { history: "off" as const } : {}),
            }),
        ),
  );

/** Refuses a venue that is neither a name nor an address, saying which was probably meant, and flags that the venue has no use for. */
export const checkVenue = ({ venue, seed, simulated }: Connection): Result.Result<void, ConfigError | InvalidRequest> => {
  const named = names.includes(venue);
  if (!named && !/^[a-z][a-z\d+.-]*:\/\//i.test(venue)) {
    return Result.fail(
      new ConfigError({ setting: "venue", input: venue.slice(0, 200), reason: `is none of ${names.join(", ")}${meant(venue)}` }),
    );
  }
  if (venue !== "sim" && Option.isSome(seed))
    return refused("--seed", seed.value, "is for --venue sim; other prices are not ours to decide");
  if (named && Option.isSome(simulated))
    return refused("--simulated", simulated.value, `is for an address; ${venue} is known to be ${venue === "sim" ? "made up" : "real"}`);
  return Result.void;
};

const names: ReadonlyArray<string> = ["upbit", "upbit-sg", "upbit-id", "upbit-th", "sim"];

const refused = (field: string, input: unknown, reason: string) => Result.fail(new InvalidRequest({ field, input: String(input), reason }));

/** A host without a scheme is an address; what else is close to a name is a slip. */
const meant = (venue: string): string => {
  if (/^(?:localhost|\[::1\]|127\.\d+\.\d+\.\d+)(?:[:/]|$)/i.test(venue)) return `; an address begins with its scheme: http://${venue}`;
  if (/^[a-z\d-]+(?:\.[a-z\d-]+)+(?:[:/]|$)|^[a-z\d-]+:\d+/i.test(venue)) return `; an address begins with its scheme: https://${venue}`;
  const [near] = nearest(venue.toLowerCase(), names);
  return `, nor an address such as http://127.0.0.1:8787${near === undefined ? "" : ` — did you mean ${near}?`}`;
};
