/**
 * The questions that a flight recording holds, asked again: each at its moment, of the router that replays it. What comes of them is that router's
 * to show: its answers, its mode, its health.
 */
import { MarketData } from "@naru/router/MarketData";
import type { ResolvedIntent } from "@naru/router/domain/Question";
import { Question } from "@naru/router/domain/Question";
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Schema from "effect/Schema";
import type * as Scope from "effect/Scope";
import type { Speed } from "./SocketPlayback.ts";
import type { Tape } from "./Tape.ts";

/** Asks until the tape ends, and goes on when an answer takes longer than the next question. */
export const askAgain = (tape: Tape, speed: Speed = 1): Effect.Effect<void, never, MarketData | Scope.Scope> =>
  Effect.gen(function* () {
    const data = yield* MarketData;
    const clock = yield* Clock.Clock;
    const startNanos = clock.monotonicTimeNanosUnsafe();
    for (const { atNanos, event } of tape.events()) {
      if (event.event !== "ask") continue;
      const question = Option.getOrUndefined(readQuestion(event.question));
      if (question === undefined) continue;
      const waitNanos = speed === "asap" ? 0 : atNanos / speed - Number(clock.monotonicTimeNanosUnsafe() - startNanos);
      yield* waitNanos > 0 ? Effect.sleep(Duration.nanos(BigInt(Math.ceil(waitNanos)))) : Effect.yieldNow;
      yield* Effect.forkScoped(Effect.ignore(asked(data, question)));
    }
  });

const readQuestion = Schema.decodeUnknownOption(Question);

const asked = (data: MarketData["Service"], question: Question): Effect.Effect<unknown, unknown> => {
  const intent = intentOf(question.intent);
  switch (question.kind) {
    case "ticker":
      return data.getTicker(question.market, intent);
    case "orderbook":
      return data.getOrderbook(question.market, { ...intent, levels: question.levels });
    case "trades": {
      const { count, before, fromMs, toMs } = question;
      return data.getTrades(question.market, { ...intent, ...(count !== null && { count }), before, from: fromMs, to: toMs });
    }
    case "candles": {
      const { count, fill, forming, fromMs, interval, toMs } = question;
      const bounds = {
        ...(count === null ? {} : { count }),
        ...(fromMs === null ? {} : { from: fromMs }),
        ...(toMs === null ? {} : { to: toMs }),
      };
      return data.getCandles(question.market, interval, { ...intent, ...bounds, forming, fill });
    }
  }
};

const intentOf = ({ deadlineMs, maxAgeMs, ...rest }: ResolvedIntent) => ({ ...rest, maxAge: maxAgeMs, deadline: deadlineMs });
