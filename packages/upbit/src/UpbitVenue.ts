/**
 * Upbit as a venue: the port of `@naru/router` filled from the tables beside this file. Pure data and pure functions; nothing here touches
 * the network, a clock or a limiter.
 */
import * as Config from "effect/Config";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { intervals } from "@naru/router/domain/Interval";
import { ConfigError } from "@naru/router/errors/MarketDataError";
import { Venue } from "@naru/router/transport/Venue";
import { restFailure, upgradeFailure } from "./errors.ts";
import { limits, parseRemainingReq } from "./limits.ts";
import { isProfileName, profileFromUrl, profiles, type UpbitProfile } from "./profiles.ts";
import * as calls from "./rest/RestCalls.ts";
import { makeDialect, type SocketFormat } from "./socket/Dialect.ts";

export interface VenueOptions {
  /**
   * The format asked for on the socket, unless the router has a reason for another spelling. Every format is read, whatever was asked.
   * @default DEFAULT
   * @bounds DEFAULT, SIMPLE, JSON_LIST, SIMPLE_LIST
   */
  readonly socketFormat?: SocketFormat | undefined;
  /** Told the names of fields in socket messages that the protocol reference does not know. REST answers carry theirs. */
  readonly onUnknownFields?: ((names: ReadonlyArray<string>) => void) | undefined;
}

export const makeVenue = (profile: UpbitProfile, options: VenueOptions = {}): Venue["Service"] => {
  const { restUrl } = profile;
  return {
    id: profile.id,
    simulated: profile.simulated,
    host: profile.host,
    limits,
    paging: calls.paging,
    intervals,
    socket: makeDialect(profile.socketUrl, { format: options.socketFormat ?? "DEFAULT", onUnknownFields: options.onUnknownFields }),
    markets: () => calls.markets(restUrl),
    instruments: (markets) => calls.instruments(restUrl, markets),
    tickers: (markets) => calls.tickers(restUrl, markets),
    allTickers: (quotes) => calls.allTickers(restUrl, quotes),
    orderbooks: (markets, levels, grouping) => calls.orderbooks(restUrl, markets, levels, grouping),
    trades: (market, query) => calls.trades(restUrl, market, query),
    candles: (market, interval, query) => calls.candles(restUrl, market, interval, query),
    failure: (call, response) => restFailure({ venue: profile.id, group: call.group, url: call.url }, response),
    upgradeFailure,
    remaining: (headers) => parseRemainingReq(headers["remaining-req"]),
  };
};

/** The venue of a profile. */
export const layerOf = (profile: UpbitProfile, options: VenueOptions = {}): Layer.Layer<Venue> =>
  Layer.succeed(Venue, makeVenue(profile, options));

/** Upbit Korea. */
export const layer: Layer.Layer<Venue> = layerOf(profiles.upbit);

/**
 * The venue named by `NARU_VENUE` (`upbit`, `upbit-sg`, `upbit-id`, `upbit-th`; `upbit` by default), at the address `NARU_URL` where that is
 * set. Fails with a {@link ConfigError} on a name or an address that cannot be used.
 */
export const layerConfig: Layer.Layer<Venue, ConfigError | Config.ConfigError> = Layer.effect(
  Venue,
  Effect.gen(function* () {
    const name = yield* Config.String("NARU_VENUE").pipe(Config.withDefault("upbit"));
    const address = yield* Config.String("NARU_URL").pipe(Config.withDefault(""));
    if (!isProfileName(name)) {
      const reason = `is not one of ${Object.keys(profiles).join(", ")}`;
      return yield* new ConfigError({ setting: "NARU_VENUE", input: name.slice(0, 60), reason });
    }
    if (address === "") return makeVenue(profiles[name]);
    return makeVenue(yield* Effect.fromResult(profileFromUrl(address, { like: name })));
  }),
);
