/** `naru stream` and `naru explain`: one command per kind of data, so that each has the flags that mean something for it and no others. */
import * as Command from "effect/cli/Command";
import * as flags from "./flags.ts";
import { running } from "./running.ts";
import * as settings from "./settings.ts";
import type { ExplainInput } from "./commands/explain.ts";
import type { StreamInput } from "./commands/stream.ts";

const streaming = (input: StreamInput) =>
  running(
    () => import("./commands/stream.ts"),
    settings.serving,
    (command, given) => command.stream(given, input),
  );

const live = { markets: flags.markets, count: flags.endAfter };

export const stream = Command.make("stream").pipe(
  Command.withDescription("Elements as they come, one per line, interruptions included"),
  Command.withExamples([{ command: "naru stream trades KRW-BTC --json", description: "One JSON document per trade" }]),
  Command.withSubcommands([
    Command.make("ticker", live, (input) => streaming({ kind: "ticker", ...input })).pipe(
      Command.withDescription("Last price and the day's figures, at every change"),
    ),
    Command.make("orderbook", { ...live, levels: flags.levels }, (input) => streaming({ kind: "orderbook", ...input })).pipe(
      Command.withDescription("Bids and asks, at every change"),
    ),
    Command.make("trades", live, (input) => streaming({ kind: "trades", ...input })).pipe(
      Command.withDescription("Every trade, once and in order"),
    ),
    Command.make("candles", { ...live, interval: flags.interval }, (input) => streaming({ kind: "candles", ...input })).pipe(
      Command.withDescription("The candle in progress at every change, and each one closed"),
    ),
    Command.make("bars", { ...flags.bars, count: flags.endAfter, interval: flags.interval }, (input) =>
      running(
        () => import("./commands/bars.ts"),
        settings.serving,
        (command, given) => command.bars(given, input),
      ),
    ).pipe(
      Command.withDescription("Every market's closed candle, once for each window, a moment after its end"),
      Command.withExamples([{ command: "naru stream bars --quote KRW --interval 1m", description: "All KRW markets, also new ones" }]),
    ),
  ]),
  Command.withGlobalFlags(settings.servingFlags),
);

const explaining = (input: ExplainInput) =>
  running(
    () => import("./commands/explain.ts"),
    settings.asking,
    (command, given) => command.explain(given, input),
  );

export const explain = Command.make("explain").pipe(
  Command.withDescription("How a question would be answered, and why, without asking it"),
  Command.withExamples([
    { command: "naru explain candles KRW-BTC --interval 1m --count 1000", description: "Tiers, scores, rules and cost" },
  ]),
  Command.withSubcommands([
    Command.make("ticker", { market: flags.market }, (input) => explaining({ kind: "ticker", ...input })).pipe(
      Command.withDescription("A question for the last price"),
    ),
    Command.make("orderbook", { market: flags.market, levels: flags.levels }, (input) => explaining({ kind: "orderbook", ...input })).pipe(
      Command.withDescription("A question for bids and asks"),
    ),
    Command.make("trades", { market: flags.market, count: flags.tradesCount }, (input) => explaining({ kind: "trades", ...input })).pipe(
      Command.withDescription("A question for the newest trades"),
    ),
    Command.make("candles", flags.candles, (input) => explaining({ kind: "candles", ...input })).pipe(
      Command.withDescription("A question for candles"),
    ),
  ]),
  Command.withGlobalFlags(settings.askingFlags),
);
