/**
 * The consumers of a world: each does what its plan says through the public calls, as an application would, and shows everything it gets to its
 * check. A stream that ends with an error is opened again, as a new consumer with new rights.
 */
import { defaultRouterConfig } from "@naru/router/RouterConfig";
import type { StreamElement } from "@naru/router/domain/StreamElement";
import type { MarketDataError } from "@naru/router/errors/MarketDataError";
import {
  getCandles,
  getOrderbook,
  getTicker,
  getTrades,
  type MarketData,
  streamCandlesEvents,
  streamOrderbookEvents,
  streamTickerEvents,
  streamTradesEvents,
} from "@naru/router/MarketData";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Stream from "effect/Stream";
import { AnswerCheck, type AnyAnswer } from "./checks/AnswerCheck.ts";
import { CandleCheck } from "./checks/CandleCheck.ts";
import { StateCheck } from "./checks/StateCheck.ts";
import { TradeCheck } from "./checks/TradeCheck.ts";
import type { Check, Observer } from "./Observer.ts";
import type { ConsumerPlan } from "./Plan.ts";

/** A call may end this long after its deadline: the way back is not part of it. */
const lateMs = 100;
const reopenAfterMs = 1_000;

/** Runs until the world is over, or the consumer leaves. */
export const consume = (index: number, plan: ConsumerPlan, observer: Observer): Effect.Effect<void, never, MarketData> => {
  const who = `${plan.kind} consumer ${index}`;
  const { truth, findings } = observer;
  const run = Effect.suspend(() => {
    switch (plan.kind) {
      case "trades":
        return follow(
          who,
          plan.pauseMs,
          observer,
          () => streamTradesEvents(plan.markets),
          () => new TradeCheck(who, plan, truth, findings),
        );
      case "ticker":
        return follow(
          who,
          plan.pauseMs,
          observer,
          () => streamTickerEvents(plan.markets),
          () => new StateCheck(who, plan.markets, truth, findings),
        );
      case "orderbook": {
        const open = () => streamOrderbookEvents(plan.markets, { levels: plan.levels });
        return follow(who, 0, observer, open, () => new StateCheck(who, plan.markets, truth, findings));
      }
      case "candles": {
        const open = () => streamCandlesEvents(plan.markets, plan.interval);
        return follow(who, 0, observer, open, () => new CandleCheck(who, plan.markets, truth, findings));
      }
      case "asker":
        return ask(who, plan, observer);
    }
  });
  const stays = Effect.andThen(Effect.sleep(plan.startMs), run);
  return plan.leaveMs === undefined ? stays : Effect.asVoid(Effect.timeoutOption(stays, plan.leaveMs));
};

const follow = <A extends { readonly market: string }>(
  who: string,
  pauseMs: number,
  observer: Observer,
  open: () => Stream.Stream<StreamElement<A>, MarketDataError, MarketData>,
  makeCheck: () => Check & { readonly element: (element: StreamElement<A>) => void },
): Effect.Effect<void, never, MarketData> =>
  Effect.gen(function* () {
    while (true) {
      const exit = yield* Effect.exit(
        Effect.acquireUseRelease(
          Effect.sync(() => {
            const check = makeCheck();
            observer.watch(check);
            return check;
          }),
          (check) =>
            Stream.runForEach(open(), (element) =>
              Effect.suspend(() => {
                observer.element(who, element);
                check.element(element);
                return pauseMs > 0 ? Effect.sleep(pauseMs) : Effect.void;
              }),
            ),
          (check) => Effect.sync(() => observer.unwatch(check)),
        ),
      );
      if (Exit.isFailure(exit)) observer.failed(who, exit.cause);
      yield* Effect.sleep(reopenAfterMs);
    }
  });

const ask = (who: string, plan: Extract<ConsumerPlan, { kind: "asker" }>, observer: Observer): Effect.Effect<void, never, MarketData> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock;
    const check = new AnswerCheck(who, observer.truth, observer.findings);
    const intent = { realtime: plan.realtime, context: plan.context, deadline: plan.deadlineMs };
    const kind = plan.question === "tickers" ? "ticker" : plan.question === "burst" ? "candles" : plan.question;
    const maxAgeMs =
      plan.realtime && (kind === "ticker" || kind === "orderbook")
        ? defaultRouterConfig.maxAgeRealtimeMs
        : defaultRouterConfig.maxAgeMs[kind];
    for (let turn = 0; ; turn++) {
      const market = plan.markets[turn % plan.markets.length] ?? "KRW-BTC";
      const startedMs = clock.currentTimeMillisUnsafe();
      const exit = yield* Effect.exit(question(plan, market, intent));
      const tookMs = clock.currentTimeMillisUnsafe() - startedMs;
      // A list of candles or trades may take several pages with a deadline each; these ask for one.
      if (tookMs > plan.deadlineMs + lateMs)
        observer.findings.report("converges", `${who}: a call with ${plan.deadlineMs} ms took ${tookMs} ms`);
      if (Exit.isFailure(exit)) observer.failed(who, exit.cause);
      else {
        for (const answer of exit.value) {
          observer.answered(who, answer);
          check.answer(
            plan.question === "tickers" ? plan.markets : [market],
            answer,
            observer.exchangeNowMs(),
            maxAgeMs,
            observer.blindMs(),
          );
        }
      }
      yield* Effect.sleep(plan.everyMs);
    }
  });

const question = (
  plan: Extract<ConsumerPlan, { kind: "asker" }>,
  market: string,
  intent: { readonly realtime: boolean; readonly context: "realtime_trading" | "monitoring"; readonly deadline: number },
): Effect.Effect<ReadonlyArray<AnyAnswer>, MarketDataError, MarketData> => {
  switch (plan.question) {
    case "ticker":
      return Effect.map(getTicker(market, intent), (answer) => [answer]);
    case "tickers":
      return Effect.map(getTicker(plan.markets, intent), ({ answers }) => answers);
    case "orderbook":
      return Effect.map(getOrderbook(market, intent), (answer) => [answer]);
    case "trades":
      return Effect.map(getTrades(market, { ...intent, count: 20 }), (answer) => [answer]);
    case "candles":
      return Effect.map(getCandles(market, "1m", { ...intent, count: 5 }), (answer) => [answer]);
    case "burst":
      return burst(market, intent);
  }
};

/** Candle questions of different lengths, which no cache and no batch can answer together. */
const burstSize = 12;

const burst = (
  market: string,
  intent: { readonly deadline: number },
): Effect.Effect<ReadonlyArray<AnyAnswer>, MarketDataError, MarketData> =>
  Effect.forEach(
    Array.from({ length: burstSize }, (_, i) => i + 1),
    (count) => getCandles(market, "3m", { ...intent, count }),
    { concurrency: burstSize },
  );
