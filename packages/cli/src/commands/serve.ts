/** `naru sim serve`: the emulated exchange for any client on this machine, until interrupted. */
import { ControlServer, layerControlServer } from "@naru/sim/control/ControlServer";
import { switchOn } from "@naru/sim/control/faultControl";
import { Exchange } from "@naru/sim/Exchange";
import { FaultProxy, layerBeforeServer } from "@naru/sim/proxy/FaultProxy";
import type { ProfileName } from "@naru/sim/profile/profiles";
import { layerLoopbackServer, LoopbackServer } from "@naru/sim/server/LoopbackServer";
import { ExchangeClock } from "@naru/sim/time/ExchangeClock";
import { ConfigError } from "@naru/router/errors/MarketDataError";
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import type { CommandFailed } from "../CommandFailed.ts";
import { reporting } from "../failure.ts";
import * as output from "../output.ts";
import type { Printing } from "../settings.ts";

export interface ServeInput {
  readonly port: number;
  readonly controlPort: Option.Option<number>;
  readonly proxyPort: Option.Option<number>;
  readonly profile: ProfileName;
  readonly speed: number;
  readonly markets: Option.Option<number>;
  /** Each a verb and its parameters, with blanks between. */
  readonly faults: ReadonlyArray<string>;
}

type Flags = Printing & { readonly seed: number };

export const serve = (flags: Flags, input: ServeInput): Effect.Effect<void, CommandFailed> =>
  reporting(
    flags,
    Effect.gen(function* () {
      const exchange = yield* Exchange;
      const proxy = Option.getOrUndefined(yield* Effect.serviceOption(FaultProxy));
      const clock = yield* ExchangeClock;
      yield* Effect.forEach(input.faults, (text) => {
        const [verb = "", ...pairs] = text.trim().split(/\s+/);
        return Effect.mapError(
          switchOn({ exchange, clock, proxy }, { verb, pairs }),
          ({ message }) => new ConfigError({ setting: "fault", input: text, reason: `cannot be: ${message}` }),
        );
      });
      const served: Served = {
        ...(yield* LoopbackServer),
        profile: input.profile,
        seed: flags.seed,
        speed: input.speed,
        markets: exchange.world.markets.length,
        control: Option.getOrUndefined(yield* Effect.serviceOption(ControlServer)),
        proxy,
      };
      yield* flags.json ? output.json(documentOf(served)) : output.lines(greeting(served));
      return yield* Effect.never;
    }).pipe(Effect.provide(servers(flags, input))),
  );

interface Served {
  readonly url: string;
  readonly socketUrl: string;
  readonly port: number;
  readonly profile: ProfileName;
  readonly seed: number;
  readonly speed: number;
  readonly markets: number;
  readonly control: ControlServer["Service"] | undefined;
  readonly proxy: FaultProxy["Service"] | undefined;
}

const servers = ({ seed }: Flags, input: ServeInput) => {
  const { port, controlPort, proxyPort } = input;
  const exchange = orConfigError("port", port, layerLoopbackServer({ port, speed: input.speed })).pipe(
    Layer.provideMerge(Exchange.layer({ seed, profile: input.profile, markets: { count: Option.getOrUndefined(input.markets) } })),
  );
  const proxied = Option.match(proxyPort, {
    onNone: () => exchange,
    onSome: (at) => orConfigError("proxy-port", at, layerBeforeServer({ port: at, seed })).pipe(Layer.provideMerge(exchange)),
  });
  return Option.match(controlPort, {
    onNone: () => proxied,
    onSome: (at) => orConfigError("control-port", at, layerControlServer({ port: at })).pipe(Layer.provideMerge(proxied)),
  });
};

/** A port that cannot be had is the user's to change. */
const orConfigError = <I, R>(setting: string, port: number, layer: Layer.Layer<I, never, R>): Layer.Layer<I, ConfigError, R> =>
  Layer.catchCause(layer, (cause) => {
    const failed: Effect.Effect<Layer.Layer<I>, ConfigError> = Effect.fail(portError(setting, port, codeOf(Cause.squash(cause))));
    return Layer.unwrap(failed);
  });

/** Why a port cannot be listened on, by the system's code. */
export const portError = (setting: string, port: number, code: string | null): ConfigError =>
  new ConfigError({ setting, input: String(port), reason: whyNot(setting, code) });

const codeOf = (error: unknown): string | null =>
  typeof error === "object" && error !== null && "code" in error && typeof error.code === "string" ? error.code : null;

const whyNot = (setting: string, code: string | null): string => {
  const free = `--${setting} 0 takes a free one`;
  if (code === "EADDRINUSE") return `is already in use; ${free}`;
  if (code === "EACCES") return `may not be listened on by this user; ${free}`;
  return `cannot be listened on${code === null ? "" : ` (${code})`}`;
};

const documentOf = ({ url, socketUrl, port, profile, seed, speed, markets, control, proxy }: Served): unknown => ({
  kind: "sim",
  url,
  socketUrl,
  port,
  profile,
  seed,
  speed,
  markets,
  controlUrl: control?.url ?? null,
  proxyUrl: proxy?.url ?? null,
  proxySocketUrl: proxy?.socketUrl ?? null,
});

const greeting = ({ url, socketUrl, profile, seed, speed, control, proxy }: Served): ReadonlyArray<string> => [
  `emulated exchange${profile === "upbit" ? "" : ` ${profile}`} with seed ${seed} at ${url}${speed === 1 ? "" : `, ${speed} times as fast as a clock`} — every price is made up; Ctrl-C ends it`,
  "try",
  `  curl '${url}/v1/ticker?markets=KRW-BTC,KRW-ETH'`,
  `  curl '${url}/v1/candles/minutes/1?market=KRW-BTC&count=3'`,
  `  npx --yes pnpm@12 --silent naru --venue ${url} ticker KRW-BTC`,
  `with a socket client at ${socketUrl}, send`,
  `  [{"ticket":"1"},{"type":"trade","codes":["KRW-BTC"]}]`,
  ...(proxy === undefined ? [] : [`through the fault proxy at ${proxy.url} and ${proxy.socketUrl}`]),
  ...(control === undefined
    ? ["--control-port 8788 opens a port to look into it and to switch faults on"]
    : [
        `look into it, and switch faults on, at ${control.url}/_sim`,
        `  curl '${control.url}/_sim/state'`,
        `  curl '${control.url}/_sim/faults' --data '{"verb":"server-error","path":"/v1/ticker","times":3}'`,
        `  npx --yes pnpm@12 --silent naru sim ledger requests --follow --control ${control.url}`,
      ]),
];
