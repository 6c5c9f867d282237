/**
 * The last look before an order: `guard` lets a quote through only while it is fresh, two-sided and narrow enough, and says why not otherwise. Here
 * the exchange falls silent in the middle, with sockets that stay open and REST that fails, and later sends crossed books. In virtual time, so it
 * prints the same every time.
 */
import { guard } from "@naru/router";
import { Sim } from "@naru/sim";
import { Effect, Layer, Logger } from "effect";
import { TestClock } from "effect/testing";

/** Orders are only sent on this. `allowSimulated` is for the emulated exchange: without it a made-up price never passes. */
const rules = { maxConfirmedAgeMs: 500, maxSpreadPercent: 0.5, modes: ["normal", "degraded"], allowSimulated: true } as const;

const buy = (market: string) =>
  guard(market, rules).pipe(
    Effect.map((quote) => `buy at ${quote.ask.price}, confirmed within ${rules.maxConfirmedAgeMs} ms`),
    Effect.catchTag("TradeRefused", (refused) => Effect.succeed(`no order: ${refused.reason._tag}`)),
  );

/** A second of the story: an order is wanted at its beginning. */
const second = (at: number) =>
  Effect.gen(function* () {
    yield* Effect.forkChild(Effect.flatMap(buy("KRW-BTC"), (line) => Effect.sync(() => console.log(`${at} s  ${line}`))));
    yield* TestClock.adjust("1 second");
  });

const story = Effect.gen(function* () {
  yield* second(0);
  yield* second(1);
  yield* Sim.fault({ verb: "zombie", forMs: 3_000 });
  yield* Sim.fault({ verb: "server-error", path: "/v1/ticker", forMs: 3_000 });
  yield* Sim.fault({ verb: "server-error", path: "/v1/orderbook", forMs: 3_000 });
  for (const at of [2, 3, 4]) yield* second(at);
  yield* TestClock.adjust("10 seconds");
  yield* second(15);
  yield* Sim.fault({ verb: "crossed-book", forMs: 2_000 });
  yield* TestClock.adjust("1 second");
  yield* second(17);
  yield* TestClock.adjust("2 seconds");
  yield* second(20);
});

// What the client has to say of itself is not part of the story.
const layer = Sim.layerTest({ seed: 1 }).pipe(Layer.provideMerge(Layer.merge(TestClock.layer(), Logger.layer([]))));
await Effect.runPromise(Effect.provide(story, layer));
