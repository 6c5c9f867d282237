/** `naru trades` and `naru candles`: rows of one market, oldest first. Many rows are read in pages, each of which is a request. */
import { type Answer, answerToJson } from "@naru/router/domain/Answer";
import type { Intent } from "@naru/router/domain/Question";
import type { MarketDataError } from "@naru/router/errors/MarketDataError";
import type { CandlesOptions } from "@naru/router/ask";
import { explain, getCandles, getTrades, type MarketData } from "@naru/router/MarketData";
import type { QuestionSpec } from "@naru/router/explain";
import * as Console from "effect/Console";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import type { CommandFailed } from "../CommandFailed.ts";
import type { CandlesInput } from "../flags.ts";
import { linked } from "../link.ts";
import * as output from "../output.ts";
import { withProgress } from "../progress.ts";
import { candlesTable, tradesTable } from "../render/answers.ts";
import { counted } from "../render/numbers.ts";
import type { Style } from "../render/style.ts";
import { type Asking, intentOf } from "../settings.ts";
import { withMarketData } from "../venue.ts";

export const trades = (
  flags: Asking,
  { market, count }: { readonly market: string; readonly count: number },
): Effect.Effect<void, CommandFailed> =>
  printed(flags, { kind: "trades", market, ...intentOf(flags), count }, (intent) => getTrades(market, { ...intent, count }), tradesTable);

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

export const candles = (flags: Asking, input: CandlesInput): Effect.Effect<void, CommandFailed> => {
  const { market, interval } = input;
  const wanted = candlesOptions(input);
  return printed(
    flags,
    { kind: "candles", market, interval, ...intentOf(flags), ...wanted },
    (intent) => getCandles(market, interval, { ...intent, ...wanted }),
    candlesTable,
  );
};

const printed = <A>(
  flags: Asking,
  question: QuestionSpec,
  ask: (intent: Intent) => Effect.Effect<Answer<ReadonlyArray<A>>, MarketDataError, MarketData>,
  render: (answer: Answer<ReadonlyArray<A>>, style: Style) => ReadonlyArray<string>,
): Effect.Effect<void, CommandFailed> =>
  withMarketData(
    flags,
    Effect.gen(function* () {
      // What is wrong with the question is said before anything is read; what it costs is known from here on.
      const { restRequests } = yield* withProgress(explain(question), "reading the list of markets");
      const answer = yield* withProgress(
        Effect.flatMap(linked(intentOf(flags), [question]), ask),
        `reading ${question.kind} of ${question.market}, at most ${counted(restRequests, "request")}`,
      );
      const isEmpty = answer.value.length === 0;
      if (flags.json) yield* output.json(answerToJson(answer));
      else if (!isEmpty) yield* output.lines(render(answer, yield* output.style));
      if (isEmpty) yield* Console.error(`none: ${answer.market} has no ${question.kind} there`);
    }),
  );
