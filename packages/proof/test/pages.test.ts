/** A long candle history over the emulated exchange: as fast as the limit lets it be, and in no more requests than it takes. */
import { assert, describe, it } from "@effect/vitest";
import type { CandlesOptions } from "@naru/router/ask";
import { getCandles } from "@naru/router/MarketData";
import { Exchange, Sim } from "@naru/sim";
import { Clock, Effect, Fiber, Layer } from "effect";
import { TestClock } from "effect/testing";

const minute = 60_000;
const origin = Date.UTC(2026, 0, 5, 3);

const scene = (restLatencyMs: number, rates: Readonly<Record<string, number>> = {}) =>
  Layer.fresh(
    Sim.layerTest({
      seed: 7,
      network: { restLatencyMs },
      markets: { rates },
      config: { candleAuditEveryMs: 0, tickerAuditEveryMs: 0, auditEveryMs: 0 },
    }),
  );

const ask = (market: string, interval: string, options: CandlesOptions) =>
  Effect.gen(function* () {
    const started = yield* Clock.currentTimeMillis;
    const fiber = yield* Effect.forkChild(getCandles(market, interval, options), { startImmediately: true });
    while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("50 millis");
    const { value } = yield* Fiber.join(fiber);
    return { value, tookMs: (yield* Clock.currentTimeMillis) - started };
  });

const requests = Effect.map(Exchange, ({ ledger }) => ledger.requests().filter(({ target }) => target.includes("/candles/")).length);

describe("x", () => {
  it.effect("100k", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("1 minute");
      const t = performance.now();
      const { value, tookMs } = yield* ask("KRW-BTC", "1m", { from: origin - 100_000 * minute, to: origin });
      console.log(value.length, tookMs, yield* requests, performance.now() - t);
    }).pipe(Effect.provide(scene(200))),
    120_000,
  );
});
