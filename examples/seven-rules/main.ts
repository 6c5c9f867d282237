/**
 * Seven rules on three markets for half an hour, in virtual time on the emulated exchange, with a bad line and a change of markets on the way.
 * Put `Upbit.layer` from `@naru/upbit` in the place of `Sim.layerTest(…)`, leave `story` out, and it watches the real exchange; it sends
 * nothing anywhere.
 */
import { Market } from "@naru/router";
import { Sim } from "@naru/sim";
import { Effect, Fiber, Layer, Stream } from "effect";
import { TestClock } from "effect/testing";
import { inputs } from "./inputs.ts";
import { MarketDesk } from "./MarketDesk.ts";
import { makeReport } from "./report.ts";
import { sevenRules } from "./sevenRules.ts";
import { story } from "./story.ts";

const report = makeReport();

/** Trades one market until it is interrupted. */
const follow = (market: Market) =>
  Effect.suspend(() => {
    const desk = new MarketDesk(market, sevenRules);
    report.desks.push(desk);
    return Stream.runForEach(inputs(market), (input) => Effect.sync(() => desk.take(input).forEach(report.say))).pipe(
      Effect.ensuring(Effect.sync(() => report.left(market))),
    );
  });

/** The third place changes hands: on the same socket, and without a hole in the other two. */
const thirdPlace = Effect.andThen(
  Effect.timeoutOption(follow(Market.make("KRW-XRP")), "14 minutes"),
  Effect.timeoutOption(follow(Market.make("KRW-SOL")), "16 minutes"),
);

const trouble = Effect.andThen(story({ surges: "KRW-ETH", crashes: "KRW-BTC" }), Effect.never);
const steady = [follow(Market.make("KRW-BTC")), follow(Market.make("KRW-ETH")), trouble];
const program = Effect.raceFirst(thirdPlace, Effect.all(steady, { concurrency: "unbounded" }));

/** A link that was silent for so long is given up: a second and a half is much for markets in which something happens all the time. */
const config = { pingAfterMs: 400, deadAfterMs: 1_200 };

const run = Effect.gen(function* () {
  const running = yield* Effect.forkChild(program);
  // In small steps, so that what one moment starts is under way in the next.
  yield* Effect.repeat(TestClock.adjust("50 millis"), { while: () => running.pollUnsafe() === undefined });
  yield* Fiber.join(running);
  const { ledger } = yield* Sim.Exchange;
  report.summarise(ledger.connections().length);
});

await Effect.runPromise(Effect.provide(run, Sim.layerTest({ seed: 14, config }).pipe(Layer.provideMerge(TestClock.layer()))));
if (report.holes > 0) process.exitCode = 1;
