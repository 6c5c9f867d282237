/** `naru stream bars`: one element for each window, with the closed candle of every market. */
import { InvalidRequest } from "@naru/router/errors/MarketDataError";
import { MarketData } from "@naru/router/MarketData";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Stream from "effect/Stream";
import type { CommandFailed } from "../CommandFailed.ts";
import * as output from "../output.ts";
import { barLines, barToJson } from "../render/bars.ts";
import type { Serving } from "../settings.ts";
import { withMarketData } from "../venue.ts";

export interface BarsInput {
  readonly markets: ReadonlyArray<string>;
  readonly quote: Option.Option<string>;
  readonly interval: string;
  /** Bars after which it ends; corrections and interruptions are not counted. */
  readonly count: Option.Option<number>;
}

export const bars = (flags: Serving, { markets, quote, interval, count }: BarsInput): Effect.Effect<void, CommandFailed> =>
  withMarketData(
    { ...flags, program: "naru stream bars" },
    Effect.gen(function* () {
      if (Option.isSome(quote) === markets.length > 0)
        return yield* new InvalidRequest({ field: "market", input: markets.join(" "), reason: "or --quote must be given, and not both" });
      const data = yield* MarketData;
      const origin = yield* data.health;
      const style = yield* output.style;
      const most = Option.getOrElse(count, () => Number.POSITIVE_INFINITY);
      let seen = 0;
      const wanted = Option.isSome(quote) ? { quote: quote.value } : { markets };
      const elements = Stream.takeUntil(data.streamBarsEvents(wanted, interval), (element) => element._tag === "Bar" && ++seen >= most);
      yield* Stream.runForEach(elements, (element) =>
        flags.json ? output.json(barToJson(element, origin)) : output.lines(barLines(element, origin, style)),
      );
    }),
  );
