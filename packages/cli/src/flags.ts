/**
 * Flags and arguments of single commands, which stand after the command's name. Only what parsing needs is imported here: this file is loaded
 * for `--help`, long before any network code. The words that flags accept are written out for the same reason; their types come from the
 * router, so a word that the router does not know fails to compile.
 */
import type { RecordedKind } from "@naru/upbit/recorded";
import * as Argument from "effect/cli/Argument";
import type * as Command from "effect/cli/Command";
import * as Flag from "effect/cli/Flag";

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

/** Whose bars. */
export const bars = {
  markets: market.pipe(Argument.variadic({ min: 0, max: 1_000 })),
  quote: Flag.optional(Flag.String("quote").pipe(Flag.withDescription("Every market priced in this currency, in place of names: KRW"))),
};

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

function moment(name: string, description: string) {
  return Flag.String(name).pipe(Flag.withMetavar("time"), Flag.withDescription(description));
}
