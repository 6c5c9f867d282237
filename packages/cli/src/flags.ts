/**
 * Flags and arguments of single commands, which stand after the command's name. Only what parsing needs is imported here: this file is loaded
 * for `--help`, long before any network code. The words that flags accept are written out for the same reason; their types come from the
 * router, so a word that the router does not know fails to compile.
 */
import type { RecordedKind } from "@naru/upbit/recorded";
import * as Config from "effect/Config";
import * as Argument from "effect/cli/Argument";
import type * as Command from "effect/cli/Command";
import * as Flag from "effect/cli/Flag";
import { duration } from "./settings.ts";

/** What `naru decode` may be told about a file. */
export const recordedKinds = [
  "ticker",
  "orderbook",
  "trades",
  "candles",
  "candles:1s",
  "candles:1m",
  "candles:3m",
  "candles:5m",
  "candles:10m",
  "candles:15m",
  "candles:30m",
  "candles:1h",
  "candles:4h",
  "candles:1d",
  "candles:1w",
  "candles:1M",
  "candles:1y",
  "markets",
  "instruments",
  "supported_levels",
  "socket",
] as const satisfies ReadonlyArray<RecordedKind>;

export const market = Argument.String("market").pipe(Argument.withDescription("Quote first: KRW-BTC"));

export const markets = market.pipe(Argument.variadic({ min: 1, max: 1_000 }));

export const levels = Flag.Int("levels").pipe(Flag.withDescription("Price levels per side, 1 to 30 (15)"), Flag.withDefault(15));

export const tradesCount = Flag.Int("count").pipe(Flag.withDescription("Trades wanted, the newest (20)"), Flag.withDefault(20));

/** After how many values a stream ends. */
export const endAfter = Flag.Int("count").pipe(
  Flag.withDescription("End after this many values, 1 or more"),
  Flag.filter(
    (count) => count >= 1,
    () => "is not a number of values; at least 1 is needed",
  ),
  Flag.optional,
);

export const interval = Flag.String("interval").pipe(
  Flag.withDescription("1s 1m 3m 5m 10m 15m 30m 1h 4h 1d 1w 1M 1y, also written 60m 240m 24h 7d 1mo 12M (1m); 1m is a minute, 1M a month"),
  Flag.withDefault("1m"),
);

/** How many rows and which, for candles. A range has as many rows as it has, so a count is a default only without `--from`. */
export const candles = {
  market,
  interval,
  count: Flag.optional(
    Flag.Int("count").pipe(Flag.withDescription("Rows wanted, the newest (200 without --from); any number, read in pages")),
  ),
  from: Flag.optional(moment("from", "First window, inclusive: 2026-01-31 or 2026-01-31T09:00:00+09:00; UTC without a zone")),
  to: Flag.optional(moment("to", "Windows starting before this (now)")),
  forming: Flag.optional(Flag.Literals("forming", ["include", "exclude"]).pipe(Flag.withDescription("The window in progress (include)"))),
  fill: Flag.optional(
    Flag.Literals("fill", ["none", "flat"]).pipe(Flag.withDescription("flat: a marked empty candle where nobody traded (none)")),
  ),
};

export type CandlesInput = Command.Command.Config.Infer<typeof candles>;

const portEnd = 65_536;

const speedFlag = Flag.Finite("speed").pipe(
  Flag.withDescription("How many times faster than a clock its time goes, 0.001 to 1000 (1)"),
  Flag.filter(
    (speed) => speed >= 0.001 && speed <= 1_000,
    () => "is no speed; 0.001 to 1000 are",
  ),
);

/** `naru sim serve`. */
export const serving = {
  port: portFlag("port", "Port on 127.0.0.1, up to 65535; 0 takes a free one (8787)").pipe(Flag.withDefault(8787)),
  controlPort: Flag.optional(portFlag("control-port", "Also a port to look into it and to switch faults on; none without it")),
  proxyPort: Flag.optional(portFlag("proxy-port", "Also a proxy that spoils TCP connections to it; none without it")),
  speed: speedFlag.pipe(Flag.withDefault(1)),
  markets: Flag.optional(
    Flag.Int("markets").pipe(
      Flag.withDescription("How many markets, 1 to 900; well-known ones first, then made-up ones (the well-known)"),
      Flag.filter(
        (count) => count >= 1 && count <= 900,
        () => "is no number of markets; 1 to 900 are",
      ),
    ),
  ),
  faults: Flag.String("fault").pipe(
    Flag.withMetavar("verb name=value …"),
    Flag.withDescription("A fault that is on from the start; may be given several times"),
    Flag.atLeast(0),
  ),
};

/** Where the control port of an exchange that is served listens. */
export const control = Flag.String("control").pipe(
  Flag.withMetavar("url"),
  Flag.withDescription("The control port (env NARU_CONTROL; http://127.0.0.1:8788)"),
  Flag.withFallbackConfig(Config.String("NARU_CONTROL")),
  Flag.withDefault("http://127.0.0.1:8788"),
);

/** `naru sim time`. */
export const timing = {
  speed: Flag.optional(speedFlag),
  pause: Flag.Boolean("pause").pipe(Flag.withDescription("Stop it"), Flag.withDefault(false)),
  resume: Flag.Boolean("resume").pipe(Flag.withDescription("Let it go on"), Flag.withDefault(false)),
  advance: duration("advance", "Move it on by so much at once"),
};

/** `naru sim ledger`. */
export const ledger = {
  kind: Argument.Literals("kind", ["requests", "frames", "connections", "trades", "tickers", "candles", "orderbooks", "faults"]),
  market: Flag.optional(Flag.String("market").pipe(Flag.withDescription("Only what concerns this market"))),
  limit: Flag.Int("limit").pipe(Flag.withDescription("Entries wanted, the newest, up to 1000 (20)"), Flag.withDefault(20)),
  follow: Flag.Boolean("follow").pipe(Flag.withDescription("Go on with what comes, until interrupted"), Flag.withDefault(false)),
};

function moment(name: string, description: string) {
  return Flag.String(name).pipe(Flag.withMetavar("time"), Flag.withDescription(description));
}

function portFlag(name: string, description: string) {
  return Flag.Int(name).pipe(
    Flag.withDescription(description),
    Flag.filter(
      (number) => number >= 0 && number < portEnd,
      () => "is not a port; there are 1 to 65535, and 0 for a free one",
    ),
  );
}
