import { assert, describe, it } from "@effect/vitest";
import type { MarketData } from "@naru/router/MarketData";
import { Sim } from "@naru/sim";
import { Ledger } from "@naru/sim/Ledger";
import { Effect, Fiber, type Scope } from "effect";
import { TestClock } from "effect/testing";
import { playAll } from "../../src/commands/demo.ts";
import { coalescedBatch } from "../../src/demo/coalescedBatch.ts";
import { cutSockets } from "../../src/demo/cutSockets.ts";
import { firstAnswer } from "../../src/demo/firstAnswer.ts";
import { hotAnswer } from "../../src/demo/hotAnswer.ts";
import { liveStream } from "../../src/demo/liveStream.ts";
import { pagedCandles } from "../../src/demo/pagedCandles.ts";
import { playStep, steps } from "../../src/demo/play.ts";
import { recovery } from "../../src/demo/recovery.ts";
import { makeStage, type Stage } from "../../src/demo/Stage.ts";
import type { Step } from "../../src/demo/Step.ts";
import { held } from "../invoke.ts";

type OnStage<A> = (stage: Stage) => Effect.Effect<A, never, MarketData | Sim.Exchange | Scope.Scope>;

/** On a stage in memory, with as much virtual time as it takes. */
const onStage = <A>(play: OnStage<A>): Effect.Effect<A> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Effect.flatMap(makeStage(5_000), play), { startImmediately: true });
    yield* TestClock.adjust("2 minutes");
    return yield* Fiber.join(fiber);
  }).pipe(Effect.scoped, Effect.provide(Sim.layerTest({ seed: 7 })));

const withoutLedger = (stage: Stage): Stage => ({ ...stage, ledger: new Ledger() });

/** Claims of a step that did not hold. */
const broken = (step: Step, stage: Stage) =>
  Effect.map(playStep(step, stage), ({ holds, outcome }) => {
    const failed = outcome.claims.filter((claim) => !claim.holds).map(({ says }) => says);
    assert.strictEqual(holds, failed.length === 0);
    return failed;
  });

describe("the steps of the demonstration", () => {
  it.effect("all hold, one after another, when nothing is wrong", () =>
    Effect.gen(function* () {
      const played = yield* onStage((stage) => Effect.forEach(steps, (step) => broken(step, stage)));
      assert.deepStrictEqual(
        played,
        Array.from(steps, () => []),
      );
    }),
  );

  it.effect("the first answer does not hold when the exchange saw no request", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* onStage((stage) => broken(firstAnswer, withoutLedger(stage))), [
        "requests the exchange saw: 0, expected 1",
      ]);
    }),
  );

  it.effect("the first answer does not hold when the exchange cannot answer", () =>
    Effect.gen(function* () {
      const failed = yield* onStage((stage) =>
        Effect.andThen(Sim.failRest("/v1/ticker", { status: 500 }, 100), broken(firstAnswer, stage)),
      );
      assert.match(failed.join(), /^failed: /);
    }),
  );

  it.effect("the hot answer does not hold when no socket is let in", () =>
    Effect.gen(function* () {
      const failed = yield* onStage((stage) =>
        Effect.gen(function* () {
          yield* stage.refuseUpgrades(3_600_000);
          yield* stage.cutSockets;
          return yield* broken(hotAnswer, stage);
        }),
      );
      // REST keeps memory warm meanwhile, so the answer needs no request of its own; it says which way it came.
      assert.deepStrictEqual(failed, ["its stream is live", "channel: rest, expected websocket"]);
    }),
  );

  it.effect("the batch does not hold when the callers do not meet", () =>
    Effect.gen(function* () {
      const apart = ({ data }: Stage): MarketData["Service"] => {
        let callers = 0;
        const getTicker = (market: string) => Effect.delay(data.getTicker(market), 100 * callers++);
        // The step asks for single markets only, so the list form is not needed.
        return { ...data, getTicker: getTicker as MarketData["Service"]["getTicker"] };
      };
      const failed = yield* onStage((stage) => broken(coalescedBatch, { ...stage, data: apart(stage) }));
      assert.deepStrictEqual(failed, ["requests the exchange saw: 18, expected 1"]);
    }),
  );

  it.effect("the candles do not hold when a page had to be asked twice", () =>
    Effect.gen(function* () {
      const failed = yield* onStage((stage) => Effect.andThen(Sim.failRest("/v1/candles", { status: 500 }), broken(pagedCandles, stage)));
      assert.deepStrictEqual(failed, ["requests the exchange saw: 6, expected 5"]);
    }),
  );

  it.effect("the stream does not hold when its ids are not those that the exchange sent", () =>
    Effect.gen(function* () {
      const failed = yield* onStage((stage) => broken(liveStream, withoutLedger(stage)));
      assert.strictEqual(failed.length, 1);
      assert.match(failed[0] ?? "", /^received but not in the exchange's ledger: [1-9]\d*, expected 0$/);
    }),
  );

  it.effect("the cut does not hold when nothing was cut", () =>
    Effect.gen(function* () {
      const failed = yield* onStage((stage) => broken(cutSockets, { ...stage, cutSockets: Effect.void }));
      assert.include(failed, "the stream was live, and said that it was interrupted");
      assert.include(failed, "sockets open at the exchange: 1, expected 0");
    }),
  );

  it.effect("the recovery does not hold when the exchange stays shut", () =>
    Effect.gen(function* () {
      const failed = yield* onStage((stage) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* broken(cutSockets, stage), []);
          return yield* broken(recovery, { ...stage, refuseUpgrades: () => Effect.void });
        }),
      );
      // Trades and tickers go on over REST all the same; what stays away is the live link.
      assert.deepStrictEqual(failed, [
        "there was an interruption, and the stream said that it resumed",
        "channel: rest, expected websocket",
      ]);
    }),
  );

  it.effect("one that does not hold is marked, and makes the exit code 1", () =>
    Effect.gen(function* () {
      const { exitCode, out } = yield* onStage((stage) => held(playAll({ json: false }, withoutLedger(stage))));
      assert.strictEqual(exitCode, 1);
      assert.isTrue(
        out.some((line) => line.startsWith("✗ 1  A first answer")),
        out.join("\n"),
      );
      assert.match(out.at(-1) ?? "", /^[0-6] of 7 steps hold/);
    }),
  );
});
