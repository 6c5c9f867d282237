/** `naru markets`: what can be asked for. */
import { MarketData } from "@naru/router/MarketData";
import * as Console from "effect/Console";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import type { CommandFailed } from "../CommandFailed.ts";
import * as output from "../output.ts";
import { withProgress } from "../progress.ts";
import { printable } from "../render/style.ts";
import { marketsTable, marketToJson } from "../render/markets.ts";
import type { Connection } from "../settings.ts";
import { withMarketData } from "../venue.ts";

export const markets = (
  flags: Connection,
  { quote, ticks }: { readonly quote: Option.Option<string>; readonly ticks: boolean },
): Effect.Effect<void, CommandFailed> =>
  withMarketData(
    flags,
    Effect.gen(function* () {
      const data = yield* MarketData;
      const listed = yield* withProgress(
        data.getMarkets({ quote: Option.getOrUndefined(quote), instruments: ticks }),
        "reading the list of markets",
      );
      const { venue, simulated } = yield* data.health;
      if (listed.length === 0)
        return yield* Console.error(`none: ${venue} has no market priced in ${printable(Option.getOrElse(quote, () => "anything"))}`);
      if (flags.json)
        yield* Effect.forEach(listed, (info) => output.json({ kind: "market", venue, simulated, ...marketToJson(info) }), {
          discard: true,
        });
      else yield* output.lines(marketsTable(listed, simulated, yield* output.style));
    }),
  );
