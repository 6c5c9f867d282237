/** `naru markets`: what can be asked for. */
import { MarketData } from "@naru/router/MarketData";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import type { CommandFailed } from "../CommandFailed.ts";
import type { Shared } from "../flags.ts";
import * as output from "../output.ts";
import { withProgress } from "../progress.ts";
import { marketsTable, marketToJson } from "../render/markets.ts";
import { withMarketData } from "../venue.ts";

export const markets = (
  flags: Shared,
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
      if (flags.json)
        yield* Effect.forEach(listed, (info) => output.json({ kind: "market", venue, simulated, ...marketToJson(info) }), {
          discard: true,
        });
      else yield* output.lines(marketsTable(listed, simulated, yield* output.style));
    }),
  );
