/** `naru explain`: how a question would be answered now, without asking the exchange for its values. */
import type { Intent } from "@naru/router/domain/Question";
import type { QuestionSpec } from "@naru/router/explain";
import { explain as explained, MarketData } from "@naru/router/MarketData";
import * as Effect from "effect/Effect";
import type { CommandFailed } from "../CommandFailed.ts";
import type { CandlesInput } from "../flags.ts";
import { linked } from "../link.ts";
import * as output from "../output.ts";
import { explanationLines } from "../render/explanation.ts";
import { type Asking, intentOf } from "../settings.ts";
import { withMarketData } from "../venue.ts";
import { candlesOptions } from "./rows.ts";

export type ExplainInput =
  | { readonly kind: "ticker"; readonly market: string }
  | { readonly kind: "orderbook"; readonly market: string; readonly levels: number }
  | { readonly kind: "trades"; readonly market: string; readonly count: number }
  | ({ readonly kind: "candles" } & CandlesInput);

export const explain = (flags: Asking, input: ExplainInput): Effect.Effect<void, CommandFailed> =>
  withMarketData(
    flags,
    Effect.gen(function* () {
      // The link is opened as the question itself would open it, so that the answer is the one that the question would get.
      const intent = yield* linked(intentOf(flags), [questionOf(input, intentOf(flags))]);
      const explanation = yield* explained(questionOf(input, intent));
      const { venue, simulated, knownMarkets } = yield* MarketData.use((data) => data.health);
      const marketChecked = knownMarkets !== null;
      yield* flags.json
        ? output.json({ kind: "explanation", venue, simulated, marketChecked, ...explanation })
        : output.lines(explanationLines(explanation, { venue, simulated, marketChecked }, yield* output.style));
    }),
  );

const questionOf = (input: ExplainInput, intent: Intent): QuestionSpec => {
  const { kind, market } = input;
  switch (kind) {
    case "ticker":
      return { kind, market, ...intent };
    case "orderbook":
      return { kind, market, levels: input.levels, ...intent };
    case "trades":
      return { kind, market, count: input.count, ...intent };
    case "candles":
      return { kind, market, interval: input.interval, ...candlesOptions(input), ...intent };
  }
};
