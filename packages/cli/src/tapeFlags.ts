/** The flags of `naru record` and `naru replay`. */
import * as Argument from "effect/cli/Argument";
import type * as Command from "effect/cli/Command";
import * as Flag from "effect/cli/Flag";
import * as Option from "effect/Option";
import * as Result from "effect/Result";
import { Context } from "@naru/router/domain/Question";
import { portFlag } from "./portFlag.ts";
import { parseDuration } from "./settings.ts";

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
  for: Flag.optional(lengthOfTime("How long, such as 60s or 8h (until interrupted)")),
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
  port: Flag.optional(portFlag("port", "Port on 127.0.0.1, up to 65535; 0 takes a free one (8787)")),
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

export const tune = {
  file: Argument.String("file").pipe(Argument.withDescription("A tape of requests and sockets, such as naru record writes")),
  context: Flag.Literals("context", Context.literals).pipe(
    Flag.withDescription("What the questions are for (realtime_trading)"),
    Flag.withDefault("realtime_trading" as const),
  ),
  realtime: Flag.Boolean("realtime").pipe(Flag.withDescription("They want the socket"), Flag.withDefault(false)),
  seed: Flag.Int("seed").pipe(Flag.withDescription("Of the search: the same finds the same (1)"), Flag.withDefault(1)),
};

export type TuneInput = Command.Command.Config.Infer<typeof tune>;

/** `--for` with a length of time, in milliseconds. */
export function lengthOfTime(description: string) {
  return Flag.String("for").pipe(
    Flag.withMetavar("duration"),
    Flag.withDescription(description),
    Flag.filterMap(
      (text) => Result.getSuccess(parseDuration(text)),
      (text) => Result.match(parseDuration(text), { onSuccess: () => "", onFailure: (reason) => reason }),
    ),
  );
}

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
