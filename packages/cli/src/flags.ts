/**
 * Flags and arguments of single commands, which stand after the command's name. Only what parsing needs is imported here: this file is loaded
 * for `--help`, long before any network code. The words that flags accept are written out for the same reason; their types come from the
 * router, so a word that the router does not know fails to compile.
 */
import type { RecordedKind } from "@naru/upbit/recorded";
import * as Argument from "effect/cli/Argument";
import type * as Command from "effect/cli/Command";
import * as Flag from "effect/cli/Flag";
import * as Option from "effect/Option";
import * as Result from "effect/Result";
import { parseDuration } from "./settings.ts";

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

const givenPort = Flag.Int("port").pipe(
  Flag.withDescription("Port on 127.0.0.1, up to 65535; 0 takes a free one (8787)"),
  Flag.filter(
    (number) => number >= 0 && number < portEnd,
    () => "is not a port; there are 1 to 65535, and 0 for a free one",
  ),
);

export const usualPort = 8787;

export const port = Flag.withDefault(givenPort, usualPort);

/** Kinds that a recording can stream. */
const tapeKinds = ["ticker", "trades", "orderbook"] as const;
export type TapeKind = (typeof tapeKinds)[number];

const tapeFile = Argument.String("file").pipe(Argument.withDescription("The tape; new or to be continued"));

export const record = {
  file: tapeFile,
  markets: Flag.String("markets").pipe(
    Flag.withMetavar("list"),
    Flag.withDescription("Comma between them, quote first: KRW-BTC,KRW-ETH"),
    Flag.map((text) => listed(text)),
    Flag.filter(
      (codes) => codes.length > 0,
      () => "needs at least one market such as KRW-BTC",
    ),
  ),
  kinds: Flag.String("kinds").pipe(
    Flag.withMetavar("list"),
    Flag.withDescription("Of ticker, trades, orderbook, comma between them (all three)"),
    Flag.withDefault(tapeKinds.join(",")),
    Flag.filterMap(readTapeKinds, () => `is not a list of ${tapeKinds.join(", ")}`),
  ),
  for: Flag.String("for").pipe(
    Flag.withMetavar("duration"),
    Flag.withDescription("How long, such as 60s or 8h (until interrupted)"),
    Flag.filterMap(
      (text) => Result.getSuccess(parseDuration(text)),
      (text) => Result.match(parseDuration(text), { onSuccess: () => "", onFailure: (reason) => reason }),
    ),
    Flag.optional,
  ),
  note: Flag.optional(Flag.String("note").pipe(Flag.withDescription("Words for the tape's header"))),
};

export type RecordInput = Command.Command.Config.Infer<typeof record>;

export const replay = {
  file: Argument.String("file").pipe(Argument.withDescription("A tape, or somebody else's recording as .jsonl with raw and recv")),
  speed: Flag.String("speed").pipe(
    Flag.withMetavar("times|asap"),
    Flag.withDescription("Times as fast as it was recorded, or asap: as fast as it is taken (1)"),
    Flag.withDefault("1"),
    Flag.filterMap(readSpeed, () => "is neither a number of times such as 10, nor asap"),
  ),
  port: Flag.optional(givenPort),
  print: Flag.Boolean("print").pipe(
    Flag.withDescription("Print elements as naru stream does, instead of serving"),
    Flag.withDefault(false),
  ),
  filter: Flag.Boolean("filter").pipe(
    Flag.withDescription("Serve only what a client subscribed to, of what was recorded"),
    Flag.withDefault(false),
  ),
};

export type ReplayInput = Command.Command.Config.Infer<typeof replay>;

function listed(text: string): ReadonlyArray<string> {
  return text
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");
}

/** `trade` is the wire's word for `trades`. */
function readTapeKinds(text: string): Option.Option<ReadonlyArray<TapeKind>> {
  const named = listed(text).map((one) => tapeKinds.find((kind) => kind === one || kind === `${one}s`));
  const known = [...new Set(named)].filter((kind) => kind !== undefined);
  return named.length > 0 && !named.includes(undefined) ? Option.some(known) : Option.none();
}

function readSpeed(text: string): Option.Option<number | "asap"> {
  if (text === "asap") return Option.some("asap");
  const times = /^(\d{1,6}(?:\.\d{1,6})?)x?$/.exec(text)?.[1];
  return times === undefined || Number(times) === 0 ? Option.none() : Option.some(Number(times));
}

function moment(name: string, description: string) {
  return Flag.String(name).pipe(Flag.withMetavar("time"), Flag.withDescription(description));
}
