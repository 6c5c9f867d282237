/** `naru ticker` and `naru orderbook`: one answer per market, the good ones also when others fail. */
import { type Answer, type Answers, answerToJson } from "@naru/router/domain/Answer";
import type { Intent } from "@naru/router/domain/Question";
import type { MarketDataError } from "@naru/router/errors/MarketDataError";
import { getOrderbook, getTicker, type MarketData } from "@naru/router/MarketData";
import type { QuestionSpec } from "@naru/router/explain";
import * as Effect from "effect/Effect";
import type { CommandFailed } from "../CommandFailed.ts";
import { failed, report } from "../failure.ts";
import { linked } from "../link.ts";
import * as output from "../output.ts";
import { withProgress } from "../progress.ts";
import { orderbookTable, tickerTable } from "../render/answers.ts";
import type { Style } from "../render/style.ts";
import { type Asking, intentOf } from "../settings.ts";
import { withMarketData } from "../venue.ts";

export const ticker = (flags: Asking, markets: ReadonlyArray<string>): Effect.Effect<void, CommandFailed> =>
  printed(
    flags,
    markets.map((market) => ({ kind: "ticker", market, ...intentOf(flags) })),
    (intent) => getTicker(markets, intent),
    tickerTable,
  );

export const orderbook = (
  flags: Asking,
  { markets, levels }: { readonly markets: ReadonlyArray<string>; readonly levels: number },
): Effect.Effect<void, CommandFailed> =>
  printed(
    flags,
    markets.map((market) => ({ kind: "orderbook", market, levels, ...intentOf(flags) })),
    (intent) => getOrderbook(markets, { ...intent, levels }),
    (answers, style) => answers.flatMap((answer, i) => [...(i === 0 ? [] : [""]), ...orderbookTable(answer, style)]),
  );

/** Answers first, then what failed; the exit code is that of the first failure. */
const printed = <A>(
  flags: Asking,
  questions: ReadonlyArray<QuestionSpec>,
  ask: (intent: Intent) => Effect.Effect<Answers<A>, MarketDataError, MarketData>,
  render: (answers: ReadonlyArray<Answer<A>>, style: Style) => ReadonlyArray<string>,
): Effect.Effect<void, CommandFailed> =>
  withMarketData(
    flags,
    Effect.gen(function* () {
      const { answers, failures } = yield* withProgress(Effect.flatMap(linked(intentOf(flags), questions), ask), "waiting for an answer");
      if (flags.json) yield* Effect.forEach(answers, (answer) => output.json(answerToJson(answer)), { discard: true });
      else if (answers.length > 0) yield* output.lines(render(answers, yield* output.style));
      yield* Effect.forEach(failures, ({ market, error }) => report(flags, error, market), { discard: true });
      const [first] = failures;
      if (first !== undefined) return yield* failed(first.error);
    }),
  );
