/** `naru explain`: how a question would be answered now, without asking the exchange for its values. */
import type { QuestionSpec } from "@naru/router/explain";
import type { Kind } from "@naru/router/domain/Question";
import { explain as explained, MarketData } from "@naru/router/MarketData";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import type { CommandFailed } from "../CommandFailed.ts";
import { type CandlesInput, intentOf, type Shared } from "../flags.ts";
import * as output from "../output.ts";
import { explanationLines } from "../render/explanation.ts";
import { withMarketData } from "../venue.ts";
import { candlesOptions } from "./rows.ts";

export interface ExplainInput extends CandlesInput {
  readonly kind: Kind;
  readonly levels: number;
}

export const explain = (flags: Shared, input: ExplainInput): Effect.Effect<void, CommandFailed> =>
  withMarketData(
    flags,
    Effect.gen(function* () {
      const explanation = yield* explained(questionOf(flags, input));
      const { venue, simulated } = yield* MarketData.use((data) => data.health);
      yield* flags.json
        ? output.json({ kind: "explanation", venue, simulated, ...explanation })
        : output.lines(explanationLines(explanation, { venue, simulated }, yield* output.style));
    }),
  );

const questionOf = (flags: Shared, input: ExplainInput): QuestionSpec => {
  const { kind, market, interval, levels } = input;
  const intent = intentOf(flags);
  switch (kind) {
    case "ticker":
      return { kind, market, ...intent };
    case "orderbook":
      return { kind, market, levels, ...intent };
    case "trades":
      return { kind, market, count: Option.getOrUndefined(input.count), ...intent };
    case "candles":
      return { kind, market, interval, ...candlesOptions(input), ...intent };
  }
};
