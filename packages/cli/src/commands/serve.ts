/** `naru sim serve`: the emulated exchange for any client on this machine, until interrupted. */
import { Exchange } from "@naru/sim/Exchange";
import { layerLoopbackServer, LoopbackServer } from "@naru/sim/server/LoopbackServer";
import { ConfigError } from "@naru/router/errors/MarketDataError";
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type { CommandFailed } from "../CommandFailed.ts";
import { reporting } from "../failure.ts";
import * as output from "../output.ts";
import type { Printing } from "../settings.ts";

export const serve = (
  flags: Printing & { readonly seed: number },
  { port }: { readonly port: number },
): Effect.Effect<void, CommandFailed> =>
  reporting(
    flags,
    Effect.flatMap(LoopbackServer, ({ url, socketUrl, port: taken }) =>
      Effect.andThen(
        flags.json ? output.json({ kind: "sim", url, socketUrl, port: taken, seed: flags.seed }) : output.lines(greeting(url, flags.seed)),
        Effect.never,
      ),
    ).pipe(Effect.provide(server(flags.seed, port))),
  );

/** A port that cannot be had is the user's to change. */
const server = (seed: number, port: number): Layer.Layer<LoopbackServer, ConfigError> =>
  layerLoopbackServer({ port }).pipe(
    Layer.provide(Exchange.layer({ seed })),
    Layer.catchCause((cause) => Layer.effect(LoopbackServer, Effect.fail(portError(port, codeOf(Cause.squash(cause)))))),
  );

/** Why a port cannot be listened on, by the system's code. */
export const portError = (port: number, code: string | null): ConfigError =>
  new ConfigError({ setting: "port", input: String(port), reason: whyNot(code) });

const codeOf = (error: unknown): string | null =>
  typeof error === "object" && error !== null && "code" in error && typeof error.code === "string" ? error.code : null;

const whyNot = (code: string | null): string => {
  if (code === "EADDRINUSE") return "is already in use; --port 0 takes a free one";
  if (code === "EACCES") return "may not be listened on by this user; --port 0 takes a free one";
  return `cannot be listened on${code === null ? "" : ` (${code})`}`;
};

const greeting = (url: string, seed: number): ReadonlyArray<string> => [
  `emulated exchange with seed ${seed} at ${url} — every price is made up; Ctrl-C ends it`,
  "try",
  `  curl '${url}/v1/ticker?markets=KRW-BTC,KRW-ETH'`,
  `  curl '${url}/v1/candles/minutes/1?market=KRW-BTC&count=3'`,
  `  npx --yes pnpm@12 --silent naru --venue ${url} ticker KRW-BTC`,
];
