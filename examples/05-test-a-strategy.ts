/**
 * A trailing stop tested in virtual time: the test says what the market does, and an hour passes in a moment. In your own tests this is the
 * body of an `it.effect` from `@effect/vitest`.
 */
import { streamTrades } from "@naru/router";
import { Sim } from "@naru/sim";
import { Effect, Fiber, Layer, Stream } from "effect";
import { TestClock } from "effect/testing";

/** The price at which a stop, trailing the highest price by `percent`, sells. */
const trailingStop = (market: string, percent: number) =>
  streamTrades(market).pipe(
    Stream.scan(
      () => ({ high: 0, price: 0 }),
      ({ high }, trade) => ({ high: Math.max(high, trade.price.number), price: trade.price.number }),
    ),
    Stream.filter(({ high, price }) => high > 0 && price <= high * (1 - percent / 100)),
    Stream.map(({ price }) => price),
    Stream.runHead,
  );

const test = Effect.gen(function* () {
  // The market stands still but for what the test says; its last trade is where the story begins.
  yield* Sim.halt;
  yield* Sim.trade("KRW-BTC", { price: 100_000_000 });
  const strategy = yield* Effect.forkChild(trailingStop("KRW-BTC", 5));
  yield* TestClock.adjust("2 seconds");
  yield* Sim.path("KRW-BTC", [104_000_000, 110_000_000, 108_000_000, 104_000_000, 90_000_000], { every: "10 minutes" });
  yield* TestClock.adjust("1 hour");
  return yield* Fiber.join(strategy);
});

const layer = Sim.layerTest({ seed: 1 }).pipe(Layer.provideMerge(TestClock.layer()));
const sold = await Effect.runPromise(Effect.provide(test, layer));
console.log(sold._tag === "Some" ? `sold at ${sold.value}` : "never sold");
if (sold._tag !== "Some" || sold.value !== 104_000_000) process.exitCode = 1;
