/** `naru trades` and `naru candles`: rows of one market, oldest first. Many rows are read in pages, each of which is a request. */
import { type Answer, answerToJson } from "@naru/router/domain/Answer";
import type { MarketDataError } from "@naru/router/errors/MarketDataError";
import type { CandlesOptions } from "@naru/router/ask";
import { explain, getCandles, getTrades, type MarketData } from "@naru/router/MarketData";
import type { QuestionSpec } from "@naru/router/explain";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import type { CommandFailed } from "../CommandFailed.ts";
import { type CandlesInput, intentOf, type Shared } from "../flags.ts";
import * as output from "../output.ts";
import { withProgress } from "../progress.ts";
import { candlesTable, tradesTable } from "../render/answers.ts";
import { counted } from "../render/numbers.ts";
import type { Style } from "../render/style.ts";
import { withMarketData } from "../venue.ts";

export const trades = (
  flags: Shared,
  { market, count }: { readonly market: string; readonly count: number },
): Effect.Effect<void, CommandFailed> => {
  const options = { ...intentOf(flags), count };
  return printed(flags, { kind: "trades", market, ...options }, getTrades(market, options), tradesTable);
};

/** The newest rows asked for, when neither a count nor a range says how many. */
const usualCount = 200;

/** What the flags say about the rows wanted. */
export const candlesOptions = (input: Pick<CandlesInput, "count" | "from" | "to" | "forming" | "fill">): CandlesOptions => ({
  count: Option.getOrUndefined(Option.isSome(input.from) ? input.count : Option.orElseSome(input.count, () => usualCount)),
  from: Option.getOrUndefined(input.from),
  to: Option.getOrUndefined(input.to),
  forming: Option.getOrUndefined(input.forming),
  fill: Option.getOrUndefined(input.fill),
});

export const candles = (flags: Shared, input: CandlesInput): Effect.Effect<void, CommandFailed> => {
  const { market, interval } = input;
  const options = { ...intentOf(flags), ...candlesOptions(input) };
  return printed(flags, { kind: "candles", market, interval, ...options }, getCandles(market, interval, options), candlesTable);
};

const printed = <A>(
  flags: Shared,
  question: QuestionSpec,
  asked: Effect.Effect<Answer<A>, MarketDataError, MarketData>,
  render: (answer: Answer<A>, style: Style) => ReadonlyArray<string>,
): Effect.Effect<void, CommandFailed> =>
  withMarketData(
    flags,
    Effect.gen(function* () {
      // What is wrong with the question is said before anything is read; what it costs is known from here on.
      const { restRequests } = yield* withProgress(explain(question), "reading the list of markets");
      const answer = yield* withProgress(
        asked,
        `reading ${question.kind} of ${question.market}, at most ${counted(restRequests, "request")}`,
      );
      yield* flags.json ? output.json(answerToJson(answer)) : output.lines(render(answer, yield* output.style));
    }),
  );
