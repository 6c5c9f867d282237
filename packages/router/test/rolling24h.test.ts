/** The figures of 24 hours with an answer that is older than its caller minds, with everything else scripted. */
import { assert, describe, it } from "@effect/vitest";
import { Clock, Effect } from "effect";
import { TestClock } from "effect/testing";
import type { Asker } from "../src/Asker.ts";
import { Decimal } from "../src/domain/Decimal.ts";
import type { Question } from "../src/domain/Question.ts";
import type { Ticker } from "../src/domain/Ticker.ts";
import * as rolling24h from "../src/rolling24h.ts";
import { defaultRouterConfig } from "../src/RouterConfig.ts";
import { candle, questions, ticker } from "./samples.ts";

const hour = 3_600_000;
const now = Date.UTC(2026, 0, 31, 12, 30);

describe("the last 24 hours with an answer that was current a while ago", () => {
  it.effect("are those before that moment, and not of a day of which its last part is not known", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now);
      const clock = yield* Clock.Clock;
      let ageMs = 0;
      const value: Ticker = { ...ticker("100", now), tradeTimeMs: now, dayHigh: Decimal.of("120"), dayLow: Decimal.of("95") };
      const asker = {
        begin: (question: Question) =>
          Effect.sync(() => {
            if (question.kind === "candles") return { value: [candle(question.fromMs ?? 0, { interval: question.interval })] };
            return { value, provenance: { stale: false, exchangeTimeMs: now - ageMs, valueAgeMs: ageMs, confirmedAgeMs: ageMs } };
          }),
      } as unknown as Pick<Asker, "begin">;
      const rolling = rolling24h.make(asker, defaultRouterConfig, clock);
      const high = Effect.map(rolling.asker.begin(questions.ticker, 1), (answer) => (answer.value as Ticker).high24h?.toString());
      assert.strictEqual(yield* high, "120");
      // Half past eleven of yesterday was never read.
      ageMs = hour;
      assert.isUndefined(yield* high);
    }),
  );
});
