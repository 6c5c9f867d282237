/**
 * Flags and arguments of the command line. Only what parsing needs is imported here: this file is loaded for `--help`, long before any
 * network code. The words that flags accept are written out for the same reason; their types come from the router, so a word that the
 * router does not know fails to compile.
 */
import type { Context, Intent, Kind, OnStale, Priority, Strategy } from "@naru/router/domain/Question";
import type { RecordedKind } from "@naru/upbit/recorded";
import * as Config from "effect/Config";
import * as Option from "effect/Option";
import * as Argument from "effect/cli/Argument";
import type * as Command from "effect/cli/Command";
import * as Flag from "effect/cli/Flag";

const priorities = ["critical", "high", "normal", "low"] as const satisfies ReadonlyArray<Priority>;
const strategies = ["auto", "rest_only", "websocket_only"] as const satisfies ReadonlyArray<Strategy>;
const staleWays = ["fail", "serve"] as const satisfies ReadonlyArray<OnStale>;
const contexts = ["realtime_trading", "market_scanning", "monitoring", "backtesting", "research"] as const satisfies ReadonlyArray<Context>;
const kinds = ["ticker", "orderbook", "trades", "candles"] as const satisfies ReadonlyArray<Kind>;

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

const millisPerUnit: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Milliseconds of `1500`, `500ms`, `2s`, `1.5m` or `1h`; a bare number is milliseconds. */
export const parseDuration = (text: string): Option.Option<number> => {
  const match = /^(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h)?$/.exec(text.trim());
  return match === null ? Option.none() : Option.some(Number(match[1]) * (millisPerUnit[match[2] ?? "ms"] ?? 1));
};

const duration = (name: string) =>
  Flag.String(name).pipe(
    Flag.withMetavar("duration"),
    Flag.filterMap(parseDuration, (text) => `${text} is not a duration such as 500ms, 2s or 1m`),
  );

const unlessGiven = <A>(flag: Flag.Flag<A>) => Flag.optional(flag);

/** Flags that every command understands, before or after its name. */
export const shared = {
  venue: Flag.String("venue").pipe(
    Flag.withMetavar("name|url"),
    Flag.withDescription("upbit, upbit-sg, upbit-id, upbit-th, sim, or an address such as http://127.0.0.1:8080 (env NARU_VENUE; upbit)"),
    Flag.withFallbackConfig(Config.String("NARU_VENUE")),
    Flag.withDefault("upbit"),
    Flag.map((venue) => (venue.trim() === "" ? "upbit" : venue.trim())),
  ),
  simulated: unlessGiven(
    Flag.Boolean("simulated").pipe(
      Flag.withDescription(
        "Whether an address serves made-up prices; assumed for addresses on this machine, --no-simulated for a proxy there",
      ),
    ),
  ),
  seed: Flag.Int("seed").pipe(Flag.withDescription("Decides every trade of the emulated exchange (1)"), Flag.withDefault(1)),
  json: Flag.Boolean("json").pipe(Flag.withDescription("One JSON document per line on stdout"), Flag.withDefault(false)),
  maxAge: unlessGiven(duration("max-age").pipe(Flag.withDescription("The oldest value accepted, by its last confirmation"))),
  deadline: unlessGiven(duration("deadline").pipe(Flag.withDescription("Budget of one call over everything (5s); per page for rows"))),
  priority: unlessGiven(Flag.Literals("priority", priorities).pipe(Flag.withDescription("Order in queues (normal)"))),
  realtime: unlessGiven(Flag.Boolean("realtime").pipe(Flag.withDescription("Prefer a live subscription, and start one"))),
  strategy: unlessGiven(Flag.Literals("strategy", strategies).pipe(Flag.withDescription("Forbid a channel (auto)"))),
  context: unlessGiven(Flag.Literals("context", contexts).pipe(Flag.withDescription("What the answer is for (realtime_trading)"))),
  onStale: unlessGiven(
    Flag.Literals("on-stale", staleWays).pipe(
      Flag.withDescription("When only an older value is known: an error, or the value with a label"),
    ),
  ),
};

/** What the shared flags say, parsed. */
export type Shared = Command.Command.Config.Infer<typeof shared>;

/** The part of the flags that goes with a question. */
export const intentOf = (flags: Shared): Intent => ({
  maxAge: Option.getOrUndefined(flags.maxAge),
  deadline: Option.getOrUndefined(flags.deadline),
  priority: Option.getOrUndefined(flags.priority),
  realtime: Option.getOrUndefined(flags.realtime),
  strategy: Option.getOrUndefined(flags.strategy),
  context: Option.getOrUndefined(flags.context),
  onStale: Option.getOrUndefined(flags.onStale),
});

export const market = Argument.String("market").pipe(Argument.withDescription("Quote first: KRW-BTC"));

export const markets = market.pipe(Argument.variadic({ min: 1, max: 1_000 }));

export const kind = Argument.Literals("kind", kinds);

export const levels = Flag.Int("levels").pipe(Flag.withDescription("Price levels per side, 1 to 30 (15)"), Flag.withDefault(15));

export const count = (what: string, otherwise: number) =>
  Flag.Int("count").pipe(Flag.withDescription(`${what} (${otherwise})`), Flag.withDefault(otherwise));

export const interval = Flag.String("interval").pipe(
  Flag.withDescription("1s 1m 3m 5m 10m 15m 30m 1h 4h 1d 1w 1M 1y (1m)"),
  Flag.withDefault("1m"),
);

/** How many rows and which, for candles. A range has as many rows as it has, so a count is a default only without `--from`. */
export const candles = {
  market,
  interval,
  count: unlessGiven(
    Flag.Int("count").pipe(Flag.withDescription("Rows wanted, the newest (200 without --from); any number, read in pages")),
  ),
  from: unlessGiven(moment("from", "First window, inclusive: 2026-01-31 or 2026-01-31T09:00:00+09:00; UTC without a zone")),
  to: unlessGiven(moment("to", "Windows starting before this (now)")),
  forming: unlessGiven(Flag.Literals("forming", ["include", "exclude"]).pipe(Flag.withDescription("The window in progress (include)"))),
  fill: unlessGiven(
    Flag.Literals("fill", ["none", "flat"]).pipe(Flag.withDescription("flat: a marked empty candle where nobody traded (none)")),
  ),
};

export type CandlesInput = Command.Command.Config.Infer<typeof candles>;

function moment(name: string, description: string) {
  return Flag.String(name).pipe(Flag.withMetavar("time"), Flag.withDescription(description));
}
