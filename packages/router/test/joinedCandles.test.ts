/** The past and the live candles as one stream, with both sides scripted. */
import { assert, describe, it } from "@effect/vitest";
import { Clock, Effect, Fiber, Stream } from "effect";
import { TestClock } from "effect/testing";
import type { Asker } from "../src/Asker.ts";
import type { Question } from "../src/domain/Question.ts";
import { StaleData } from "../src/errors/MarketDataError.ts";
import * as joinedCandles from "../src/joinedCandles.ts";
import { defaultRouterConfig } from "../src/RouterConfig.ts";
import type { Streaming } from "../src/streaming.ts";
import { btc, candle } from "./samples.ts";

const start = Date.UTC(2026, 0, 31, 12);

describe("a stream of candles whose past cannot be read now", () => {
  it.effect("fails, and does not begin with an old answer that may lack its last windows", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start + 1_000);
      const clock = yield* Clock.Clock;
      const live = { _tag: "Live", market: btc, snapshot: true, channel: "websocket", late: false, receivedTimeMs: start } as const;
      const streams = {
        events: () => Stream.make({ ...live, value: candle(start, { state: "forming" }) }),
        ready: () => Effect.never,
      } as unknown as Streaming;
      const error = new StaleData({
        ...{ kind: "candles", market: btc, confirmedAgeMs: 20_000, maxAgeMs: 100, staleReason: "upstream", simulated: true, lastKnown: [] },
      });
      const old = { value: [candle(start - 120_000)], provenance: { stale: true } };
      const asker = {
        begin: ({ intent }: Question) => (intent.onStale === "serve" ? Effect.succeed(old) : Effect.fail(error)),
      } as unknown as Pick<Asker, "begin">;
      const candles = joinedCandles.make({ asker, config: defaultRouterConfig, clock, streams });
      assert.strictEqual(yield* Effect.flip(Stream.runDrain(candles(btc, "1m", { history: { count: 2 } }))), error);
    }),
  );
});

describe("a stream of candles whose last window before the live one is not closed yet", () => {
  it.effect("asks again for that window, and not for the history before it", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start + 500);
      const clock = yield* Clock.Clock;
      const live = { _tag: "Live", market: btc, snapshot: true, channel: "websocket", late: false, receivedTimeMs: start } as const;
      const streams = {
        events: () => Stream.make({ ...live, value: candle(start, { state: "forming" }) }),
        ready: () => Effect.never,
      } as unknown as Streaming;
      const asked: Array<Question> = [];
      const [first, last] = [candle(start - 120_000), candle(start - 60_000)];
      const asker = {
        begin: (question: Question) => {
          asked.push(question);
          const value = asked.length === 1 ? [first, { ...last, state: "forming" }] : [last];
          return Effect.succeed({ value, provenance: { stale: false } });
        },
      } as unknown as Pick<Asker, "begin">;
      const candles = joinedCandles.make({ asker, config: defaultRouterConfig, clock, streams });
      const fiber = yield* Effect.forkChild(Stream.runCollect(candles(btc, "1m", { history: { count: 2 } })));
      yield* TestClock.adjust("2 seconds");
      const seen = yield* Fiber.join(fiber);
      assert.deepStrictEqual(
        seen.map((element) => ("value" in element ? [element._tag, element.value.openTimeMs, element.value.state] : element._tag)),
        [
          ["Recovered", start - 120_000, "closed"],
          ["Recovered", start - 60_000, "closed"],
          ["Live", start, "forming"],
        ],
      );
      assert.deepStrictEqual(
        asked.map((question) => (question.kind === "candles" ? [question.count, question.fromMs, question.toMs] : [])),
        [
          [2, null, start],
          [null, start - 60_000, start],
        ],
      );
    }),
  );
});
