/** Bars of many markets over the emulated exchange, in virtual time: told at the boundary, true to the exchange's own trades, whatever happens. */
import { assert, describe, it } from "@effect/vitest";
import type { BarMarkets } from "@naru/router/domain/Bar";
import { streamBarsEvents } from "@naru/router/MarketData";
import type { RouterConfigShape } from "@naru/router/RouterConfig";
import { Exchange, Sim } from "@naru/sim";
import { Clock, Effect, Stream } from "effect";
import { TestClock } from "effect/testing";
import { BarCheck } from "../src/bars/BarCheck.ts";
import { Truth } from "../src/world/Truth.ts";

const markets = ["KRW-BTC", "KRW-ETH", "KRW-XRP", "KRW-ZIL", "KRW-SAND"];

const follow = (wanted: BarMarkets, interval: string) =>
  Effect.gen(function* () {
    const exchange = yield* Exchange;
    const clock = yield* Clock.Clock;
    const check = new BarCheck(new Truth(exchange), () => clock.currentTimeMillisUnsafe());
    yield* Effect.forkScoped(
      Stream.runForEach(streamBarsEvents(wanted, interval), (element) => Effect.sync(() => check.take(element))),
      { startImmediately: true },
    );
    return check;
  });

describe("bars of some markets", () => {
  it.effect("explore", () =>
    Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      const check = yield* follow({ markets }, "1m");
      yield* TestClock.adjust("5 minutes");
      console.log(check.bars.map((b) => [new Date(b.openTimeMs).toISOString(), b.candles.length, b.empty, b.unproved, b.delayMs]));
      console.log(check.delaysMs, check.corrections.length, check.others, check.faults, check.untrue, check.unsettled());
      console.log(ledger.requests().map(({ target }) => target));
      yield* Sim.cutSockets;
      yield* TestClock.adjust("5 minutes");
      console.log(check.bars.slice(4).map((b) => [new Date(b.openTimeMs).toISOString(), b.candles.length, b.empty, b.unproved, b.delayMs]));
      console.log(check.delaysMs, check.corrections, check.others, check.faults, check.untrue, check.unsettled());
    }).pipe(Effect.scoped, Effect.provide(Sim.layerTest({ seed: 5 }))),
  );
});
