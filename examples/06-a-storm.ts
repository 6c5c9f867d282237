/**
 * The same kind of test with a storm in it: the price dips for one trade, at the very moment when the sockets are cut, new ones are refused and
 * REST is failing. A strategy that misses the dip fails this test. Afterwards the exchange's own ledger is asked what happened.
 */
import { streamTrades } from "@naru/router";
import { Sim } from "@naru/sim";
import { Effect, Fiber, Layer, Option, Stream } from "effect";
import { TestClock } from "effect/testing";

/** The first trade at or below `limit`. */
const buyTheDip = (market: string, limit: number) =>
  streamTrades(market).pipe(
    Stream.filter(({ price }) => price.number <= limit),
    Stream.runHead,
  );

/** Twenty seconds without sockets; the first two questions after them fail. */
const storm = Effect.gen(function* () {
  yield* Sim.fault({ verb: "cut", times: 1 });
  yield* Sim.fault({ verb: "refuse-upgrade", status: 503, forMs: 20_000 });
  yield* Sim.fault({ verb: "server-error", path: "/v1/trades", times: 2 });
});

const test = Effect.gen(function* () {
  yield* Sim.halt;
  yield* Sim.trade("KRW-BTC", { price: 100_000_000 });
  const strategy = yield* Effect.forkChild(buyTheDip("KRW-BTC", 90_000_000));
  yield* TestClock.adjust("10 seconds");

  yield* storm;
  yield* Sim.path("KRW-BTC", [95_000_000, 89_000_000, 99_000_000], { every: "1 second" });
  yield* TestClock.adjust("1 minute");

  const bought = yield* Fiber.join(strategy);
  const { ledger } = yield* Sim.Exchange;
  return {
    price: Option.getOrUndefined(bought)?.price.number,
    sockets: ledger.connections().length,
    refused: ledger.faultCount("refuse-upgrade"),
    failed: ledger.faultCount("server-error"),
    tooFast: ledger.rejected,
  };
});

const layer = Sim.layerTest({ seed: 1 }).pipe(Layer.provideMerge(TestClock.layer()));
const seen = await Effect.runPromise(Effect.provide(test, layer));
console.log(`bought at ${seen.price}: the dip of the outage was read back over REST`);
console.log(
  `the exchange let in ${seen.sockets} sockets, refused ${seen.refused}, failed ${seen.failed} requests, was asked too fast ${seen.tooFast} times`,
);
if (seen.price !== 89_000_000 || seen.refused === 0 || seen.failed !== 2 || seen.tooFast > 0) process.exitCode = 1;
