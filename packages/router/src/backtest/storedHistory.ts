/**
 * Streams of candles that begin with history, in a back-test. There is no seam to be found, as `joinedCandles.ts` finds one in what happens: what had
 * ended at the moment is the past, and the rest comes at its time. Whoever sleeps over the past is given what ended meanwhile late, and nothing twice.
 */
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import * as Stream from "effect/Stream";
import { candlesQuestion } from "../ask.ts";
import type { Asker } from "../Asker.ts";
import type { Candle } from "../domain/Candle.ts";
import { windowStart } from "../domain/Interval.ts";
import type { CandlesQuestion } from "../domain/Question.ts";
import type { Recovered } from "../domain/StreamElement.ts";
import type { MarketDataError } from "../errors/MarketDataError.ts";
import type { JoinedCandles } from "../joinedCandles.ts";
import type { RouterConfigShape } from "../RouterConfig.ts";
import { candlesFrom, type Stage } from "./storedStreams.ts";

export const make = (stage: Stage, asker: Pick<Asker, "begin">, config: RouterConfigShape): JoinedCandles => {
  const { clock } = stage;
  return (markets, interval, options) =>
    Stream.suspend(() => {
      const { history } = options;
      const nowMs = clock.currentTimeMillisUnsafe();
      const live = candlesFrom(stage, markets, interval, nowMs);
      if (history === undefined) return live;
      const questions: Array<CandlesQuestion> = [];
      for (const market of typeof markets === "string" ? [markets] : new Set(markets)) {
        const checked = candlesQuestion(market, interval, { ...history, context: "research" }, config, nowMs);
        if (Result.isFailure(checked)) return Stream.fail(checked.failure);
        const { success } = checked;
        questions.push({ ...success, toMs: windowStart(success.interval, nowMs), forming: "exclude" });
      }
      const read = Effect.forEach(questions, (question) => pastOf(asker, question, nowMs));
      return Stream.concat(Stream.unwrap(Effect.map(read, (past) => Stream.fromIterable(past.flat()))), live);
    });
};

/** All of it had ended at the moment. */
const pastOf = (
  asker: Pick<Asker, "begin">,
  question: CandlesQuestion,
  receivedTimeMs: number,
): Effect.Effect<ReadonlyArray<Recovered<Candle>>, MarketDataError> =>
  Effect.map(asker.begin(question, 1), ({ value }) =>
    // A question about candles is answered with candles.
    (value as ReadonlyArray<Candle>).map((row) => ({
      ...{ _tag: "Recovered", market: row.market, late: false, receivedTimeMs },
      value: { ...row, proof: "rest" },
    })),
  );
