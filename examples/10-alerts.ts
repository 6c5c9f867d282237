/** What a person is told when the exchange fails, and when it is over. In virtual time; the sink of a real app is one of `AlertTargets`, or its own. */
import { type AlertSink, AlertSinks, alertText, getTicker } from "@naru/router";
import { Sim } from "@naru/sim";
import { Effect, Layer, Logger } from "effect";
import { TestClock } from "effect/testing";

const pager: AlertSink = {
  name: "pager",
  // A pager need not be told everything.
  send: (alert) => (alert.rule === "success_rate" ? Effect.sync(() => console.log(alertText(alert))) : Effect.void),
};

/** A question every five seconds. */
const askFor = (minutes: number) =>
  Effect.repeat(
    Effect.andThen(Effect.forkChild(Effect.exit(getTicker("KRW-BTC", { strategy: "rest_only" }))), TestClock.adjust("5 seconds")),
    { times: minutes * 12 - 1 },
  );

const story = Effect.gen(function* () {
  yield* askFor(3);
  yield* Sim.fault({ verb: "server-error", forMs: 60_000 });
  yield* askFor(10);
});

const router = Sim.layerTest({ seed: 1 }).pipe(Layer.provide(Layer.succeed(AlertSinks, [pager])));
await Effect.runPromise(Effect.provide(story, router.pipe(Layer.provideMerge(Layer.merge(TestClock.layer(), Logger.layer([]))))));
